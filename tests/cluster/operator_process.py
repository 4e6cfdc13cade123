"""`ebbtide run` as a process of its own: with the flags of its pod, as the account of its pod."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster.plane import Plane
from tests.cluster.server_process import free_ports
from tests.deploy.rendering import kustomized, only
from tests.integration.prometheus_server import PrometheusServer

HOME = "ebbtide"
TICK = 1.0
REQUEST_TIMEOUT = 2.0
_QUICK = [
    f"--tick={TICK:g}",
    f"--request-timeout={REQUEST_TIMEOUT:g}",
    "--lease-duration=10",
    f"--home={HOME}",
]
_REFUSED = re.compile(r"may not|forbidden|\(403\)", re.IGNORECASE)
_OF_ANOTHER_TEST = "because it is being terminated"
"""A namespace that goes takes nothing new, whatever the rights."""


class Operator:
    """A running `ebbtide run`, and what it said."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self._process, self._log, self._port = process, log, port

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def refusals(self) -> list[str]:
        """Return the lines that tell of a right that is missing."""
        lines = self.log.splitlines()
        return [line for line in lines if _REFUSED.search(line) and _OF_ANOTHER_TEST not in line]

    @property
    def health(self) -> str:
        assert self._process.poll() is None, self.log
        url = f"http://127.0.0.1:{self._port}/healthz"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())

    def ask_to_end(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit code and how long it took."""
        asked = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(120), time.monotonic() - asked


@contextmanager
def operator(
    plane: Plane, profile: str, prometheus: PrometheusServer, folder: Path
) -> Iterator[Operator]:
    """Run the operator as its own account, with the flags of its pod."""
    (container,) = only("Deployment", kustomized(profile))["spec"]["template"]["spec"]["containers"]
    config = folder / "sources.yaml"
    config.write_text(yaml.safe_dump({"sources": {"default": {"url": prometheus.url}}}))
    flags = [flag for flag in container["args"] if not flag.startswith("--config=")]
    assert len(flags) == len(container["args"]) - 1
    port = free_ports(1)[0]
    kubeconfig = plane.kubeconfig_for("ebbtide", HOME)
    where = [f"--config={config}", f"--kubeconfig={kubeconfig}", f"--listen=127.0.0.1:{port}"]
    command = [sys.executable, "-m", "ebbtide.cli", *flags, *where, *_QUICK]
    log = folder / "operator.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield Operator(process, log, port)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()

"""A real Prometheus on loopback for a test: filled with history, fed live, stopped and started.

server = PrometheusServer(folder)
server.backfill([Series("live_viewers", {"app": "edge"}, samples)])   # while it is stopped
server.start()
server.push([Series("live_viewers", {"app": "edge"}, [(now, 812.0)])])  # while it runs
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.cluster.server_process import ServerProcess, free_ports
from tests.integration.remote_write import Series, write_request

MISSING = "no prometheus: apt-get install prometheus"
OUT_OF_ORDER = "60d"
"""How far behind the newest sample of a series a pushed one may be."""


def require_prometheus() -> None:
    """Skip the test without the programs; fail it where they are said to be there."""
    if shutil.which("prometheus") and shutil.which("promtool"):
        return
    if os.environ.get("EBBTIDE_REQUIRE_PROMETHEUS") == "1":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


class PrometheusServer:
    """One Prometheus with a data folder and a port of its own, which survive a restart."""

    def __init__(
        self,
        folder: Path,
        *,
        targets: Mapping[str, Sequence[str]] | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        """Scrape `targets` (`host:port` by job) every second; without any, scrape nothing."""
        self._data = folder / "data"
        self._folder = folder
        address = f"127.0.0.1:{free_ports(1)[0]}"
        self.url = f"http://{address}"
        config = folder / "prometheus.yml"
        config.write_text(json.dumps(_config(targets or {})))
        self.process = ServerProcess(
            [
                shutil.which("prometheus") or "prometheus",
                f"--config.file={config}",
                f"--web.listen-address={address}",
                f"--storage.tsdb.path={self._data}",
                "--storage.tsdb.retention.time=10y",
                "--web.enable-remote-write-receiver",
                *flags,
            ],
            folder,
        )

    def start(self, patience: float = 90.0) -> None:
        """Start it, and wait until it answers queries."""
        self.process.start()
        deadline = time.monotonic() + patience
        while not self._ready():
            self.process.check()
            if time.monotonic() > deadline:
                pytest.fail(f"prometheus is not ready after {patience:g} s:\n{self.process.tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; what it knows stays for the next start."""
        self.process.stop()

    def pause(self) -> None:
        """Freeze it: connections stay open, and nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.process.resume()

    def push(self, series: Iterable[Series]) -> None:
        """Write samples of any recent time, as an agent would.

        Raises:
            OSError: it does not run, or it is about to start or to end.

        """
        request = urllib.request.Request(
            f"{self.url}/api/v1/write",
            data=write_request(series),
            headers={
                "Content-Encoding": "snappy",
                "Content-Type": "application/x-protobuf",
                "X-Prometheus-Remote-Write-Version": "0.1.0",
            },
        )
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode()
            if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise ConnectionError(f"prometheus takes no samples now: {said}") from error
            pytest.fail(f"prometheus refused the samples: {said}")

    def backfill(self, series: Iterable[Series]) -> None:
        """Put history into its data folder, as an operator would; only while it is stopped."""
        source = self._folder / "history.om"
        source.write_text(open_metrics(series))
        # In large blocks, as they are compacted to later: hundreds of small ones take long.
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=1000h"]
        command += ["openmetrics", "--quiet"]
        subprocess.run([*command, source, self._data], check=True, capture_output=True, timeout=600)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def open_metrics(series: Iterable[Series]) -> str:
    """Write series as OpenMetrics text; those of one name have to follow one another."""
    lines: list[str] = []
    name = None
    for each in series:
        if each.name != name:
            name = each.name
            lines.append(f"# TYPE {name} gauge")
        labels = ",".join(f'{k}="{_escaped(v)}"' for k, v in each.labels.items())
        lines += (f"{name}{{{labels}}} {value!r} {at:.3f}" for at, value in each.samples)
    return "\n".join([*lines, "# EOF", ""])


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _config(targets: Mapping[str, Sequence[str]]) -> object:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "storage": {"tsdb": {"out_of_order_time_window": OUT_OF_ORDER}},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": list(each)}]}
            for job, each in targets.items()
        ],
    }

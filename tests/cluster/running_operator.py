"""Runs `ebbtide run` beside the tests, as a process of its own that may be killed at any moment."""

import json
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.cluster.plane import A_MINUTE, Plane
from tests.cluster.server_process import ServerProcess

TICK = 1.0
LEASE_SECONDS = 6
REQUEST_TIMEOUT = 1.5
LOOK = TICK + REQUEST_TIMEOUT
"""The longest from one look of an operator at the Lease to its next."""
_SLOW = re.compile("a tick took longer|did not answer in time")
_ENVIRONMENT = ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Operator:
    """One operator with a log of its own. `with Operator(...) as operator:` starts and ends it.

    Start it in a thread that lives as long as it does: it ends with that thread.
    """

    def __init__(
        self,
        plane: Plane,
        home: str,
        sources: Mapping[str, str],
        *,
        kubeconfig: Path | None = None,
        record: Path | None = None,
    ) -> None:
        """Look after one namespace, with the metrics sources `name: url`, by a Lease in it."""
        self.name = f"operator-{secrets.token_hex(3)}"
        folder = plane.folder / self.name
        folder.mkdir()
        config = folder / "config.yaml"
        config.write_text(json.dumps({"sources": {k: {"url": v} for k, v in sources.items()}}))
        command = [
            *(sys.executable, "-m", "ebbtide.cli", "run"),
            *(f"--config={config}", f"--kubeconfig={kubeconfig or plane.kubeconfig}"),
            *(f"--home={home}", f"--namespace={home}"),
            *(
                f"--tick={TICK}",
                f"--lease-duration={LEASE_SECONDS}",
                f"--request-timeout={REQUEST_TIMEOUT}",
            ),
            *("--listen=", "--log-format=json"),
            *([f"--record={record}"] if record else []),
        ]
        known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        known |= {"PYTHONPATH": os.pathsep.join(sys.path), "HOSTNAME": self.name}
        # `env` becomes the operator: one process, one id.
        settings = [f"{name}={value}" for name, value in known.items()]
        self.process = ServerProcess(["/usr/bin/env", *settings, *command], folder)

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and wait until it has."""
        self.process.stop()

    def kill(self) -> None:
        """End it without a word (SIGKILL)."""
        self.process.kill()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every line that it has logged so far."""
        if not self.process.log.exists():
            return []
        lines = self.process.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def said(self, words: str) -> list[dict[str, Any]]:
        """The lines whose sentence holds these words."""
        return [line for line in self.log if words in str(line["message"])]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """All that it says to be wrong, but that the machine is slow."""
        loud = [line for line in self.log if line["level"] != "info"]
        return [line for line in loud if not _SLOW.search(str(line["message"]))]

    @property
    def stack_traces(self) -> list[str]:
        """What it says of errors that it did not expect; none is good."""
        text = self.process.log.read_text(errors="replace") if self.process.log.exists() else ""
        return [line for line in text.splitlines() if "Traceback" in line]


@contextmanager
def home_of(plane: Plane, name: str) -> Iterator[str]:
    """Make a namespace: a home for an operator and what it looks after; gone without waiting."""
    called = f"{name}-{secrets.token_hex(3)}"
    plane.kubectl("create", "namespace", called)
    try:
        # Admission refuses pods until the controller manager has made this account.
        plane.kubectl("wait", "--for=create", A_MINUTE, "serviceaccount/default", f"-n={called}")
        yield called
    finally:
        plane.kubectl("delete", "namespace", called, "--wait=false")


def status_of(plane: Plane, namespace: str, name: str) -> dict[str, Any]:
    """The status of a CapacityPolicy; empty before there is one."""
    found: dict[str, Any] = plane.get("capacitypolicy", name, namespace=namespace)
    status: dict[str, Any] = found.get("status") or {}
    return status


def condition(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One condition of a status; empty where it is not there."""
    found: list[dict[str, Any]] = status.get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


def events_of(plane: Plane, namespace: str, name: str) -> list[dict[str, Any]]:
    """What was announced of a CapacityPolicy."""
    events = plane.items("events.events.k8s.io", namespace=namespace)
    ours = [each for each in events if each["regarding"].get("kind") == "CapacityPolicy"]
    return [each for each in ours if each["regarding"]["name"] == name]

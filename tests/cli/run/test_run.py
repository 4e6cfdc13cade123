"""`ebbtide run`: what it refuses before it begins, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.http_api import HttpApi
from tests.cli.conftest import Ebbtide

LEASE = "/apis/coordination.k8s.io/v1/namespaces/ebbtide/leases/ebbtide"
SOURCE = "http://127.0.0.1:9"
NOWHERE = ["--prometheus", SOURCE, "--kubeconfig", "nowhere"]


@pytest.fixture
def kubeconfig(api: HttpApi, tmp_path: Path) -> str:
    return f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"


@contextmanager
def operator(
    kubeconfig: str, home: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run an operator in a process of its own, which does not outlive the test."""
    command = [sys.executable, "-m", "ebbtide.cli", "run", "--prometheus", SOURCE, kubeconfig]
    with subprocess.Popen(
        [*command, "--tick=1s", "--request-timeout=2s", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=os.environ | (env or {}),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param([], "either --config FILE or --prometheus URL", id="no-source"),
        pytest.param(
            ["--prometheus", SOURCE, "--config", "sources.yaml"],
            "either --config FILE or --prometheus URL",
            id="two-sources",
        ),
        pytest.param(
            ["--prometheus", "there"], "--prometheus there: write an address", id="no-address"
        ),
        pytest.param(["--config", "nowhere.yaml"], "nowhere.yaml: No such file", id="no-file"),
        pytest.param(["--config", "sources.yaml"], "sources.yaml:2: ", id="wrong-source"),
        pytest.param([*NOWHERE, "--tick", "soon"], "--tick: 'soon' is not a", id="wrong-tick"),
        pytest.param([*NOWHERE, "--tick", "0"], "--tick 0: write at least 1s", id="no-tick"),
        pytest.param(NOWHERE, "no way to the API server: name a kubeconfig", id="no-cluster"),
    ],
)
def test_what_can_not_work_is_refused_before_it_begins(
    ebbtide: Ebbtide, tmp_path: Path, arguments: list[str], why: str
) -> None:
    (tmp_path / "sources.yaml").write_text("sources:\n  default: {address: 'http://there'}\n")
    told = ebbtide("run", *arguments)
    assert (told.code, told.out) == (3, "")
    assert told.err.startswith("ebbtide: ")
    assert why in told.err


@pytest.mark.parametrize("tick", ["60", "60s", "1m"])
def test_a_lease_that_can_not_be_kept_is_refused_with_its_reckoning(
    ebbtide: Ebbtide, kubeconfig: str, tick: str
) -> None:
    told = ebbtide("run", "--prometheus", SOURCE, kubeconfig, "--tick", tick)
    assert told.code == 3
    assert told.err.startswith(
        "ebbtide: a lease of 60 s is too short: tick (60 s) + twice the request timeout (13 s)"
    )


def test_a_taken_port_is_refused_before_anything_is_asked(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = ebbtide("run", "--prometheus", SOURCE, kubeconfig, "--listen", address)
    assert told.code == 3
    assert f"--listen '{address}' can't be used" in told.err
    assert api.calls == []


def test_a_mode_that_is_none_is_wrong_usage(ebbtide: Ebbtide) -> None:
    assert ebbtide("run", *NOWHERE, "--max-mode", "Rehearse").code == 2


def test_it_follows_the_holder_of_the_lease_and_ends_when_told(
    api: HttpApi, kubeconfig: str, tmp_path: Path
) -> None:
    spec = {"holderIdentity": "another", "leaseDurationSeconds": 60}
    metadata = {"name": "ebbtide", "namespace": "ebbtide", "resourceVersion": "1"}
    api.on("GET", LEASE, {"metadata": metadata, "spec": spec})
    options = ["--listen=127.0.0.1:0", "--max-mode=dryrun"]
    outside = {"KUBERNETES_SERVICE_HOST": ""}
    with operator(kubeconfig, tmp_path, *options, env=outside) as running:
        deadline = time.monotonic() + 300
        while not api.calls and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=300)
    assert running.returncode == 0, told
    assert {call.path for call in api.calls} == {LEASE}
    assert api.writes() == []


def test_a_lease_that_may_not_be_kept_is_said_as_json(kubeconfig: str, tmp_path: Path) -> None:
    with operator(kubeconfig, tmp_path, "--listen=") as running:
        assert running.stderr
        told: dict[str, Any] = json.loads(running.stderr.readline())
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=300)
    assert running.returncode == 0
    assert (told["level"], told["held"]) == ("warning", False)
    assert told["message"].startswith("lease not renewed: ")

"""A cluster as its administrator sees it, for a test: ask it, change it, wait for it."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from tests.cluster.audit_log import AuditLog
from tests.cluster.control_plane import ControlPlane
from tests.cluster.credentials import write_kubeconfig

Answer = TypeVar("Answer")

PATIENCE = 3
"""How many times as long as on an idle machine a thing may take on a busy one."""
A_MINUTE = f"--timeout={PATIENCE * 60}s"
"""What kubectl is told to wait for a thing that an idle machine does in a minute."""


class KubectlError(RuntimeError):
    """kubectl was refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One cluster: kubectl, an administrator's kubeconfig, and its programs where they are ours."""

    kubectl_path: Path
    kubeconfig: Path
    folder: Path
    own: ControlPlane | None = None

    def kubectl(
        self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None
    ) -> str:
        """Run kubectl as the administrator, or as whom another kubeconfig names."""
        command = [
            str(self.kubectl_path),
            f"--kubeconfig={kubeconfig or self.kubeconfig}",
            f"--cache-dir={self.folder / 'kubectl-cache'}",
            *arguments,
        ]
        done = subprocess.run(
            command, input=stdin or "", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, manifest: Mapping[str, Any] | str, *, namespace: str | None = None) -> None:
        """Apply a manifest, or YAML text, server-side as the field manager `test`."""
        text = manifest if isinstance(manifest, str) else yaml.safe_dump(dict(manifest))
        self.kubectl(
            "apply", "--server-side", "--field-manager=test", "-f-", *_in(namespace), stdin=text
        )

    def define(self, *definitions: str) -> None:
        """Apply CustomResourceDefinitions, and wait until whoever asks is told of their kinds.

        That is a while after they are established: until then kubectl knows no such kind.
        """
        self.apply("---\n".join(definitions))
        names = [yaml.safe_load(text)["metadata"]["name"] for text in definitions]
        crds = [f"crd/{name}" for name in names]
        self.kubectl("wait", "--for=condition=Established", A_MINUTE, *crds)
        ask = ("api-resources", "--cached=false", "--output=name")

        def told_of_all() -> bool:
            try:
                return set(names) <= set(self.kubectl(*ask).split())
            except KubectlError:  # of another API, which does not answer yet
                return False

        self.wait(told_of_all, 60, f"kubectl is told of {' '.join(names)}")

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, Any]:
        """Return one object as the API server has it."""
        text = self.kubectl("get", kind, name, "--output=json", *_in(namespace))
        found: dict[str, Any] = json.loads(text)
        return found

    def items(
        self, kind: str, *, namespace: str | None = None, selector: str = ""
    ) -> list[dict[str, Any]]:
        """Return the objects of a kind that a label selector names."""
        text = self.kubectl("get", kind, f"--selector={selector}", "--output=json", *_in(namespace))
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return found

    def wait(
        self, condition: Callable[[], Answer], timeout: float, why: str, *, every: float = 0.1
    ) -> Answer:
        """Return the first truthy answer of `condition`; fail the test when none comes in time.

        `timeout` is what a machine with nothing else to do would need; a busy one has `PATIENCE`
        times that.
        """
        deadline = time.monotonic() + PATIENCE * timeout
        while True:
            answer = condition()
            if answer:
                return answer
            if self.own is not None:
                self.own.check()
            if time.monotonic() > deadline:
                pytest.fail(
                    f"waited {PATIENCE * timeout:g} s in vain: {why} (the last answer: {answer!r})"
                )
            time.sleep(every)

    def kubeconfig_for(self, service_account: str, namespace: str) -> Path:
        """Write a kubeconfig with a token of that service account, valid for an hour."""
        token = self.kubectl("create", "token", service_account, "--duration=1h", *_in(namespace))
        view = self.kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json")
        path = self.folder / f"{namespace}.{service_account}.kubeconfig"
        write_kubeconfig(path, json.loads(view)["clusters"][0]["cluster"], token.strip())
        return path

    def audit(self, namespace: str) -> AuditLog:
        """The API server's own record of what it was asked in a namespace."""
        return AuditLog(self._ours().layout.audit_log, namespace)

    def restart_apiserver(self, *, crash: bool = False) -> None:
        """End the API server, killed when `crash`, and bring it back on the same data."""
        self._ours().restart_apiserver(crash=crash)

    @contextmanager
    def paused(self, program: str) -> Iterator[None]:
        """Freeze a program, such as kube-apiserver, for the length of a `with` block."""
        server = self._ours().server(program)
        server.pause()
        try:
            yield
        finally:
            server.resume()

    def _ours(self) -> ControlPlane:
        if self.own is None:
            pytest.skip("needs a control plane of its own, not a cluster by KUBECONFIG")
        return self.own


def _in(namespace: str | None) -> tuple[str, ...]:
    return () if namespace is None else (f"--namespace={namespace}",)

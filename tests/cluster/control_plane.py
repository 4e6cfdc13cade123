"""Starts a control plane of one's own on loopback: etcd, the Kubernetes servers and fake nodes."""

import os
import subprocess
import time
from pathlib import Path

from tests.cluster.credentials import write_credentials
from tests.cluster.layout import BINARIES, Layout
from tests.cluster.server_process import ServerDied, ServerProcess, free_ports

START_TIMEOUT = 90.0
_BUILD = Path(__file__).with_name("controlplane") / "build.sh"


def find_assets() -> Path | None:
    """Return the folder of the binaries: KUBEBUILDER_ASSETS, else the one that build.sh fills."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if named and _complete(Path(named)):
        return Path(named).resolve()  # the programs run in a folder of their own
    printed = subprocess.run(
        ["bash", str(_BUILD), "--print"], capture_output=True, text=True, check=True
    )
    built = Path(printed.stdout.strip())
    return built if _complete(built) else None


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in BINARIES)


class ControlPlane:
    """The programs of one cluster in one folder, started in order and ended in reverse."""

    def __init__(self, assets: Path, folder: Path) -> None:
        self.layout = Layout(assets, folder, *free_ports(3))
        started = [ServerProcess(command, folder) for command in self.layout.commands()]
        self._servers = {server.name: server for server in started}

    def server(self, name: str) -> ServerProcess:
        """Return one of the programs by its name, such as kube-apiserver."""
        return self._servers[name]

    def start(self) -> None:
        """Start everything; return when the API server is ready and the others run."""
        write_credentials(self.layout)
        try:
            self._servers["etcd"].start()
            self._servers["kube-apiserver"].start()
            self.wait_until_ready()
            for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
                self._servers[name].start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; the folder with the logs stays."""
        for server in reversed(self._servers.values()):
            server.stop()

    def check(self) -> None:
        """Raise with the end of a log when one of the programs no longer runs."""
        for server in self._servers.values():
            server.check()

    def restart_apiserver(self, *, crash: bool = False) -> None:
        """End the API server, killed when `crash`, and start it on the same port and data."""
        server = self._servers["kube-apiserver"]
        if crash:
            server.kill()
        else:
            server.stop()
        server.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait for the API server's own word that it serves."""
        server = self._servers["kube-apiserver"]
        deadline = time.monotonic() + START_TIMEOUT
        while not self._says_ready():
            self._servers["etcd"].check()
            server.check()
            if time.monotonic() > deadline:
                raise ServerDied(
                    f"kube-apiserver is not ready after {START_TIMEOUT:.0f} s; the end of its "
                    f"log:\n{server.tail()}"
                )
            time.sleep(0.1)

    def _says_ready(self) -> bool:
        if not self.layout.serving_pair[0].exists():
            return False
        command = [
            str(self.layout.kubectl),
            f"--kubeconfig={self.layout.kubeconfig('admin')}",
            "--request-timeout=5s",
            "get",
            "--raw=/readyz",
        ]
        return subprocess.run(command, capture_output=True, check=False).stdout == b"ok"

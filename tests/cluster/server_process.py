"""Runs one server program beside the tests and ends it by its process id, whatever happened."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path


class ServerDied(RuntimeError):
    """A server program ended, or never came up; the message carries the end of its log."""


class ServerProcess:
    """One server program: start, stop, freeze, and the tail of what it said."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.name = Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        self._command = tuple(command)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches the tests alone.

        Call it from the main thread: the program ends with the thread that started it.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_dies_with_parent(), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env={"PATH": os.defpath, "HOME": str(self._folder)},
                start_new_session=True,
            )

    def stop(self, grace: float = 60.0) -> None:
        """Ask the program to end; kill it when it does not within `grace` seconds."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the program without a word, as a crash of its node would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze the program: its connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen program go on."""
        self._signal(signal.SIGCONT)

    def check(self) -> None:
        """Raise with the end of the log when the program no longer runs."""
        if not self.alive:
            raise ServerDied(f"{self.name} does not run; the end of its log:\n{self.tail()}")

    def tail(self, lines: int = 25) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nothing listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _dies_with_parent() -> list[str]:
    """Prefix a command so that the kernel ends it even when the tests themselves are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []

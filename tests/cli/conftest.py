"""A command as a person runs it, without the cost of a process."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ebbtide.cli import main
from tests.adapters.http_api import HttpApi, http_api


class Told(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


Ebbtide = Callable[..., Told]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """What a command makes of the log ends with its test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def ebbtide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Ebbtide:
    """Runs `ebbtide ARGUMENT...` in an empty folder, up to its exit code."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "NO_COLOR", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EBBTIDE_DEBUG", "")
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(*arguments: object, stdin: bytes = b"") -> Told:
        monkeypatch.setattr(sys, "argv", ["ebbtide", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        return Told(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def api() -> Iterator[HttpApi]:
    """An API server that answers as it is told."""
    with http_api() as started:
        yield started

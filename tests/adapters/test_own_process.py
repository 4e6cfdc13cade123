"""Work in a process of its own: what it gives comes back, whatever becomes of the process."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ebbtide.adapters.background import Threads
from ebbtide.adapters.own_process import in_own_process


def seen() -> tuple[int, int]:
    """The process that is asked, and how it yields to others."""
    return os.getpid(), os.nice(0)


def refuses() -> None:
    raise ValueError("no such settings")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_told_to_end() -> str:
    for each in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), each)
    return "goes on"


def secret() -> object:
    return lambda: "a function can't be pickled"


def test_it_is_another_process_that_yields_to_all_else() -> None:
    found = in_own_process(seen)
    assert isinstance(found, tuple)
    assert found[0] != os.getpid()
    assert found[1] == os.nice(0) + 5


def test_an_exception_comes_back_as_what_it_is() -> None:
    found = in_own_process(refuses)
    assert isinstance(found, ValueError)
    assert str(found) == "no such settings"


def test_a_process_that_dies_is_told_of() -> None:
    found = in_own_process(dies)
    assert isinstance(found, ChildProcessError)
    assert f"ended with -{signal.SIGKILL}" in str(found)


def test_what_is_sent_to_all_processes_is_for_the_one_that_began_it() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert in_own_process(is_told_to_end) == "goes on"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


STOPPED_WITH_ALL = """
import signal, sys, threading, time
from ebbtide.adapters.background import Threads
from ebbtide.adapters.own_process import in_own_process
from tests.adapters.test_own_process import tells

if __name__ == "__main__":
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    leisure = Threads(patience=0.0, do=in_own_process)
    leisure.begin("long", tells, slow=True)
    leisure.begin("the next", tells, slow=True)
    while not told.is_set():
        time.sleep(0.01)
    time.sleep(0.5)
    print("found", leisure.finished(), flush=True)
    leisure.close()
"""


def tells() -> None:
    os.write(1, b"begun\n")
    time.sleep(600)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_of_the_whole_process_group_is_a_stop_like_any_other(
    tmp_path: Path, asked: signal.Signals
) -> None:
    program = tmp_path / "program.py"
    program.write_text(STOPPED_WITH_ALL.replace("SIGTERM", asked.name))
    running = subprocess.Popen(
        [sys.executable, str(program)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout
    assert running.stdout.readline() == "begun\n"
    os.killpg(running.pid, asked)
    told, complaints = running.communicate(timeout=300)  # until none of them is left to speak
    assert (running.returncode, told, complaints) == (0, "found []\n", "")


@pytest.mark.parametrize("work", [secret, secret()], ids=["its answer", "the work itself"])
def test_what_can_not_be_handed_over_is_told_of(work: object) -> None:
    found = in_own_process(work)  # type: ignore[arg-type]
    assert isinstance(found, Exception)
    assert "pickle" in str(found)


def test_work_that_takes_too_long_is_given_up() -> None:
    found = in_own_process(partial(time.sleep, 600), longest=0.1)
    assert isinstance(found, TimeoutError)


def test_a_background_does_it_without_anybody_waiting() -> None:
    background = Threads(patience=0.0, do=in_own_process)
    background.begin("look", seen, slow=True)
    deadline = time.monotonic() + 120
    while not (done := background.finished()) and time.monotonic() < deadline:
        time.sleep(0.05)
    background.close()
    assert [each.name for each in done] == ["look"]
    assert done[0].result[0] != os.getpid()

"""Work in a process of its own: what it gives comes back, whatever becomes of the process."""

import os
import signal
import time
from functools import partial

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

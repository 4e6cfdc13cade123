"""The clock of a running operator: a stop is heard at every moment, whatever it is doing."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from ebbtide.cli.run.operator import WallClock

SOON = 0.05
LONG = 30.0


class StopAt:
    """A tracer that asks a clock to stop before one instruction of whatever runs under it."""

    def __init__(self, clock: WallClock, instruction: int) -> None:
        self._clock, self._left, self.passed = clock, instruction, 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.passed += 1
            if self.passed == self._left:
                self._clock.stop()
        return self


def slept(clock: WallClock, tracer: StopAt, seconds: float) -> bool:
    """Whether a sleep was slept out, with the tracer watching."""
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        return clock.sleep(clock.now() + seconds)
    finally:
        sys.settrace(before)


def test_a_stop_is_heard_before_whichever_instruction_it_comes() -> None:
    clock = WallClock()
    watched = StopAt(clock, instruction=0)
    assert slept(clock, watched, SOON)
    for instruction in range(1, watched.passed + 1):
        clock = WallClock()
        heard = not slept(clock, StopAt(clock, instruction), SOON)
        assert heard or not clock.sleep(clock.now() + LONG)


def test_a_signal_ends_a_sleep_that_goes_on() -> None:
    clock = WallClock()
    before = signal.signal(signal.SIGUSR1, clock.stop)
    late = threading.Timer(SOON, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        late.start()
        assert not clock.sleep(clock.now() + LONG)
    finally:
        late.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    assert WallClock().sleep(0.0)

"""The embedded twin of time: for tests, demo and plans."""

from collections.abc import Callable


class FastClock:
    """Time that jumps to wherever the loop sleeps to.

    `step` bounds one jump, `end` is the moment at which the loop is told to stop. `pause` is called
    after each jump with the seconds that it took: there a demo paces itself, or moves a plant.
    """

    def __init__(
        self,
        start: float,
        step: float = float("inf"),
        *,
        end: float = float("inf"),
        pause: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._now = start
        self._step = step
        self._end = end
        self._pause = pause

    def now(self) -> float:
        """Epoch seconds of the simulated time."""
        return self._now

    def sleep(self, until: float) -> bool:
        """Jump to a moment; False once the end has been reached."""
        goal = min(until, self._end)
        while self._now < goal:
            jump = min(goal - self._now, self._step)
            self._now += jump
            self._pause(jump)
        return self._now < self._end

    def stop(self) -> None:
        """End time now: the loop is told to stop when it next sleeps."""
        self._end = self._now

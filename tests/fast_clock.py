"""Time that a test moves on."""


class FastClock:
    """Time that jumps to wherever the loop sleeps to; at `end` the loop is told to stop."""

    def __init__(self, start: float, *, end: float = float("inf")) -> None:
        self._now, self._end = start, end

    def now(self) -> float:
        """Epoch seconds of the simulated time."""
        return self._now

    def sleep(self, until: float) -> bool:
        """Jump to a moment; False once the end has been reached."""
        self._now = max(self._now, min(until, self._end))
        return self._now < self._end

    def stop(self) -> None:
        """End time now: the loop is told to stop when it next sleeps."""
        self._end = self._now

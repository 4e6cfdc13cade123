"""Time, as the loop needs it."""

from typing import Protocol


class Clock(Protocol):
    """Time, as the loop's runner sees it."""

    def now(self) -> float:
        """Epoch seconds."""

    def sleep(self, until: float) -> bool:
        """Wait until a moment; False when the loop is asked to stop."""

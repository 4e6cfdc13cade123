"""Whether this process is the one that may write, as the loop needs to know it."""

from typing import Protocol


class Leadership(Protocol):
    """Whether this process is the one that may write."""

    @property
    def held(self) -> bool:
        """Whether leadership is certain at this very moment."""

    def renew(self) -> None:
        """Acquire or renew; a failure only lets certainty run out."""

    def keep(self) -> None:
        """Renew in the middle of a tick, where the last time is a while ago."""

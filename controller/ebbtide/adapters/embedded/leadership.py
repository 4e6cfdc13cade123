"""The embedded twin of leadership: for tests, demo and plans."""


class AlwaysLeader:
    """Leadership that nobody disputes, until it is released."""

    def __init__(self) -> None:
        self._held = True

    @property
    def held(self) -> bool:
        """Whether it has not been released."""
        return self._held

    def renew(self) -> None:
        """Take leadership."""
        self._held = True

    def keep(self) -> None:
        """Nobody disputes it."""

    def release(self) -> None:
        """Give leadership up."""
        self._held = False

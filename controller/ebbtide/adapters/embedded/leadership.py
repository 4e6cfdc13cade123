"""The embedded twin of leadership: for tests, demo and plans."""


class AlwaysLeader:
    """Leadership that nobody disputes."""

    held = True

    def renew(self) -> None:
        """Nobody disputes it."""

    def keep(self) -> None:
        """Nobody disputes it."""

"""A third party's policy that does what it likes."""

from collections.abc import Iterable

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation


class Stranger(Policy[PolicySettings]):
    """A third party's policy that says what the test wants, and raises where it says nothing."""

    name = "stranger"

    def __init__(self, said: tuple[Kind, float] | None) -> None:
        super().__init__(PolicySettings())
        self.said = said

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        if self.said is None:
            raise LookupError("no answer")
        yield Bound(self.said[0], self.said[1], self.name, "Said")

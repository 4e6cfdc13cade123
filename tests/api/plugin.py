"""A policy of a third party, as a plugin brings it."""

from collections.abc import Iterable

from pydantic import Field

from ebbtide_policies.contract import Bound, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Share


class TideSettings(PolicySettings):
    share: Share = Field(0.1, description="How much.")


class Tide(Policy[TideSettings]):
    """A policy of somebody else."""

    name = "tide"
    Settings = TideSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        return ()

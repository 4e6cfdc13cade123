"""`limits`, `mode`, `overrides`: what people said about this workload, as bounds."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field, model_validator

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, UNLIMITED, Number, where
from ebbtide_policies.observation import Mode, Observation


class LimitSettings(PolicySettings):
    """The range that replicas stay in. `spec.replicas` of a CapacityPolicy."""

    min: int = Field(1, ge=1, description="Capacity never goes below this.")
    max: int = Field(
        ge=1, description="Capacity never grows above this; a fleet above it descends."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "LimitSettings":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; lower min or raise max")
        return self


class Limits(Policy[LimitSettings]):
    """Minimum and maximum. Lowering the maximum is no leave to fall: pace has the last word."""

    name = "replicas"
    Settings = LimitSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """A guaranteed floor and a hard ceiling."""
        low, high = self.settings.min, self.settings.max
        yield Bound(Kind.GUARANTEED_FLOOR, low, self.name, "TooFewReplicas", "min is {}", (low,))
        yield Bound(Kind.HARD_CEILING, high, self.name, "TooManyReplicas", "max is {}", (high,))


class ModeGuard(Policy[PolicySettings]):
    """In ScaleUpOnly nothing is let go; and nothing is done where somebody else is doing it."""

    name = "mode"

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """Paces at current replicas, where the mode or a second hand asks for them."""
        current = seen.fleet.current
        if seen.mode is Mode.SCALE_UP_ONLY:
            detail = "the mode is ScaleUpOnly"
            yield Bound(Kind.PACE_DOWN, current, self.name, "ScaleUpOnly", detail)
        if seen.withheld:
            for pace in (Kind.PACE_DOWN, Kind.PACE_UP):
                yield Bound(pace, current, self.name, "Conflict", "{}", (seen.withheld,))


class Overrides(Policy[PolicySettings]):
    """A person's word, until its end. A freeze stops the way down and leaves the way up open."""

    name = "override"

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """The bounds of every override that concerns this workload."""
        for word in seen.overrides:
            said = (word.name, word.why)
            if word.freeze:
                yield self._bound(Kind.PACE_DOWN, seen.fleet.current, "Frozen", said)
            floor, ceiling = np.isnan(word.floor), np.isnan(word.ceiling)
            if not np.all(floor):
                least = where(floor, NOTHING, word.floor)
                yield self._bound(Kind.GUARANTEED_FLOOR, least, "OverrideFloor", said)
            if not np.all(ceiling):
                most = where(ceiling, UNLIMITED, word.ceiling)
                yield self._bound(Kind.HARD_CEILING, most, "OverrideCeiling", said)

    def _bound(self, kind: Kind, replicas: Number, reason: str, said: tuple[str, str]) -> Bound:
        return Bound(kind, replicas, self.name, reason, "{}: {}", said)

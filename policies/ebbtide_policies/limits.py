"""`replicas`, `mode`, `override`: what people said about this workload, as bounds."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field, model_validator

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, UNLIMITED, Flag, Number, every, opposite, some, where
from ebbtide_policies.observation import Mode, Observation
from ebbtide_policies.quantities import Duration


class LimitSettings(PolicySettings):
    """The range that replicas stay in. `spec.replicas` of a CapacityPolicy."""

    min: int = Field(
        1, ge=0, description="Capacity never goes below this. 0 needs a demand that is independent."
    )
    max: int = Field(
        ge=1, description="Capacity never grows above this; a fleet above it descends."
    )
    empty_for: Duration = Field(
        300.0,
        gt=0,
        description="With min: 0, how long demand has to have been zero before the last replica "
        "goes, and how long it may be unknown before one comes back.",
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
        if some(np.less(low, 1)):
            yield from self._at_zero(seen, np.less(low, 1))

    def _at_zero(self, seen: Observation, allowed: Flag) -> Iterable[Bound]:
        """The last replica goes on proof that nobody is there; doubt that lasts brings one back."""
        wait = self.settings.empty_for
        empty: Flag = bool(seen.demand)
        doubtful: Flag = False
        for demand in seen.demand:
            known = (demand.covered(wait) >= 1) & (demand.alive >= demand.alive_at_least)
            empty = empty & known & np.equal(demand.peak(wait), 0)
            doubtful = doubtful | opposite(demand.age <= wait)
        unproven, doubtful = allowed & opposite(empty), allowed & doubtful
        if some(unproven):
            said = "the last replica goes when demand is known to have been zero for {:.0f} s"
            held = where(unproven, np.minimum(1.0, seen.fleet.current), NOTHING)
            yield Bound(Kind.PACE_DOWN, held, self.name, "ZeroUnproven", said, (wait,))
        if some(doubtful):
            said = "demand is not known for more than {:.0f} s: somebody may be there"
            one = where(doubtful, 1.0, NOTHING)
            yield Bound(Kind.FLOOR, one, self.name, "ZeroInDoubt", said, (wait,))


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
            said, over = (word.name, word.why), opposite(word.holds(seen.now))
            if word.freeze:
                kept = where(over, NOTHING, seen.fleet.current)
                yield self._bound(Kind.PACE_DOWN, kept, "Frozen", said)
            floor, ceiling = np.isnan(word.floor) | over, np.isnan(word.ceiling) | over
            if not every(floor):
                least = where(floor, NOTHING, word.floor)
                yield self._bound(Kind.GUARANTEED_FLOOR, least, f"{word.spoken}Floor", said)
            if not every(ceiling):
                most = where(ceiling, UNLIMITED, word.ceiling)
                yield self._bound(Kind.HARD_CEILING, most, f"{word.spoken}Ceiling", said)

    def _bound(self, kind: Kind, replicas: Number, reason: str, said: tuple[str, str]) -> Bound:
        return Bound(kind, replicas, self.name, reason, "{}: {}", said)

"""`descent`: the way down, in steps that are small, spaced, and taken only when all is well.

The staircase has one promise: in any window of one soak no more than `maxStep` of the fleet goes,
whatever happens to the policy, the forecast, the status or the controller. Each gate is a pace of
its own with a reason of its own, so that the one that is shut can be named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import (
    Bound,
    Kind,
    Memory,
    Policy,
    PolicySettings,
    stored_number,
)
from ebbtide_policies.event_calendar import announced_end
from ebbtide_policies.lanes import (
    NOTHING,
    Flag,
    Number,
    as_number,
    either,
    every,
    reached,
    some,
    where,
    whole,
)
from ebbtide_policies.observation import Observation, foreseen, largest
from ebbtide_policies.quantities import Duration, Share
from ebbtide_policies.strictness import (
    SOAK,
    Stricter,
    Values,
    as_set,
    held_in,
    in_force,
    looked,
    remembered,
    values_of,
)


class DescentSettings(PolicySettings):
    """How fast capacity may go, and how sure one has to be."""

    max_step: Share = Field(
        0.05,
        gt=0,
        le=1,
        description="Largest step, as a share of the fleet at the start of the descent.",
    )
    soak: Duration = Field(60.0, gt=0, description="Least time from one step to the next.")
    quantile: float = Field(
        0.9, gt=0, lt=1, description="Quantile of the forecast that has to fit the smaller fleet."
    )
    headroom: Share = Field(0.0, description="Spare share on top of that quantile.")
    window: Duration = Field(
        300.0,
        description="How long a dip may last. So long, and for the time that it takes to win "
        "capacity back, what demand was may return.",
    )
    early: Share = Field(
        0.25,
        le=1,
        description="Share of what may return that goes meanwhile, little by little.",
    )


_STRICTER: Stricter = {
    "maxStep": np.minimum,
    "soak": np.maximum,
    "quantile": np.maximum,
    "headroom": np.maximum,
    "window": np.maximum,
    "early": np.minimum,
}
"""Every setting; of two values the one that lets less go."""


def step_size(origin: Number, max_step: Number) -> Number:
    """Replicas in one step: a share of the fleet at the start, rounded down, at least one."""
    return np.maximum(1.0, np.floor(origin * max_step + 1e-9))


def gate(is_open: Flag, current: Number) -> Number:
    """A pace that holds current replicas until the gate opens."""
    return where(is_open, NOTHING, current)


class Descent(Policy[DescentSettings]):
    """Lets go of capacity step by step. It always applies, named in the YAML or not.

    Memory: `origin`, the fleet at the start of the descent; `replicas`, the number after the last
    decision that changed it; `at`, the moment of the last step; `maxStep` and `soak`, the settings
    it was taken by. The first step after an edit obeys the stricter of the old and the new; for one
    soak all settings do (`strictness`).
    """

    name = "descent"
    Settings = DescentSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One pace for each gate, and one for the size of the step."""
        current, chosen = seen.fleet.current, self._chosen(seen, memory)
        soak = np.maximum(chosen["soak"], memory["soak"])
        stepped = _stepped(memory, seen)
        size = step_size(_origin(memory, current), np.minimum(chosen["maxStep"], memory["maxStep"]))
        yield self._pace(
            current - size,
            "DescentStep",
            "a step takes at most {:.0f} of {:.0f} replicas",
            size,
            current,
        )
        soaking = self._pace(
            gate(seen.now - stepped >= soak, current),
            "DescentSoaking",
            "{:.0f} s of the {:.0f} s soak have passed since the last step",
            seen.now - stepped,
            soak,
        )
        yield replace(soaking, until=stepped + soak)
        ready = "{:.0f} of {:.0f} replicas are ready"
        if some(seen.fleet.rollout):
            ready = "{:.0f} of {:.0f} replicas are ready; a rollout is in progress"
        said = seen.fleet.ready, current
        yield self._pace(gate(seen.fleet.whole, current), "FleetNotWhole", ready, *said)
        foreseen_need = self._foreseen(seen, chosen)
        yield self._pace(
            np.minimum(whole(foreseen_need), current),
            "ForecastGate",
            "until capacity could be won back, demand may need {:.1f} replicas",
            foreseen_need,
        )
        dip = seen.regain + chosen["soak"] + chosen["window"]
        returning = self._returning(seen, chosen, dip)
        yield self._pace(
            np.minimum(whole(returning), current),
            "DemandMayReturn",
            "{:.1f} replicas may be needed again: a dip may last {:.0f} s",
            returning,
            dip,
        )

    def _foreseen(self, seen: Observation, chosen: Values) -> Number:
        """What the forecast wants to fit the smaller fleet; nothing where none can be followed."""
        reach = seen.regain + chosen["soak"]
        ahead = [foreseen(demand, chosen["quantile"], reach) for demand in seen.demand]
        needs = (where(np.isnan(need), NOTHING, need) for need in ahead)
        return largest(needs) * (1 + chosen["headroom"])

    def _returning(self, seen: Observation, chosen: Values, dip: Number) -> Number:
        """What demand was and may be again, for as long as dips last; an announced end is none."""
        early, ended = chosen["early"], announced_end(seen)
        needs = (demand.lingering(dip, early, ended) for demand in seen.demand)
        return largest(needs) * (1 + chosen["headroom"])

    def _values(self) -> Values:
        return values_of(self.settings, _STRICTER)

    def _chosen(self, seen: Observation, memory: Memory) -> Values:
        """The settings that count: for one soak after a change the stricter of old and new."""
        values = self._values()
        known = looked(memory, values, seen.now, _STRICTER)
        return in_force(known, values, seen.now, _STRICTER)

    def _pace(self, replicas: Number, reason: str, detail: str, *values: object) -> Bound:
        return Bound(Kind.PACE_DOWN, replicas, self.name, reason, detail, values)

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        """Take the stored memory if it is sound; else the last step counts as taken now."""
        current = seen.fleet.current
        fresh = self._since(seen, current, current)
        known = {**as_set(self._values()), **(stored or {})}  # a setting may be new to the memory
        found = {key: stored_number(known, key) for key in fresh}
        held = held_in(stored, self._values(), seen.now)
        sound = every(reached(seen.now, found["at"])) and found["origin"] >= found["replicas"]
        if not sound or held is None or np.isnan(sum(found.values())):
            return fresh
        return {**found, **held}

    def remember(self, seen: Observation, memory: Memory, replicas: Number) -> Memory:
        """Keep where the descent began, when the last step was taken, and what was set."""
        current = seen.fleet.current
        memory = remembered(self.settings, memory, seen.now, _STRICTER, SOAK)
        if not some(replicas != current):
            return memory
        rose, fell = replicas > current, replicas < current
        origin = where(rose, replicas, _origin(memory, current))
        after = self._since(seen, origin, replicas)
        kept = dict(memory) | {
            "origin": origin,
            "replicas": where(rose | fell, replicas, memory["replicas"]),
        }
        return {key: either(fell, after.get(key, kept[key]), kept[key]) for key in kept}

    def _since(self, seen: Observation, origin: Number, replicas: Number) -> Memory:
        return {
            "origin": origin,
            "replicas": replicas,
            "at": as_number(seen.now),
            "maxStep": self.settings.max_step,
            "soak": self.settings.soak,
            **as_set(self._values()),
        }


def _origin(memory: Memory, current: Number) -> Number:
    """The fleet at the start of the descent; where another hand moved it, it starts here."""
    return where(memory["replicas"] == current, memory["origin"], current)


def _stepped(memory: Memory, seen: Observation) -> Number:
    """The moment of the last step down: it was decided before it was taken, and rests from then."""
    last = seen.last_step
    if last is None:
        return memory["at"]
    return where(last.after < last.before, np.maximum(memory["at"], last.at), memory["at"])

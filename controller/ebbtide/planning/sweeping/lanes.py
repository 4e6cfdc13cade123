"""Many fleets at once, one a lane: their states, and one decision for all of them.

The policies are the very ones of the live loop; their rules run on numpy lanes as on numbers. Lanes
may have two axes, stretches of time and variants: what all variants see alike then has one entry a
stretch, what all stretches have alike one a variant, and numpy reckons no more than there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ebbtide.errors import InvalidInput
from ebbtide.planning.sweeping.lane_state import State
from ebbtide_policies.contract import Policy
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.lanes import Lanes, Number, as_number, some, where
from ebbtide_policies.limits import Limits
from ebbtide_policies.need import PresentNeed
from ebbtide_policies.observation import (
    Demand,
    Event,
    Fleet,
    Observation,
    Override,
    Phase,
)
from ebbtide_policies.phase import next_phase
from ebbtide_policies.phase_lanes import ORDER, Phases, places
from ebbtide_policies.rate import pace_of
from ebbtide_policies.resolve import settle, tightest

Policies = tuple[Policy[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The policies that decide for all lanes, and what the world allows them."""

    workload: str
    policies: Policies
    """In peace."""
    by_phase: Mapping[Phase, Policies] = field(default_factory=dict)
    """The same with their settings in each phase; empty: phases change nothing."""
    lead_time: float
    """Seconds that the policies reckon with."""
    tick: float
    """Seconds from one decision to the next."""
    boot: int
    """Ticks until a replica is ready."""
    events: Sequence[Event] = ()
    """Events that are announced to all of them."""
    overrides: Sequence[Override] = ()
    """What people say about all of them, each until its end."""

    def begin(self, replicas: Lanes, now: Number, demand: Sequence[Demand]) -> State:
        """Fleets at first sight, all ready; memories begin with the settings of their phase."""
        asked = (replicas,) * max(1, self.boot)
        seen = self._seen(State(asked=asked, memories={}), now, demand)
        memories = {p.name: p.recall(None, seen) for p in self._in_phase(seen.phase)}
        return State(asked=asked, memories=memories)

    def decide(self, state: State, now: Number, demand: Sequence[Demand]) -> State:
        """One decision for every lane."""
        seen, current = self._seen(state, now, demand), state.current
        policies = self._in_phase(seen.phase)
        bounds = [b for p in policies for b in p.bounds(seen, state.memories[p.name])]
        decided = settle(tightest(bounds, current)).replicas
        replicas = np.asarray(np.broadcast_to(decided, current.shape))
        memories = {p.name: p.remember(seen, state.memories[p.name], replicas) for p in policies}
        return State(
            asked=(*state.asked[1:], replicas),
            memories=memories,
            phases=seen.phase,
            since=as_number(seen.phase_since),
        )

    def _seen(self, state: State, now: Number, demand: Sequence[Demand]) -> Observation:
        """What is seen in the phase of this tick, which is told by the settings of the one before.

        Where neither an event nor a setting depends on it, there is always peace.
        """
        if not self.events and not self.by_phase:
            return self._look(state, now, demand, self.policies)
        policies = self._in_phase(state.phases)
        seen = self._look(state, now, demand, policies)
        by_name = {policy.name: policy.settings for policy in policies}
        phases = next_phase(
            seen,
            calendar=by_name[Calendar.name],
            least=by_name[Limits.name].min,
            headroom=by_name[PresentNeed.name].headroom,
        )
        turned = places(phases) != places(state.phases)
        since = where(turned, now, state.since)
        scale_up = pace_of(self._in_phase(phases), self.tick)
        return replace(seen, phase=phases, phase_since=since, scale_up=scale_up)

    def _in_phase(self, phases: Phases) -> Policies:
        """The policies with the settings that hold in the phase of each lane."""
        if not self.by_phase:
            return self.policies
        if isinstance(phases, Phase):
            return self.by_phase[phases]
        kinds = np.unique(phases)
        if kinds.size == 1:
            return self.by_phase[ORDER[int(kinds[0])]]
        each = zip(*(self.by_phase[phase] for phase in ORDER), strict=True)
        return tuple(joined(same, lambda values: np.choose(phases, values)) for same in each)

    def _look(
        self, state: State, now: Number, demand: Sequence[Demand], policies: Policies
    ) -> Observation:
        """What is seen. A step is taken when it is decided, so that memories know all steps."""
        prewarm = self._in_phase(Phase.PREWARM)
        return Observation(
            workload=self.workload,
            now=now,
            fleet=Fleet(current=state.current, ready=state.ready),
            demand=demand,
            lead_time=self.lead_time,
            scale_up=pace_of(policies, self.tick),
            prewarm_scale_up=pace_of(prewarm, self.tick),
            prewarm_least=next((p.settings.min for p in prewarm if isinstance(p, Limits)), 0.0),
            phase=state.phases,
            phase_since=state.since,
            events=self.events,
            overrides=[word for word in self.overrides if some(word.holds(now))],
        )


Variant = Policies | Mapping[Phase, Policies]
"""The policies of one variant, in every phase where phases change settings."""


def stacked_by_phase(variants: Sequence[Variant]) -> Mapping[Phase, Policies]:
    """The policies of several variants in each phase; only in peace where phases change nothing.

    Raises:
        InvalidInput: as `stacked`.

    """
    if all(isinstance(one, tuple) for one in variants):
        return {Phase.PEACE: stacked([one for one in variants if isinstance(one, tuple)])}
    each = [dict.fromkeys(Phase, one) if isinstance(one, tuple) else one for one in variants]
    return {phase: stacked([one[phase] for one in each]) for phase in Phase}


def stacked(variants: Sequence[Policies]) -> Policies:
    """The policies of several variants as those of one, with a lane for each variant.

    Numbers in which the variants differ become lanes; all else has to be the same.

    Raises:
        InvalidInput: variants differ in what is no number, or in which policies they have.

    """
    if len({tuple(p.name for p in policies) for policies in variants}) != 1:
        raise InvalidInput("variants must have the same policies to be replayed together")
    each = zip(*variants, strict=True)
    return tuple(joined(same, lambda column: np.array(column, dtype=np.float64)) for same in each)


def joined(same: Sequence[Policy[Any]], join: Callable[[Sequence[Any]], Lanes]) -> Policy[Any]:
    """One policy in place of several: numbers in which their settings differ are joined.

    Raises:
        InvalidInput: they differ in what is no number.

    """
    first = same[0].settings
    changed: dict[str, Lanes] = {}
    for name in type(first).model_fields:
        column = [getattr(policy.settings, name) for policy in same]
        if all(_alike(value, column[0]) for value in column):
            continue
        if not all(isinstance(value, (int, float, np.ndarray)) for value in column):
            raise InvalidInput(f"{same[0].name}.{name}: variants must not differ in it")
        changed[name] = join(column)
    return type(same[0])(first.model_copy(update=changed)) if changed else same[0]


def _alike(one: Any, other: Any) -> bool:
    return one is other or bool(np.array_equal(one, other))

"""The conditions of a CapacityPolicy: what is true of it now, and since when."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ebbtide.api.timestamps import stamp
from ebbtide.loop.forecasting.forecasts import Doubt
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.record.other_hands import MANUAL, Interference
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Decision, Kind
from ebbtide_policies.experience_gate import BREACHES, ExperienceGate
from ebbtide_policies.observation import UNCLEAR
from ebbtide_policies.snapshot import Snapshot


class Condition(NamedTuple):
    """One statement about a workload."""

    type: str
    holds: bool
    reason: str
    message: str = ""


_LIMITING = {Kind.HARD_CEILING, Kind.SOFT_CEILING, Kind.PACE_UP}
_GOOD = {"Ready", "MetricsAvailable", "ForecastTrusted", "EventsUnderstood", "SessionsSpared"}
"""The conditions that are well while they hold; the others are while they do not."""
_UNTIL = "nothing is done until it is scaled to one or more"
_DOUBTS = {"DemandUnknown", "ScrapeTargetsMissing", "DemandIncomplete"}


def judge(
    seen: Snapshot,
    decision: Decision,
    failures: Sequence[str],
    interference: Interference,
    doubts: Mapping[str, Doubt],
) -> Iterable[Condition]:
    """Everything that can be said of a workload that was decided on.

    `doubts` says by signal why a forecast is not followed.
    """
    yield Condition("Ready", True, "Deciding", "the workload is understood and decided on")
    yield _metrics(seen, decision, failures)
    yield _forecast(doubts)
    binding = decision.binding
    limited = binding.kind in _LIMITING
    yield Condition(
        "ScalingLimited",
        limited,
        binding.reason if limited else "DesiredWithinRange",
        binding.message if limited else "no ceiling and no pace limits the way up",
    )
    yield Condition(
        "Squeezed",
        decision.squeezed,
        "FloorAboveCeiling" if decision.squeezed else "FloorsFit",
        "a floor stands above a ceiling; see the bounds"
        if decision.squeezed
        else "every floor fits below the ceilings",
    )
    yield _events(seen)
    yield from _experience(decision)
    yield from _hands(seen, interference)


_ALONE = ("Alone", "nothing else scales the target")
_BY_US = ("NotScaledByHand", "no other hand has changed the replicas")
_NOT_AT_ZERO = ("NotAtZero", "nobody scaled the target to zero")
_ROLLS = ("Rolls", "no rollout is paused")


def _hands(seen: Snapshot, interference: Interference) -> Iterable[Condition]:
    """What other hands have done."""
    conflict, hands, change = interference.conflict, seen.hands, interference.change
    said = (conflict.reason, conflict.message) if conflict else _ALONE
    yield Condition("Conflicted", conflict is not None, *said)
    by_hand = change if change and change.kind == MANUAL else None
    told = ("ScaledByHand", by_hand.message) if by_hand else _BY_US
    yield Condition("ScaledByHand", by_hand is not None, *told)
    zero = bool(hands.zero)
    said = ("ScaledToZero", f"scaled to zero by hand: {_UNTIL}") if zero else _NOT_AT_ZERO
    yield Condition("ScaledToZero", zero, *said)
    paused = bool(hands.paused)
    said = ("RolloutPaused", "nothing is let go until it is resumed") if paused else _ROLLS
    yield Condition("RolloutPaused", paused, *said)


def _events(seen: Snapshot) -> Condition:
    """Whether all that people wrote is understood, and every event has the shape it names."""
    unclear = [f"{w.name}: {w.why}" for w in seen.overrides if w.spoken == UNCLEAR]
    if unclear:
        return Condition("EventsUnderstood", False, "GuidanceUnclear", "; ".join(unclear))
    told = [
        f"{event.name}: there is no EventProfile {event.missing}; without it the event is reckoned"
        " as one level. Capture it, or name another"
        for event in seen.events
        if event.missing and seen.now < event.end
    ]
    if told:
        return Condition("EventsUnderstood", False, "ProfileMissing", "; ".join(told))
    return Condition("EventsUnderstood", True, "EventsUnderstood", "every event has its shape")


def _experience(decision: Decision) -> Iterable[Condition]:
    """Whether users fare badly; nothing of it where nobody asks."""
    asked = [bound for bound in decision.bounds if bound.policy == ExperienceGate.name]
    if not asked:
        return
    held = [bound for bound in asked if bound.reason in BREACHES and bound.replicas > 0]
    if held:
        first = min(held, key=lambda bound: BREACHES.index(bound.reason))
        yield Condition("ExperienceAtRisk", True, first.reason, first.message)
    else:
        said = "no signal stands against the next step"
        yield Condition("ExperienceAtRisk", False, "ExperienceSound", said)


def _forecast(doubts: Mapping[str, Doubt]) -> Condition:
    """Whether the forecast is followed; of several doubts, one that was measured comes first."""
    if not doubts:
        return Condition("ForecastTrusted", True, "ForecastTrusted", "the forecast is followed")
    first = min(doubts.values(), key=lambda doubt: doubt.reason != "ForecastWorse")
    said = "; ".join(f"{name}: {doubt.message}" for name, doubt in doubts.items())
    message = f"the present need decides, not the forecast. {said}"
    return Condition("ForecastTrusted", False, first.reason, message)


def sessions_spared(workload: Workload) -> Iterable[Condition]:
    """Whether the pods that go can be chosen by their sessions; nothing where none are counted."""
    if workload.sessions is None:
        return
    ordered = workload.target.kind == "StatefulSet"
    why = (
        "a StatefulSet lets its highest ordinals go: they drain first, and the step waits for them"
    )
    if ordered:
        yield Condition("SessionsSpared", False, "OrdinalOrder", why)
    else:
        yield Condition("SessionsSpared", True, "EmptiestFirst", "the emptiest pods go first")


def _metrics(seen: Snapshot, decision: Decision, failures: Sequence[str]) -> Condition:
    doubts = [
        bound.message
        for bound in decision.bounds
        if bound.reason in _DOUBTS and bound.replicas >= seen.fleet.current > 0
    ]
    if failures:
        return Condition("MetricsAvailable", False, "MetricsUnavailable", failures[0])
    if doubts:
        return Condition("MetricsAvailable", False, "MetricsIncomplete", doubts[0])
    return Condition("MetricsAvailable", True, "MetricsAvailable", "demand is known")


def merge(
    before: Iterable[Json], now: Iterable[Condition], at: float, generation: int
) -> list[Json]:
    """The conditions as Kubernetes keeps them; the time changes only with the truth."""
    old = {c["type"]: c for c in before}
    return [_merged(old.get(c.type, {}), c, at, generation) for c in now]


def _merged(old: Json, condition: Condition, at: float, generation: int) -> Json:
    truth = str(condition.holds)
    same = old.get("status") == truth
    return {
        "type": condition.type,
        "status": truth,
        "reason": condition.reason,
        "message": condition.message[:1000],
        "lastTransitionTime": old["lastTransitionTime"] if same else stamp(at),
        "observedGeneration": generation,
    }


def is_bad(condition: Json) -> bool:
    """Whether it is a condition in which somebody should look."""
    good = "True" if condition["type"] in _GOOD else "False"
    return bool(condition["status"] != good)


def needs_a_look(condition: Condition) -> bool:
    """The same of one that has just been judged."""
    return condition.holds != (condition.type in _GOOD)


def turned(before: Iterable[Json], after: Iterable[Json]) -> Iterable[Json]:
    """The conditions whose truth has changed; one that is new was well before."""
    old = {c["type"]: is_bad(c) for c in before}
    return [c for c in after if old.get(c["type"], False) != is_bad(c)]

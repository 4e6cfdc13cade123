"""From bounds to one number: the two lines that every decision is.

    want = min(hard ceilings, max(guaranteed floors, min(max(floors), min(soft ceilings))))
    next = min(pace-up, max(pace-down, want))

Pace has the last word. The pace up is never below current replicas and the pace down never above
them, except in a rollback, which the pace up lets through; so where the two cross, capacity rises
as far as the pace up allows and never falls. An unknown number holds capacity, and so does an
infinite need. The order of the bounds changes nothing, and the result is monotone in every one of
them that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.lanes import (
    NOTHING,
    UNKNOWN,
    UNLIMITED,
    Flag,
    Number,
    every,
    number,
    some,
    where,
    whole,
    within,
)
from ebbtide_policies.snapshot import Snapshot

_NEUTRAL: Mapping[Kind, float] = {
    Kind.FLOOR: NOTHING,
    Kind.GUARANTEED_FLOOR: NOTHING,
    Kind.SOFT_CEILING: UNLIMITED,
    Kind.HARD_CEILING: UNLIMITED,
    Kind.PACE_DOWN: NOTHING,
    Kind.PACE_UP: UNLIMITED,
    Kind.ROLLBACK: NOTHING,
}
_ORDER = {kind: place for place, kind in enumerate(Kind)}
_LOWERING = {Kind.SOFT_CEILING, Kind.HARD_CEILING, Kind.PACE_UP}

WITHIN_RANGE = "DesiredWithinRange"


class Limits(NamedTuple):
    """The tightest bound of each kind, lane by lane."""

    floor: Number
    guaranteed: Number
    soft: Number
    hard: Number
    pace_down: Number
    pace_up: Number


class Settled(NamedTuple):
    """What the bounds come to, lane by lane."""

    want: Number
    replicas: Number


def tightest(bounds: Iterable[Bound], current: Number) -> Limits:
    """Fold bounds into the tightest of each kind; an unknown one holds capacity.

    They are rounded after that: of several of a kind, the tightest is what rounding leaves of them.
    """
    rough = _folded((_Count(bound, _roughly(bound)) for bound in bounds), current)
    return _limits({kind: _rounded(kind, found) for kind, found in rough.items()}, current)


class _Count(NamedTuple):
    """A bound with the replicas that it comes to."""

    bound: Bound
    replicas: Number


def _roughly(bound: Bound) -> Number:
    """A bound that is yet to be rounded; NaN where it is unknown or limitless."""
    if every(np.isfinite(bound.replicas)):
        return bound.replicas
    return _counted(bound.replicas, bound.kind in _LOWERING, _NEUTRAL[bound.kind])


def _folded(counts: Iterable[_Count], current: Number) -> Mapping[Kind, Number]:
    by_kind: dict[Kind, Number] = dict(_NEUTRAL)
    for bound, counted in counts:
        kind, known, unknown = bound.kind, counted, np.isnan(counted)
        if some(unknown):
            held = where(unknown, current, NOTHING)
            by_kind[Kind.PACE_DOWN] = np.maximum(by_kind[Kind.PACE_DOWN], held)
            known = where(unknown, _NEUTRAL[kind], counted)
        tighter = np.minimum if kind in _LOWERING else np.maximum
        by_kind[kind] = tighter(by_kind[kind], known)
    return by_kind


def _limits(by_kind: Mapping[Kind, Number], current: Number) -> Limits:
    pace_down = np.minimum(by_kind[Kind.PACE_DOWN], current)
    return Limits(
        floor=by_kind[Kind.FLOOR],
        guaranteed=by_kind[Kind.GUARANTEED_FLOOR],
        soft=by_kind[Kind.SOFT_CEILING],
        hard=by_kind[Kind.HARD_CEILING],
        pace_down=np.maximum(pace_down, by_kind[Kind.ROLLBACK]),
        pace_up=np.maximum(np.maximum(by_kind[Kind.PACE_UP], current), by_kind[Kind.ROLLBACK]),
    )


def _rounded(kind: Kind, replicas: Number) -> Number:
    """Whole replicas, none below zero."""
    return np.maximum(within(replicas) if kind in _LOWERING else whole(replicas), NOTHING)


def _counted(asked: Number, lowering: Flag, neutral: Number) -> Number:
    """A bound in whole replicas, none below zero; NaN where it is unknown or limitless."""
    replicas = where(lowering, within(asked), whole(asked))
    sound = np.isfinite(replicas) | np.equal(replicas, neutral)
    return np.maximum(where(sound, replicas, UNKNOWN), NOTHING)


def _counts(bounds: Sequence[Bound]) -> Sequence[_Count]:
    """Bounds of one workload in whole replicas: a lane each, as there are dozens of them."""
    asked = np.array([number(bound.replicas) for bound in bounds])
    lowering = np.array([bound.kind in _LOWERING for bound in bounds], dtype=np.bool_)
    neutral = np.array([_NEUTRAL[bound.kind] for bound in bounds])
    counted = np.asarray(_counted(asked, lowering, neutral)).tolist()
    return [_Count(bound, one) for bound, one in zip(bounds, counted, strict=True)]


def settle(limits: Limits) -> Settled:
    """Apply the two lines."""
    asked = np.minimum(limits.floor, limits.soft)
    want = np.minimum(limits.hard, np.maximum(limits.guaranteed, asked))
    return Settled(want, np.minimum(limits.pace_up, np.maximum(limits.pace_down, want)))


def resolve(seen: Snapshot, bounds: Iterable[Bound]) -> Decision:
    """Decide for one workload and name the bound that decided."""
    given = _counts(list(bounds))
    current = seen.fleet.current
    limits = _limits(_folded(given, current), current)
    want, replicas = settle(limits)
    binding = _binding(given, limits, Settled(want, replicas), number(current))
    others = (bound for bound, _ in given if bound is not binding)
    rest = tuple(sorted(others, key=_by_kind_and_name))
    floors = np.maximum(limits.floor, limits.guaranteed)
    return Decision(
        at=seen.now,
        current=int(number(current)),
        want=int(number(want)),
        replicas=int(number(replicas)),
        bounds=(binding, *rest),
        squeezed=bool(floors > np.minimum(limits.soft, limits.hard)),
    )


def _by_weight(bound: Bound) -> tuple[bool, tuple[int, str, str]]:
    return bound.until is not None, _by_kind_and_name(bound)


def _by_kind_and_name(bound: Bound) -> tuple[int, str, str]:
    return (_ORDER[bound.kind], bound.policy, bound.reason)


def _binding(given: Sequence[_Count], limits: Limits, settled: Settled, current: float) -> Bound:
    """Find the bound whose number is the decision; the first by name among equals.

    A pace that holds capacity says more than a number that is unknown, and one that does not lift
    by itself says more than one that does.
    """
    kind, value = _deciding(limits, settled)
    kinds = {kind, Kind.ROLLBACK} if kind is Kind.PACE_DOWN else {kind}
    matching = [
        count.bound
        for count in given
        if count.bound.kind in kinds and _effective(count, current) == value
    ]
    unknown = [b for b, counted in given if kind is Kind.PACE_DOWN and np.isnan(counted)]
    if matching or unknown:
        return min(matching or unknown, key=_by_weight)
    detail = "no policy asks for more or for less"
    return Bound(Kind.FLOOR, settled.replicas, "resolve", WITHIN_RANGE, detail)


def _effective(count: _Count, current: float) -> float:
    """The number that counts: a pace never points the wrong way."""
    kind, replicas = count.bound.kind, number(count.replicas)
    if kind is Kind.PACE_DOWN:
        return min(replicas, current)
    return max(replicas, current) if kind is Kind.PACE_UP else replicas


def _deciding(limits: Limits, settled: Settled) -> tuple[Kind, Number]:
    want, replicas = settled
    if replicas < want or limits.pace_down > limits.pace_up:
        return Kind.PACE_UP, limits.pace_up
    if replicas > want:
        return Kind.PACE_DOWN, limits.pace_down
    asked = min(limits.floor, limits.soft)
    if limits.hard < max(limits.guaranteed, asked):
        return Kind.HARD_CEILING, limits.hard
    if limits.guaranteed > asked:
        return Kind.GUARANTEED_FLOOR, limits.guaranteed
    if limits.soft < limits.floor:
        return Kind.SOFT_CEILING, limits.soft
    return Kind.FLOOR, limits.floor

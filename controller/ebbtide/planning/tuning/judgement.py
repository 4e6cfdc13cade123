"""Which variant of a policy to take: what each would have cost, and whom it would have failed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.scoring.clairvoyant import least_replicas
from ebbtide.planning.scoring.experience import Modelled, breached_minutes
from ebbtide.planning.tuning.fleets import Fleets, without_sessions
from ebbtide_policies.demand import DAY, HOUR
from ebbtide_policies.lanes import UNKNOWN, Lanes

WORST_DAYS = 10
"""Days that are set aside to see what goes unserved all the time, and not in a burst."""
MEMORY = 8.0
"""Days after which a day counts for 1/e of what it did: bursts come in spells, and they end."""

_NOBODY_COUNTS = np.zeros(0)


class Measured(NamedTuple):
    """What came of each variant, one entry a variant."""

    replica_hours: Lanes
    beside_bound: Lanes
    """The same as a multiple of the clairvoyant bound; NaN where that is none at all."""
    unserved: Lanes
    """Shortfall as a share of demand."""
    lately: Lanes
    """That multiple, where each day counts less than the day after it."""
    missed: Lanes
    """Shortfall under stress in replica-hours, as a multiple of the same bound."""
    changes: Lanes
    """Changes of the replicas asked for, a day."""
    steady: Lanes
    """Shortfall under stress as a share of demand, without that of the worst days."""
    disruptions: Lanes = _NOBODY_COUNTS
    """Sessions that were cut off."""
    breached: Lanes = _NOBODY_COUNTS
    """Minutes in which a signal of experience was beyond its limit; NaN: none is modelled."""


class Truth(NamedTuple):
    """The demand that all variants met, and the plant that they met it on."""

    demand: Lanes
    """Replicas at target load, one entry a tick; NaN where it is unknown."""
    tick: float
    """Seconds."""
    boot: int
    """Ticks until a replica is ready."""
    signals: Sequence[Modelled] = ()
    """Signals of experience that follow from the load."""
    stress: float = 1.0
    """So many times the demand that came is what a choice has to stand: more may come."""
    least: float = 1.0
    """Replicas that no variant goes below, so neither does the clairvoyant bound."""

    @property
    def days(self) -> float:
        """Days of which the demand is known."""
        return int(np.count_nonzero(np.isfinite(self.demand))) * self.tick / DAY

    def counted(self, replicas: Lanes) -> Lanes:
        """Replicas while demand is known, one row a tick, and else none.

        In an outage all stay where they are: who had more to begin with is no dearer by it.
        """
        unknown = np.isnan(self.demand)
        if not unknown.any():
            return replicas
        return np.where(unknown.reshape(-1, *[1] * (replicas.ndim - 1)), 0.0, replicas)

    def within(self, ticks: slice) -> "Truth":
        """Only some of the ticks."""
        return self._replace(demand=self.demand[ticks])


class Candidate(NamedTuple):
    """A variant that no other one beats, on what was searched and on what was held back."""

    variant: int
    searched: Measured
    held_back: Measured
    recommended: bool


def judged(searched: Measured, held_back: Measured, best: int) -> Sequence[Candidate]:
    """The front of cost against service, cheapest first, with the one that is recommended.

    What was held back has no part in the front: it checks what the front is worth.
    """
    return [
        Candidate(one, _of(searched, one), _of(held_back, one), one == best)
        for one in sorted({*front(searched), best}, key=lambda i: float(searched.replica_hours[i]))
    ]


def _of(found: Measured, one: int) -> Measured:
    return Measured(*(column[one] for column in found))


def measured(asked: Lanes, truth: Truth) -> Measured:
    """Measure variants by the replicas that they asked for, (ticks, variants)."""
    return measured_fleets(without_sessions(asked, truth.boot), truth)


def measured_fleets(fleets: Fleets, truth: Truth) -> Measured:
    """Measure variants by what came of their fleets."""
    short = under_stress = _shortfall(truth.demand, fleets.ready)
    if truth.stress != 1:
        under_stress = _shortfall(truth.stress * truth.demand, fleets.ready)
    total = float(np.nansum(truth.demand)) or 1.0
    days = max(truth.demand.size * truth.tick, 1.0) / DAY
    paid_for = truth.counted(fleets.paid)
    bound = truth.counted(least_replicas(truth.demand, truth.boot, least=truth.least))
    paid_each_day, missed, needed = (
        _by_day(each, truth.tick) for each in (paid_for, under_stress, bound)
    )
    paid = paid_for.sum(axis=0)
    return Measured(
        replica_hours=paid * truth.tick / HOUR,
        beside_bound=paid / (float(bound.sum()) or UNKNOWN),
        unserved=_each(short) / total,
        lately=of_late(paid_each_day, needed),
        missed=of_late(missed, needed),
        changes=np.count_nonzero(np.diff(fleets.asked, axis=0), axis=0) / days,
        steady=steady(missed, total),
        disruptions=fleets.disrupted.sum(axis=0),
        breached=_breached(fleets, truth),
    )


def of_late(each: Lanes, bound: Lanes) -> Lanes:
    """What came of each day, (days, variants), as a multiple of the clairvoyant bound, (days,).

    Both are sums in which a day counts less than the day after it. Where the bound is nothing they
    stay as they are: variants are held against one another by them, and nobody is told of them.
    """
    counts = np.exp(-np.arange(bound.size)[::-1] / MEMORY)
    return _each(each * counts[:, np.newaxis]) / (float((bound * counts).sum()) or 1.0)


def _each(short: Lanes) -> Lanes:
    """The sum of each column.

    numpy adds in another order where there is one column only, or columns stand one after another
    in memory. A variant comes out the same, bit for bit, whatever is measured beside it.
    """
    found: Lanes = np.ascontiguousarray(short.T).sum(axis=1)
    return found


def _shortfall(demand: Lanes, ready: Lanes) -> Lanes:
    """Replicas that were needed and not ready, (ticks, variants); none where need is unknown."""
    found: Lanes = np.fmax(demand[:, np.newaxis] - ready, 0.0)
    return found


def _breached(fleets: Fleets, truth: Truth) -> Lanes:
    each = [
        breached_minutes(truth.signals, truth.demand, ready, truth.tick) for ready in fleets.ready.T
    ]
    return np.array([UNKNOWN if minutes is None else minutes for minutes in each])


def _by_day(each: Lanes, tick: float) -> Lanes:
    first = np.unique(np.ceil(np.arange(0.0, each.shape[0] * tick, DAY) / tick)).astype(np.int64)
    begun = first[first < each.shape[0]]  # a day may begin after the last tick, and before its end
    found: Lanes = np.add.reduceat(each, begun, axis=0)
    return found


def steady(short: Lanes, demand: float) -> Lanes:
    """Shortfall as a share of demand, by that of each day, (days, variants), but for the worst."""
    kept = max(0, short.shape[0] - WORST_DAYS)
    found: Lanes = _each(np.sort(short, axis=0)[:kept]) / demand
    return found


def front(found: Measured) -> Sequence[int]:
    """The variants that no other one beats in cost and in how it fails users, cheapest first.

    They are failed by what goes unserved, by sessions that are cut off, and by minutes in which
    they fare badly.
    """
    counted = [each for each in (found.disruptions, found.breached) if each.size]
    failed = np.nan_to_num(np.stack((found.unserved, *counted), axis=1))
    kept: list[int] = []
    for one in np.lexsort((*failed.T[::-1], found.replica_hours)).tolist():
        if not np.any(np.all(failed[kept] <= failed[one], axis=1)):
            kept.append(one)
    return kept


def recommended(found: Measured, objective: float, margin: float) -> int:
    """The cheapest variant that keeps the objective with a margin; else the one that fails least.

    What was measured on the past is not what will come: `margin` is the share of the objective that
    may be used up. A year has more in it than a month, so less than all of it should be.
    """
    keeps: NDArray[np.bool_] = found.unserved <= objective * margin
    if not keeps.any():
        return int(np.lexsort((found.replica_hours, found.unserved))[0])
    return int(np.argmin(np.where(keeps, found.replica_hours, np.inf)))

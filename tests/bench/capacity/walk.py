"""Settings chosen each midnight by the past alone, put in force as the loop does, and what came."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.capacity_policy.objective import prior
from ebbtide.loop.record.applied_settings import Aim, Applied
from ebbtide.loop.tuning.suggestion import Suggestion, next_applied
from ebbtide.planning.scoring.clairvoyant import least_replicas
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide.planning.tuning.judgement import Measured, of_late, steady
from ebbtide.planning.tuning.objective import CANDIDATES, DAYS, chosen, stress_test
from ebbtide_policies.lanes import Lanes
from tests.bench.capacity.series import DAY, TICK, Series


@dataclass(frozen=True)
class Days:
    """What every candidate asked for and failed, day by day."""

    series: Series
    asked: Lanes
    """(ticks, candidates)."""
    cost: Lanes
    """Replica-ticks, (days, candidates)."""
    demand: Lanes
    """(days)."""
    bound: Lanes
    """Replica-ticks that nobody can do without, (days)."""
    _short: dict[float, Lanes] = field(default_factory=dict, init=False, compare=False)

    def short(self, stress: float = 1.0) -> Lanes:
        """Shortfall, had so many times the demand come, (days, candidates)."""
        if stress not in self._short:
            need, boot = stress * self.series.need[:, np.newaxis], self.series.boot
            short = np.maximum(0.0, need - ready_replicas(self.asked, boot))
            self._short[stress] = np.add.reduceat(short, _first(self.series), axis=0)
        return self._short[stress]


class Walk(NamedTuple):
    """One objective over one series, with `tuning: Apply`."""

    objective: float
    unserved: float
    cost: float
    """Over the clairvoyant bound."""
    changes: float
    """Of the replicas asked for, a day."""
    by_prior: float
    """Share of the days on which too little was known to choose."""
    tuned: int
    """How often other settings were put in force."""
    asked: Lanes


def days_of(series: Series, asked: Lanes) -> Days:
    """Add up by the day."""
    first = _first(series)
    return Days(
        series=series,
        asked=asked,
        cost=np.add.reduceat(asked, first, axis=0, dtype=np.float64),
        demand=np.add.reduceat(series.need, first),
        bound=np.add.reduceat(least_replicas(series.need, series.boot), first),
    )


def _first(series: Series) -> NDArray[np.int64]:
    """The first tick of each day."""
    return np.arange(0, series.need.size, DAY)


def walk(days: Days, objective: float) -> Walk:
    """Choose for each day by those before it, and put what was asked for on the plant."""
    usual = CANDIDATES.index(prior(objective))
    held: Applied | None = None
    in_force, known, tuned = [], [], 0
    suggested = usual
    for day in range(days.demand.size):
        found = _pick(days, day, objective, suggested, usual)
        suggested = usual if found is None else found
        now = day * DAY * TICK
        told = Suggestion(objective, CANDIDATES[suggested], now, "", 0, now)
        before, held = held, next_applied(held, told, Aim(objective), now, quiet=True, soak=0.0)
        tuned += held is not None and (before is None or before.settings != held.settings)
        in_force.append(CANDIDATES.index(held.settings) if held else usual)
        known.append(found)
    parts = [days.asked[i * DAY : (i + 1) * DAY, one] for i, one in enumerate(in_force)]
    asked = np.concatenate(parts).astype(np.float64)
    unserved, cost = days.series.outcome(asked)
    return Walk(
        objective=objective,
        unserved=unserved,
        cost=cost,
        changes=float(np.count_nonzero(np.diff(asked)) / max(1.0, asked.size / DAY)),
        by_prior=float(np.mean([one is None for one in known])),
        tuned=tuned,
        asked=asked,
    )


def _pick(days: Days, day: int, objective: float, before: int, usual: int) -> int | None:
    """The candidate that the days before one speak for, if they are enough."""
    past = slice(max(0, day - DAYS), day)
    bound, demand = days.bound[past], max(float(days.demand[past].sum()), 1e-9)
    cost, under_stress = days.cost[past].sum(axis=0), days.short(stress_test(objective))[past]
    found = Measured(
        replica_hours=cost,
        beside_bound=cost / max(float(bound.sum()), 1e-9),
        unserved=days.short()[past].sum(axis=0) / demand,
        lately=of_late(days.cost[past], bound),
        missed=of_late(under_stress, bound),
        changes=np.zeros(cost.size),
        steady=steady(under_stress, demand),
    )
    return chosen(found, objective, float(past.stop - past.start), before, usual).candidate


def swept(days: Days, objectives: Sequence[float]) -> Sequence[Walk]:
    """Every objective over one series."""
    return [walk(days, one) for one in objectives]

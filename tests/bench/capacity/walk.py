"""Settings chosen each midnight by the past alone, and what came of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.api.objective import prior
from ebbtide.planning.objective import CANDIDATES, DAYS, chosen
from ebbtide.planning.plant import ready_replicas
from ebbtide.planning.tuning import Measured
from ebbtide_policies.lanes import Lanes
from tests.bench.capacity.series import DAY, Series


class Days(NamedTuple):
    """What every candidate asked for and failed, day by day."""

    series: Series
    asked: Lanes
    """(ticks, candidates)."""
    cost: Lanes
    """Replica-ticks, (days, candidates)."""
    short: Lanes
    """Shortfall, (days, candidates)."""
    demand: Lanes
    """(days)."""


class Walk(NamedTuple):
    """One objective over one series."""

    objective: float
    unserved: float
    cost: float
    """Over the clairvoyant bound."""
    changes: float
    """A day."""
    by_prior: float
    """Share of the days on which too little was known to choose."""
    asked: Lanes


def days_of(series: Series, asked: Lanes) -> Days:
    """Add up by the day."""
    first = np.arange(0, series.need.size, DAY)
    short = np.maximum(0.0, series.need[:, np.newaxis] - ready_replicas(asked, series.boot))
    return Days(
        series=series,
        asked=asked,
        cost=np.add.reduceat(asked, first, axis=0, dtype=np.float64),
        short=np.add.reduceat(short, first, axis=0),
        demand=np.add.reduceat(series.need, first),
    )


def walk(days: Days, objective: float) -> Walk:
    """Choose for each day by those before it, and put what was asked for on the plant."""
    picks = [_pick(days, day, objective) for day in range(days.demand.size)]
    parts = [days.asked[i * DAY : (i + 1) * DAY, one] for i, (one, _) in enumerate(picks)]
    asked = np.concatenate(parts).astype(np.float64)
    unserved, cost = days.series.outcome(asked)
    return Walk(
        objective=objective,
        unserved=unserved,
        cost=cost,
        changes=float(np.count_nonzero(np.diff(asked)) / max(1.0, asked.size / DAY)),
        by_prior=float(np.mean([known is None for _, known in picks])),
        asked=asked,
    )


def _pick(days: Days, day: int, objective: float) -> tuple[int, int | None]:
    """The candidate of a day, and the one that was chosen by evidence, if there was enough."""
    past = slice(max(0, day - DAYS), day)
    cost = days.cost[past].sum(axis=0)
    short, demand = days.short[past].sum(axis=0), max(float(days.demand[past].sum()), 1e-9)
    found = Measured(cost, cost, short / demand, np.zeros(cost.size))
    known = chosen(found, objective, float(past.stop - past.start)).candidate
    return (CANDIDATES.index(prior(objective)) if known is None else known), known


def swept(days: Days, objectives: Sequence[float]) -> Sequence[Walk]:
    """Every objective over one series."""
    return [walk(days, one) for one in objectives]

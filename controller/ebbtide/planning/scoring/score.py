"""What a scaler cost and whom it failed, and the HPA that is best in hindsight."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.experience import Modelled, breached_minutes
from ebbtide.planning.scoring.rivals import Behavior, Hpa, HpaSettings, Limit, Unit, run
from ebbtide.planning.simulated_fleet.plant import Census, ready_replicas
from ebbtide.planning.windows import lowest_ahead
from ebbtide_policies.demand import HOUR, MINUTE
from ebbtide_policies.lanes import Lanes, number, whole

LOADS = tuple(percent / 100 for percent in (*range(10, 40, 5), *range(40, 111)))
"""Targets that are tried for the best HPA, as shares of the target load."""
TUNED = Behavior((Limit(Unit.PERCENT, 10.0, 60.0),), window=300.0)
"""HPA's way down at its best: Percent 10 per 60 s after a window of 300 s."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What happened under one scaler: one entry a tick in every array, in replicas."""

    tick: float
    """Seconds."""
    demand: Lanes
    """Demand in replicas at target load; ticks where it is NaN count for cost only."""
    asked: Lanes
    ready: Lanes
    paid: Lanes
    """Replicas that cost money."""
    disruptions: int = 0

    @classmethod
    def told(cls, census: Sequence[Census], demand: Lanes, tick: float) -> "Course":
        """Read the course of a plant from its census at every tick."""
        return cls(
            tick=tick,
            demand=demand,
            asked=np.array([one.asked for one in census], dtype=np.float64),
            ready=np.array([one.ready for one in census], dtype=np.float64),
            paid=np.array([one.paid for one in census], dtype=np.float64),
            disruptions=sum(one.disrupted for one in census),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One scaler over one demand."""

    idle: float
    """Ready replicas above demand, in replica-hours."""
    replica_hours: float
    """Replicas paid for."""
    cost: float
    """The same in money."""
    shortfall: float
    """Demand above what ready replicas carry at target load, in replica-minutes."""
    worst_shortfall: float
    """The highest shortfall of one tick, in replicas."""
    unserved: float
    """Shortfall as a share of demand."""
    disruptions: int
    """Sessions that were on a pod when it was removed."""
    events: int
    """Changes of the replicas asked for."""
    largest_drop: float
    """Most replicas let go within 60 seconds."""
    breached: float | None = None
    """Minutes in which a signal of experience was beyond its limit; None: none is modelled."""


def score(course: Course, price: float = 0.0, signals: Sequence[Modelled] = ()) -> Score:
    """Score one course; `price`: cost of a replica for an hour."""
    hours = course.tick / HOUR
    above = course.ready - course.demand
    met = whole(course.demand) <= course.ready  # but for the noise of floating point
    short = np.where(met, 0.0, np.fmax(-above, 0.0)) + 0.0  # there is no -0
    demand = float(np.nansum(course.demand))
    paid = float(course.paid.sum())
    return Score(
        idle=float(np.fmax(above, 0.0).sum() * hours),
        replica_hours=paid * hours,
        cost=paid * hours * price,
        shortfall=float(short.sum() * course.tick / MINUTE),
        worst_shortfall=float(short.max(initial=0.0)),
        unserved=float(short.sum() / demand) if demand else 0.0,
        disruptions=course.disruptions,
        events=int(np.count_nonzero(np.diff(course.asked))),
        largest_drop=largest_drop(course.asked, course.tick, MINUTE),
        breached=breached_minutes(signals, course.demand, course.ready, course.tick),
    )


def largest_drop(asked: Lanes, tick: float, seconds: float) -> float:
    """Most replicas let go within `seconds`; two steps exactly that far apart do not add up."""
    ticks = int(np.ceil(seconds / tick))
    return float((asked - lowest_ahead(asked, ticks)).max(initial=0.0))


Demands = Sequence[tuple[DemandSeries, float]]
"""Signals of demand, each with what of it one ready replica carries at target load; the one
that asks for the most counts."""


def replicas_needed(demands: Demands, times: Lanes) -> Lanes:
    """The truth at some moments, in replicas at target load.

    Where nobody knows it, it is the straight line from the minute before to that after.
    """
    return np.asarray(np.max([series.at(times) / carried for series, carried in demands], axis=0))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One demand and one plant on which scalers are compared, from `start` up to `end`."""

    demands: Demands
    start: float
    end: float
    tick: float = 15.0
    lead: float = 180.0
    """Seconds from the moment a replica is asked for until it is ready."""
    delay: float = 30.0
    """Seconds until a minute can be read."""
    outages: Sequence[tuple[float, float]] = ()
    """When nothing can be read, from a moment up to another; epoch seconds."""
    price: float = 0.0
    signals: Sequence[Modelled] = ()
    """Signals of experience that follow from the load."""
    least: float = 1.0
    """Replicas that no scaler goes below."""

    @cached_property
    def times(self) -> Lanes:
        """Epoch seconds of the ticks."""
        return np.arange(self.start, self.end, self.tick)

    @cached_property
    def demand(self) -> Lanes:
        """The truth at every tick, in replicas at target load."""
        return replicas_needed(self.demands, self.times)

    @cached_property
    def seen(self) -> Lanes:
        """What a scaler reads at every tick, in replicas at target load; NaN where nothing is."""
        each = [series.seen(self.times, self.delay) / carried for series, carried in self.demands]
        found = np.asarray(np.max(each, axis=0))
        for start, end in self.outages:
            found[(self.times >= start) & (self.times < end)] = np.nan
        return found

    def course(self, asked: Lanes) -> Course:
        """Put the replicas that a scaler asked for on the plant."""
        ready = ready_replicas(asked, int(np.ceil(self.lead / self.tick)))
        return Course(tick=self.tick, demand=self.demand, asked=asked, ready=ready, paid=asked)

    def score(self, asked: Lanes) -> Score:
        """Score the replicas that a scaler asked for."""
        return score(self.course(asked), self.price, self.signals)


@dataclass(frozen=True, kw_only=True)
class Hindsight:
    """One rival at the target that was chosen after the fact."""

    load: float
    asked: Lanes
    """Replicas, one entry a tick."""
    score: Score


def best_hpa(
    trial: Trial, shortfall: float, loads: Sequence[float] = LOADS, down: Behavior = TUNED
) -> Hindsight:
    """Find the HPA (tolerance 1 %) that is the fairest peer of a scaler with a given shortfall.

    It is the one that falls short the least of those that fall short no less (in replica-minutes):
    who idles less than that one is better in both. Where every target is better, the one that
    idles least is taken. All loads run at once, one lane each.
    """
    lanes = np.asarray(loads, dtype=np.float64)
    least = max(trial.least, 1.0)  # an HPA knows no zero
    first = np.maximum(whole(trial.demand[0] / lanes), least)
    hpa = Hpa(HpaSettings(load=lanes, tolerance=0.01, down=down, minimum=least), first)
    asked = run(hpa, trial.seen, trial.tick, first)
    tried = [
        Hindsight(load=number(load), asked=asked[:, lane], score=trial.score(asked[:, lane]))
        for lane, load in enumerate(lanes)
    ]
    return min(tried, key=lambda one: _worth(one.score, shortfall))


def _worth(score: Score, shortfall: float) -> tuple[bool, float, float]:
    """Order scores: first those that are no better, from the closest on; the rest by idleness."""
    better = score.shortfall < shortfall
    return better, 0.0 if better else score.shortfall, score.idle

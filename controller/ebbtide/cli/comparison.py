"""Ebbtide beside what people would use instead, on the same demand and the same plant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ebbtide.cli.simulation import Frame, Simulation
from ebbtide.planning.clairvoyant import least_replicas
from ebbtide.planning.plant import BootTime, Plant, PlantSettings, drive
from ebbtide.planning.score import Course, Score, Trial, best_hpa, score
from ebbtide_policies.lanes import Lanes

HPA_SYNC = 15.0
"""Seconds from one decision of the HPA to the next, as Kubernetes has it."""
CLAIRVOYANT = "clairvoyant"


def compared(simulation: Simulation, key: str, frames: Sequence[Frame]) -> Mapping[str, Score]:
    """Scores of Ebbtide and, after it, of its rivals and the clairvoyant bound."""
    price = simulation.workbenches[key].spec.capacity.cost_per_hour or 0.0
    mine = score(simulation.course(key, frames), price)
    return {"ebbtide": mine, **rivals(simulation, key, frames, mine.shortfall)}


def rivals(
    simulation: Simulation, key: str, frames: Sequence[Frame], shortfall: float
) -> Mapping[str, Score]:
    """Scores of the HPA that is best in hindsight, of a fleet at its peak, and of the bound.

    The HPA has a tolerance of 1 %, goes down by 10 % a minute after a window of 300 s, and of all
    target loads the one that comes closest to a shortfall (replica-minutes) without being better.
    The bound is what the fewest replicas would have cost that leave nothing unserved.
    """
    trial = trial_of(simulation, key, frames)
    hpa = best_hpa(trial, shortfall)
    every = max(1, round(simulation.world.tick / HPA_SYNC))
    disrupted = _disrupted(simulation, trial, trial.times[::every], hpa.asked[::every])
    least = float(simulation.workbenches[key].spec.replicas.min)
    return {
        f"HPA, target load {hpa.load:.2f}": replace(hpa.score, disruptions=disrupted),
        "static peak": score(at_peak(simulation.course(key, frames)), trial.price),
        CLAIRVOYANT: _clairvoyant(trial, least),
    }


def trial_of(simulation: Simulation, key: str, frames: Sequence[Frame]) -> Trial:
    """The demand and the plant of a workload, as a rival finds them."""
    bench = simulation.workbenches[key]
    series, per_replica = bench.signals[0]
    return Trial(
        series=series,
        per_replica=per_replica,
        start=frames[0].now,
        end=frames[-1].now + simulation.world.tick,
        tick=HPA_SYNC,
        lead=bench.lead.median if isinstance(bench.lead, BootTime) else bench.lead,
        delay=simulation.world.delay,
        price=bench.spec.capacity.cost_per_hour or 0.0,
    )


def _disrupted(simulation: Simulation, trial: Trial, times: Lanes, asked: Lanes) -> int:
    """The sessions that a given way of scaling cuts off, on the same plant."""
    settings = PlantSettings(lead=trial.lead, session=simulation.world.session)
    if not settings.session:
        return 0
    rng = np.random.default_rng(simulation.world.seed)
    plant = Plant(settings, int(asked[0]), float(times[0]), rng)
    return sum(census.disrupted for census in drive(plant, times, asked, trial.series.at(times)))


def _clairvoyant(trial: Trial, least: float) -> Score:
    lead = int(np.ceil(trial.lead / trial.tick))
    return trial.score(least_replicas(trial.demand, lead, least=least))


def at_peak(course: Course) -> Course:
    """The same demand on a fleet that always has what its peak needs."""
    peak = np.full(course.asked.size, np.ceil(np.nanmax(course.demand)))
    return replace(course, asked=peak, ready=peak, paid=peak, disruptions=0)

"""Ebbtide beside what people would use instead, on the same demand and the same plant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from ebbtide.api.capacity_policy.settings_by_phase import least_replicas as least_of_any_phase
from ebbtide.api.capacity_policy.settings_by_phase import settings_in
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.simulation import Simulation
from ebbtide.planning.scoring.clairvoyant import Growth, least_replicas
from ebbtide.planning.scoring.score import Course, Hindsight, Score, Trial, best_hpa
from ebbtide.planning.simulated_fleet.plant import drive
from ebbtide.planning.simulated_fleet.plant_settings import usual
from ebbtide_policies.observation import Phase
from ebbtide_policies.rate import Rate, RateSettings
from ebbtide_policies.scale_up import ScaleUp

HPA_SYNC = 15.0
"""Seconds from one decision of the HPA to the next, as Kubernetes has it."""
CLAIRVOYANT = "clairvoyant"


def compared(simulation: Simulation, key: str, frames: Sequence[Frame]) -> Mapping[str, Score]:
    """Scores of Ebbtide and, after it, of its rivals and the clairvoyant bound."""
    mine = simulation.workbenches[key].scored(simulation.course(key, frames))
    return {"ebbtide": mine, **rivals(simulation, key, frames, mine.shortfall)}


def rivals(
    simulation: Simulation,
    key: str,
    frames: Sequence[Frame],
    shortfall: float,
    peak: Score | None = None,
) -> Mapping[str, Score]:
    """Scores of the HPA that is best in hindsight, of a fleet at its peak, and of the bound.

    The HPA has a tolerance of 1 %, goes down by 10 % a minute after a window of 300 s, and of all
    targets the one that comes closest to a shortfall (replica-minutes) without being better.
    It holds while nothing can be read. The bound is what the fewest replicas would have cost that
    leave nothing unserved and grow no faster than `rate` allows. `peak` is the score of the fleet
    at its peak, where it is known already.
    """
    trial = trial_of(simulation, key, frames)
    hpa = best_hpa(trial, shortfall)
    every = max(1, round(simulation.world.tick / HPA_SYNC))
    return {
        f"HPA, target {hpa.load:.2f}": _lived(simulation, key, (trial, every), hpa),
        "static peak": peak or static(simulation, key, frames),
        CLAIRVOYANT: _clairvoyant(trial, simulation.workbenches[key].spec),
    }


def trial_of(simulation: Simulation, key: str, frames: Sequence[Frame]) -> Trial:
    """The demand and the plant of a workload, as a rival finds them."""
    bench = simulation.workbenches[key]
    return Trial(
        demands=bench.signals,
        start=frames[0].now,
        end=frames[-1].now + simulation.world.tick,
        tick=HPA_SYNC,
        lead=usual(bench.lead),
        delay=simulation.world.delay,
        outages=simulation.world.outages,
        price=bench.price,
        signals=bench.gate.modelled,
        least=float(least_of_any_phase(bench.spec.replicas)),
    )


def _lived(simulation: Simulation, key: str, where: tuple[Trial, int], hpa: Hindsight) -> Score:
    """What a rival costs on a plant as eventful as that of the workload.

    Its load was chosen on a plant without mishaps; sessions are looked at every so many ticks.
    """
    bench, (trial, every) = simulation.workbenches[key], where
    settings = replace(simulation.world.plant, lead=bench.lead)
    if not settings.eventful and not settings.session:
        return hpa.score
    seen = slice(None) if settings.eventful else slice(None, None, every)
    times, asked = trial.times[seen], hpa.asked[seen]
    plant = simulation.plant_of(bench, int(asked[0]), float(times[0]))
    census = drive(plant, times, asked, bench.signals[0][0].at(times))
    if not settings.eventful:
        return replace(hpa.score, disruptions=sum(one.disrupted for one in census))
    return bench.scored(Course.told(census, trial.demand, trial.tick))


def static(simulation: Simulation, key: str, frames: Sequence[Frame]) -> Score:
    """The same demand on a fleet that always has what its peak needs, mishaps and all."""
    bench, settings = simulation.workbenches[key], simulation.world.plant
    course = simulation.course(key, frames)
    most = max(np.ceil(np.nanmax(course.demand)), bench.spec.replicas.min)
    peak = np.full(course.asked.size, most)
    if settings.loss or settings.zone_losses:
        times = np.array([frame.now for frame in frames])
        plant = simulation.plant_of(bench, int(peak[0]), float(times[0]))
        census = drive(plant, times, peak, bench.signals[0][0].at(times))
        return bench.scored(Course.told(census, course.demand, course.tick))
    calm = replace(course, asked=peak, ready=peak, paid=peak, disruptions=0)
    return bench.scored(calm)


def _clairvoyant(trial: Trial, spec: CapacityPolicySpec) -> Score:
    lead = int(np.ceil(trial.lead / trial.tick))
    growth = Growth.of(_fastest(spec), trial.tick)
    return trial.score(least_replicas(trial.demand, lead, growth=growth, least=trial.least))


def _fastest(spec: CapacityPolicySpec) -> ScaleUp:
    """A pace of scaling up that `rate` exceeds in no phase."""
    written = spec.written(Rate) or RateSettings()
    paces = [cast("RateSettings", settings_in(written, phase)).pace for phase in Phase]
    return ScaleUp(
        share=max(pace.share for pace in paces),
        replicas=max(pace.replicas for pace in paces),
        period=min(pace.period for pace in paces),
    )

"""What a replay can't know, and what of its demand is doubtful."""

from collections.abc import Iterator, Sequence

import numpy as np

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.error_messages import place
from ebbtide.api.timestamps import clock
from ebbtide.cli.simulation.announced_events import shapeless, unheard, unreckoned
from ebbtide.cli.simulation.demand import EVERY_QUERY, Recorded
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.simulation.spoken_overrides import effectless, unspoken
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.planning.demand.answering import unvouched
from ebbtide.planning.demand.clipped import flat_tops
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.linting.about_demand import query_path
from ebbtide.planning.scoring.score import Course
from ebbtide.planning.simulated_fleet.plant_settings import usual
from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.message import Message
from ebbtide_policies.phase import SURGE_BEGINS
from ebbtide_policies.sessions import Sessions

_MOST_TOLD = 3
"""Stretches that are told one by one."""


def remarks_on_all(simulation: Simulation, recorded: Recorded) -> Sequence[Message]:
    """What nobody meant of what is written and recorded, whichever workload it is."""
    return [
        *unheard(simulation, recorded),
        *unspoken(simulation, recorded.start),
        *one_for_all(simulation, recorded),
        *_boot_left_out(simulation.world),
    ]


def remarks_on(
    simulation: Simulation,
    recorded: Recorded,
    frames: Sequence[Frame],
    course: Course,
    of_all: Sequence[Message],
) -> Sequence[Message]:
    """What a replay of one workload can't know, and what nobody meant; each said once."""
    bench = simulation.workbenches[frames[0].workload]
    found = (
        *shapeless(simulation, bench.key, recorded),
        *unreckoned(frames),
        *effectless(simulation, frames),
        *of_all,
        *unmodelled(bench, course, simulation.world.plant.session),
        *remarks(bench, recorded.start),
    )
    return list(dict.fromkeys(found))


def one_for_all(simulation: Simulation, recorded: Recorded) -> Iterator[Message]:
    """Whether a recording stands for demand of several kinds, which it can't be of all."""
    benches = simulation.workbenches.values()
    asked = {signal.query for bench in benches for signal in bench.spec.signals().values()}
    if len(asked) > 1 and recorded.series.keys() == {EVERY_QUERY}:
        yield Message(
            "one recording stands for {} queries, whatever each counts: plan one signal at a time, "
            "or read each by its own query with --prometheus",
            (len(asked),),
        )


def _boot_left_out(world: Conditions) -> Iterator[Message]:
    """Whether two times until a replica is there were given, of which one holds."""
    if world.lead is not None and world.boot is not None:
        boot = usual(world.boot)
        yield Message(
            "boot of {:g} s is left out: --lead is all of the time until a replica is ready and "
            "warm; leave one of them out",
            (boot,),
        )


def unmodelled(bench: Workbench, course: Course, session: float) -> Iterator[Message]:
    """What a replay can't know of how users fared; a `session` lasts so many seconds, if any."""
    if bench.gate.foreign:
        yield Message(
            "experienceGate: not modelled: {}; a signal of that day tells of the fleet of that "
            "day, and live the gate may hold steps, or take them back: give a curve by the load "
            "(`experience` in a scenario)",
            (", ".join(bench.gate.foreign),),
        )
    if bench.spec.written(Sessions) and not session:
        yield Message(
            "sessions: not modelled: none lives on the plant, so none holds a pod, and live more "
            "replicas stay, for longer: say how long one lasts (`session` in a scenario)"
        )
    for one in bench.gate.modelled:
        if one.left(course.demand, course.ready):
            yield Message(
                "experience.{}: the load was above {:.0%}, where the curve ends: nothing is known "
                "of users there, so nothing is let go meanwhile",
                (one.name, one.curve.loads[-1]),
            )


def _young(minutes: Lanes, first: int) -> bool:
    """Whether the highest demand may be a surge that no day before it tells from the usual.

    What lies before `first` is history.
    """
    if np.isnan(minutes[first:]).all():
        return False
    peak = first + int(np.nanargmax(minutes[first:]))
    return peak < DAY / MINUTE and bool(minutes[peak] > SURGE_BEGINS * np.nanmedian(minutes))


def remarks(bench: Workbench, since: float) -> Iterator[Message]:
    """What a replay can't know, and where the recording may tell the capacity of its day.

    What lies before `since` (epoch seconds) is history, of which nothing is told.
    """
    series, _ = bench.signals[0]
    if _young(series.minutes, _first(series, since)):
        yield Message(
            "less than a day of the past is known at the highest demand: a surge that nobody "
            "announced stays in Peace, as nobody knows yet what is usual"
        )
    for name, (series, _) in zip(bench.spec.signals(), bench.signals, strict=True):
        first = _first(series, since)
        yield from _unknown(series, first)
        yield from _unvouched(bench.spec, name, series, first)
        yield from _flat(series, first)


def _first(series: DemandSeries, since: float) -> int:
    """The first minute that is replayed."""
    return max(0, round((since - series.start) / MINUTE))


def _unknown(series: DemandSeries, first: int) -> Iterator[Message]:
    replayed = series.minutes[first:]
    unknown = int(np.count_nonzero(np.isnan(replayed)))
    if unknown:
        yield Message(
            "{:,} of {:,} minutes of demand are unknown: live, nothing is let go in them, and the "
            "scores take a straight line from what came before to what came after",
            (unknown, replayed.size),
        )


def _unvouched(
    spec: CapacityPolicySpec, name: str, series: DemandSeries, first: int
) -> Iterator[Message]:
    """Where nobody knows whether the scrape targets of a signal answered."""
    asked, minutes = spec.signals()[name].alive, unvouched(series)[first:]
    if asked is None or not minutes.any():
        return
    field = place(("spec", *query_path(spec, name)[:-1], "alive", "query"))
    if minutes.all():
        yield Message(
            "{}: {!r} has no answer in all of that time: nobody knows whether the scrape targets "
            "answered, so nothing is let go, as live; look at the names of the metric and of its "
            "labels",
            (field, asked.query),
        )
    else:
        yield Message(
            "{}: {!r} has no answer in {:,} of {:,} minutes: nobody knows whether the scrape "
            "targets answered in them, so nothing is let go, as live",
            (field, asked.query, int(np.count_nonzero(minutes)), minutes.size),
        )


def _flat(series: DemandSeries, first: int) -> Iterator[Message]:
    found = [run for run in flat_tops(series.minutes, series.apart) if run[1] > first]
    for run in found[:_MOST_TOLD]:
        begin, end = (clock(series.start + MINUTE * row, "%Y-%m-%d %H:%M") for row in run)
        yield Message(
            "demand lies flat at its top, {:,.0f}, {} to {} UTC: if the fleet of that day could "
            "carry no more, the true demand was higher",
            (series.minutes[run[0]], begin, end),
        )
    if len(found) == _MOST_TOLD + 1:
        yield Message("and so it does in one more stretch")
    elif len(found) > _MOST_TOLD:
        yield Message("and so it does in {:,} more stretches", (len(found) - _MOST_TOLD,))

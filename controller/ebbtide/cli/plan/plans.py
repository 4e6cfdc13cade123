"""What came out of a plan for each workload, with its scores and what a replay can't know."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.timestamps import clock
from ebbtide.cli.plan.announced_events import events_of, shapeless, unheard
from ebbtide.cli.plan.output import (
    PlanOutput,
    experience_outputs,
    score_output,
    step_outputs,
    tier_outputs,
)
from ebbtide.cli.report.html import Planned
from ebbtide.cli.simulation.comparison import rivals, static
from ebbtide.cli.simulation.demand import EVERY_QUERY, Recorded
from ebbtide.cli.simulation.simulation import Frame, Simulation
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.planning.demand.clipped import clipped
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.experience import Fared, fared
from ebbtide.planning.scoring.score import HOUR, Course, Score
from ebbtide.planning.scoring.tiers import TierScore, by_tier
from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase
from ebbtide_policies.phase import SURGE_BEGINS

_FLAT = 15
"""Minutes that a recording lies flat at its top before it is remarked."""
_MOST_TOLD = 3
"""Stretches that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What came out for one workload."""

    workload: str
    frames: Sequence[Frame]
    score: Score
    static: Score
    """The same demand on a fleet that always has what its peak needs."""
    simulation: Simulation
    """Where it came out."""
    tiers: Mapping[str, TierScore]
    """By tier of users, the most valuable first."""
    remarks: Sequence[Message] = ()
    """What the replay can't know."""
    experience: Mapping[str, Fared] = field(default_factory=dict)
    """What the modelled signals of experience came to."""

    @property
    def phases(self) -> Mapping[Phase, float]:
        """Hours in each phase."""
        hours = self.simulation.world.tick / HOUR
        counted = Counter(frame.phase for frame in self.frames)
        return {phase: counted[phase] * hours for phase in Phase if counted[phase]}

    @property
    def output(self) -> PlanOutput:
        """The same for programs."""
        _, per_replica = self.simulation.workbenches[self.workload].signals[0]
        return PlanOutput(
            workload=self.workload,
            score=score_output(self.score),
            static_peak=score_output(self.static),
            demand_minutes_short=self.score.shortfall * per_replica,
            phases=dict(self.phases),
            tiers=tier_outputs(self.tiers),
            experience=experience_outputs(self.experience),
            remarks=list(map(str, self.remarks)),
            steps=step_outputs(self.frames),
        )

    @property
    def _rivals(self) -> Mapping[str, Score]:
        known = self.score.shortfall, self.static
        return rivals(self.simulation, self.workload, self.frames, *known)

    @property
    def planned(self) -> Planned:
        """The same for a report, beside what people would use instead."""
        return Planned(
            workload=self.workload,
            frames=self.frames,
            tick=self.simulation.world.tick,
            scores={"ebbtide": self.score, **self._rivals},
            remarks=self.remarks,
            events=events_of(self.simulation, self.workload),
            tiers=self.tiers,
            experience=self.experience,
        )


def plans_of(
    simulation: Simulation, recorded: Recorded, tiers: Mapping[str, float]
) -> Iterator[Plan]:
    """Decide over a recording, and score what came out for each workload."""
    tick = simulation.world.tick
    frames: dict[str, list[Frame]] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("deciding", total=recorded.end - recorded.start)
        for decided in simulation.run(recorded.start, recorded.end + tick):
            for frame in decided:
                frames.setdefault(frame.workload, []).append(frame)
            progress.update(task, advance=tick)
    of_all = [*unheard(simulation, recorded), *one_for_all(simulation, recorded)]
    for key, told in frames.items():
        course = simulation.course(key, told)
        bench = simulation.workbenches[key]
        yield Plan(
            workload=key,
            frames=told,
            score=bench.scored(course),
            static=static(simulation, key, told),
            simulation=simulation,
            tiers=by_tier(course, bench.signals[0][1], tiers),
            remarks=[
                *shapeless(simulation, key, recorded),
                *of_all,
                *unmodelled(bench, course),
                *remarks(bench, recorded.start),
            ],
            experience=fared(bench.gate.modelled, course.demand, course.ready, tick),
        )


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


def unmodelled(bench: Workbench, course: Course) -> Iterator[Message]:
    """What a replay can't know of how users fared."""
    if bench.gate.foreign:
        yield Message(
            "experienceGate: not modelled: {}; a signal of that day tells of the fleet of that "
            "day, and live the gate may hold steps, or take them back: give a curve by the load "
            "(`experience` in a scenario)",
            (", ".join(bench.gate.foreign),),
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
    for series, _ in bench.signals:
        first = _first(series, since)
        yield from _unknown(series, first)
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


def _flat(series: DemandSeries, first: int) -> Iterator[Message]:
    found = [run for run in clipped(series.minutes, least=_FLAT) if run[1] > first]
    for run in found[:_MOST_TOLD]:
        begin, end = (clock(series.start + MINUTE * row, "%Y-%m-%d %H:%M") for row in run)
        yield Message(
            "demand lies flat at its top, {:,.0f}, {} to {} UTC: if the fleet of that day could "
            "carry no more, the true demand was higher",
            (series.minutes[run[0]], begin, end),
        )
    if len(found) > _MOST_TOLD:
        yield Message("and so it does in {:,} more stretches", (len(found) - _MOST_TOLD,))

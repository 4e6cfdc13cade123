"""What came out of a plan for each workload, with its scores and what a replay can't know."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ebbtide.cli.plan.output import (
    PlanOutput,
    experience_outputs,
    score_output,
    step_outputs,
    tier_outputs,
)
from ebbtide.cli.report.planned import Planned
from ebbtide.cli.report.spans import spans_of
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.announced_events import events_of
from ebbtide.cli.simulation.comparison import rivals, static
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.remarks import remarks_on, remarks_on_all
from ebbtide.cli.simulation.simulation import Simulation
from ebbtide.planning.scoring.experience import Fared, fared
from ebbtide.planning.scoring.score import Score, replicas_needed, score
from ebbtide.planning.scoring.tiers import TierScore, by_tier
from ebbtide_policies.demand import HOUR
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase


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
    demand_minutes_short: float
    """What went unserved of the first signal, in its own units."""
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
        return PlanOutput(
            workload=self.workload,
            score=score_output(self.score),
            static_peak=score_output(self.static),
            demand_minutes_short=self.demand_minutes_short,
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
            events=spans_of(events_of(self.simulation, self.workload)),
            tiers=self.tiers,
            experience=self.experience,
        )


def plans_of(
    simulation: Simulation, recorded: Recorded, tiers: Mapping[str, float], said: Words
) -> Iterator[Plan]:
    """Decide over a recording, and score what came out for each workload."""
    tick = simulation.world.tick
    frames: dict[str, list[Frame]] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(said["deciding"], total=recorded.end - recorded.start)
        for decided in simulation.run(recorded.start, recorded.end + tick):
            for frame in decided:
                frames.setdefault(frame.workload, []).append(frame)
            progress.update(task, advance=tick)
    of_all = remarks_on_all(simulation, recorded)
    for key, told in frames.items():
        course = simulation.course(key, told)
        bench = simulation.workbenches[key]
        first, per_replica = bench.signals[:1], bench.signals[0][1]
        times = np.array([frame.now for frame in told])
        of_first = replace(course, demand=replicas_needed(first, times))
        yield Plan(
            workload=key,
            frames=told,
            score=bench.scored(course),
            static=static(simulation, key, told),
            simulation=simulation,
            demand_minutes_short=score(of_first).shortfall * per_replica,
            tiers=by_tier(of_first, per_replica, tiers),
            remarks=remarks_on(simulation, recorded, told, course, of_all),
            experience=fared(bench.gate.modelled, course.demand, course.ready, tick),
        )

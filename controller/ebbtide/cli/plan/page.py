"""A plan as a page for a terminal: the time in rows, then what it cost and whom it failed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.timestamps import clock, worded
from ebbtide.cli.cluster.explain import STYLES
from ebbtide.cli.figures import amount, figure, share
from ebbtide.cli.plan.scores import Scores
from ebbtide.cli.report.measures import fared_figures
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.experience import Fared
from ebbtide.planning.scoring.score import Score
from ebbtide.planning.scoring.tiers import TierScore
from ebbtide_policies.observation import Phase

ROWS = 24
_BAR = 16


class Told(Protocol):
    """What came out for one workload."""

    @property
    def workload(self) -> str: ...
    @property
    def frames(self) -> Sequence[Frame]: ...
    @property
    def score(self) -> Score: ...
    @property
    def static(self) -> Score: ...
    @property
    def phases(self) -> Mapping[Phase, float]: ...
    @property
    def tiers(self) -> Mapping[str, TierScore]: ...
    @property
    def experience(self) -> Mapping[str, Fared]: ...


def planned(told: Told, said: Words) -> RenderableType:
    """One workload: when how many replicas, and the scores beside a fleet at its peak."""
    disrupted = bool(told.score.disruptions or told.static.disruptions)
    rows = {"ebbtide": told.score, "static peak": told.static}
    beside = Scores(rows=rows, disruptions=disrupted, said=said)
    tiers: Sequence[RenderableType] = ("", _tiers(told.tiers, said)) if told.tiers else ()
    users = ("", _fared(told.experience, said)) if told.experience else ()
    below: Sequence[RenderableType] = (*users, "", _phases(told.phases, said), *tiers, "")
    return Group(*_head(told, said), "", _course(told.frames, said), "", beside, *below)


def _head(told: Told, said: Words) -> Sequence[Text]:
    """Which workload, when, and how many replicas at most."""
    first, last = (clock(told.frames[i].now, "%Y-%m-%d %H:%M") for i in (0, -1))
    peak = max(told.frames, key=lambda frame: frame.desired)
    most = said["peak_of_one" if peak.desired == 1 else "peak_at"]
    span = said["span"].format(first=first, last=last)
    return [
        Text.assemble((told.workload, "bold"), f"  {span}"),
        Text(most.format(most=peak.desired, when=worded(peak.now, said["row_at"]))),
        Text(said["unit"], "dim"),
    ]


def _phases(hours: Mapping[Phase, float], said: Words) -> Text:
    parts = (
        (f"  {phase.value} {spent:,.1f} h", STYLES.get(phase.value, ""))
        for phase, spent in hours.items()
    )
    return Text.assemble((said["phases_spent"], "dim"), *parts)


def _fared(experience: Mapping[str, Fared], said: Words) -> Table:
    """What the modelled signals of experience came to."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(said["head_experience"], no_wrap=True)
    for name in ("head_worst", "head_limit", "head_beyond"):
        table.add_column(said[name], justify="right")
    for name, one in experience.items():
        table.add_row(name, *fared_figures(one))
    return table


def _tiers(tiers: Mapping[str, TierScore], said: Words) -> Table:
    """Whom the shortfall hit."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(said["head_tier"], no_wrap=True)
    for name in ("head_tier_share", "head_tier_short", "head_tier_worst", "head_unserved"):
        table.add_column(said[name], justify="right")
    for name, one in tiers.items():
        table.add_row(
            name,
            f"{one.share:.0%}",
            amount(one.shortfall),
            amount(one.worst_minute),
            share(one.unserved),
        )
    return table


def _course(frames: Sequence[Frame], said: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column(said["head_from"], no_wrap=True)
    table.add_column(said["head_phase"])
    for name in ("head_demand", "head_desired", "head_ready"):
        table.add_column(said[name], justify="right", no_wrap=True)
    table.add_column(f" {said['head_spare']}", no_wrap=True)
    table.add_column(said["head_mostly"], style="dim", overflow="fold")
    most = max(_known(_demand(frames)), *(float(f.desired) for f in frames))
    parts = _parts(frames)
    moment = said["row_at" if _minutes_apart(parts) else "row_at_second"]
    for part in parts:
        peak = max(part, key=lambda frame: frame.desired)
        phase = Counter(frame.phase.value for frame in part).most_common(1)[0][0]
        table.add_row(
            worded(part[0].now, moment),
            Text(phase, STYLES.get(phase, "")),
            figure(_demand(part)),
            f"{peak.desired:,}",
            f"{max(f.ready for f in part):,}",
            Text(" ").append(bar(_demand(part), peak.desired, most)),
            Counter(frame.reason for frame in part).most_common(1)[0][0],
        )
    return table


def _demand(frames: Sequence[Frame]) -> float:
    """The highest known demand, in replicas; NaN where none is known."""
    return max((f.demand for f in frames if not math.isnan(f.demand)), default=math.nan)


def _known(demand: float) -> float:
    return 0.0 if math.isnan(demand) else demand


def _minutes_apart(parts: Sequence[Sequence[Frame]]) -> bool:
    """Whether no two rows begin in the same minute."""
    minutes = [part[0].now // 60 for part in parts]
    return len(set(minutes)) == len(minutes)


def bar(demand: float, desired: float, most: float, width: int = _BAR) -> Text:
    """Demand as a full bar, the spare capacity above it as a light one; empty where unknown."""
    scale = width / max(most, 1e-9)
    full = round(scale * min(_known(demand), most))
    spare = max(0, round(scale * min(desired, most)) - full)
    return Text.assemble(("█" * full, "blue"), ("░" * spare, "cyan"))


def _parts(frames: Sequence[Frame]) -> Sequence[Sequence[Frame]]:
    size = max(1, -(-len(frames) // ROWS))
    return [frames[i : i + size] for i in range(0, len(frames), size)]

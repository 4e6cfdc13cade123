"""Policies side by side as a page for a terminal: the scores, then where they differ most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.timestamps import clock, worded
from ebbtide.cli.figures import NONE_SIGN
from ebbtide.cli.plan.scores import Scores
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.comparison import CLAIRVOYANT
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.score import Score
from ebbtide_policies.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stretch in which the policies differ, and what each did where they differ most."""

    begin: float
    end: float
    at: Mapping[str, Frame]
    """What each decided at the widest difference."""


def page(
    told: Mapping[str, Score], moments: Sequence[Moment], remarks: Sequence[Message], said: Words
) -> RenderableType:
    """The scores, the cost beside the clairvoyant bound, the moments, and what is not known."""
    bound = told[CLAIRVOYANT].replica_hours

    def beside(one: Score) -> str:
        return f"{one.replica_hours / bound:.3f}" if bound else NONE_SIGN

    table = Scores(rows=told, more={said["times_bound"]: beside}, said=said)
    unknown = [
        line for remark in remarks for line in ("", Text(f"! {said.told(remark)}", "yellow"))
    ]
    if not moments:
        return Group(table, "", said["alike"], *unknown)
    return Group(table, "", said["differ"], _differences(moments, said), *unknown)


def _differences(moments: Sequence[Moment], said: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(said["head_utc"], no_wrap=True)
    table.add_column(said["head_policy"])
    table.add_column(said["head_replicas"], justify="right")
    table.add_column(said["head_because"], overflow="fold")
    for moment in moments:
        end = said["until"].format(clock(moment.end, "%H:%M"))
        times = [worded(moment.begin, said["row_at"]), end]
        for i, (name, frame) in enumerate(moment.at.items()):
            table.add_row(
                times[i] if i < len(times) else "",
                name,
                f"{frame.desired:,}",
                Text.assemble((frame.reason, "bold"), said["because"], said.told(frame.why)),
            )
    return table

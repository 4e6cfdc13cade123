"""Readiness in figures, for every table that shows it."""

from collections.abc import Iterator, Sequence

from ebbtide.api.timestamps import clock
from ebbtide.cli.figures import NONE_SIGN, UNKNOWN_SIGN, amount, figure, money, share
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.cli.plan.readiness.sentences import short, wall
from ebbtide.cli.report.translations import Words
from ebbtide_policies.message import Message

Cells = Sequence[str | Message]


def told_in(said: Words, cells: Cells) -> Sequence[str]:
    """The cells of a row in the words of a language."""
    return [cell if isinstance(cell, str) else said.told(cell) for cell in cells]


def workload_cells(ready: Readiness) -> Iterator[Cells]:
    """Workload, replicas now, its peak, when, at most, what these carry, and the first wall."""
    fleets = {fleet.workload: fleet for fleet in ready.state.site.fleets}
    for key, peak in ready.peaks.items():
        fleet, most = fleets.get(key), ready.most.get(key)
        replayed = Message("{} of the replay", (clock(peak.at, "%Y-%m-%d %H:%M"),))
        yield (
            key.partition("/")[2],
            f"{fleet.replicas:,}" if fleet else UNKNOWN_SIGN,
            f"{peak.replicas:,}",
            peak.event or replayed,
            f"{most.replicas:,}" if most else UNKNOWN_SIGN,
            figure(most.demand) if most else UNKNOWN_SIGN,
            wall(most.lacks) if most else UNKNOWN_SIGN,
        )


def range_cells(ready: Readiness) -> Iterator[Cells]:
    """Times, the peak, replica-hours, their cost, what is unserved, and what is missing."""
    for one in ready.ranges:
        yield (
            f"{one.times:g}",
            f"{one.replicas:,}",
            amount(one.replica_hours),
            money(one.cost),
            share(one.unserved),
            short(one.lacks) or NONE_SIGN,
        )

"""Where the demand of a plan comes from: a CSV, or the past in Prometheus."""

import pathlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer

from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.timestamps import clock
from ebbtide.cli.durations import seconds
from ebbtide.cli.simulation.prometheus_past import AskedOf, asked_of, read_past
from ebbtide.cli.simulation.recordings import recording_in
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.metrics import Span
from ebbtide.planning.demand.series import DemandSeries, by_minute
from ebbtide.planning.demand.what_if import WhatIf
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.quantities import show_duration

CsvFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--csv", "--parquet", metavar="FILE", help="Recorded demand: columns timestamp,value."
    ),
]
PrometheusUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Read the demand there, in place of --csv.")
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="How far back; of a file, what lies before is history. Default: all of a file; with "
        "--prometheus 1d.",
    ),
]
TickEvery = Annotated[str, typer.Option(metavar="DURATION", help="From one decision to the next.")]
UsualTick = Annotated[
    str | None,
    typer.Option(
        "--tick",
        metavar="DURATION",
        help="From one decision to the next. Default: 15s; over more than six hours 60s.",
    ),
]
_LONG = 6 * 3600.0
_USUAL = "1d"
"""How far back Prometheus is read, if nobody says it."""


EVERY_QUERY = "", "", ""
"""What a series stands under that answers every query."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Demand that is known, and the moments between which it is replayed."""

    series: Mapping[AskedOf, DemandSeries]
    """By what was asked; where that is not there, the one under `EVERY_QUERY`."""
    start: float
    end: float

    @property
    def answer_all(self) -> DemandSeries:
        """The one series that answers every query."""
        return self.series[EVERY_QUERY]

    def answer(self, manifest: Manifest, signal: SignalSpec) -> DemandSeries:
        """The demand behind a signal of a policy."""
        return self.series.get(asked_of(manifest.namespace, signal)) or self.answer_all

    def between(self, start: float | None, end: float | None) -> "Recorded":
        """Only some of it replayed, by epoch seconds; what lies before is history.

        Raises:
            InvalidInput: that is outside of what is known.

        """
        first = self.start if start is None else start
        last = self.end if end is None else end
        if not self.start <= first < last <= self.end:
            spans = [
                " to ".join(clock(at, "%Y-%m-%d %H:%M") for at in pair)
                for pair in ((first, last), (self.start, self.end))
            ]
            raise InvalidInput(
                f"start and end have to lie within the demand: {spans[0]} UTC is asked for, and "
                f"{spans[1]} is known"
            )
        return replace(self, start=first, end=last)

    def last(self, since: str | None) -> "Recorded":
        """Only the last of it replayed, a duration long; what lies before is history.

        Raises:
            InvalidInput: it is no duration.

        """
        if since is None:
            return self
        return replace(self, start=max(self.start, self.end - _whole_minutes(since)))

    def decided_every(self, tick: float, option: str) -> float:
        """The same seconds, where more than one decision is made in what is replayed.

        Raises:
            InvalidInput: there is not; `option` is what says the tick.

        """
        span = self.end - self.start
        if tick > span:
            told, long = show_duration(tick), show_duration(span)
            raise InvalidInput(f"{option} {told}: {long} are replayed; write {long} or less")
        return tick

    def if_it_were(self, supposed: WhatIf) -> "Recorded":
        """The same with the demand that is replayed changed.

        Raises:
            InvalidInput: nothing is known of what is replayed any more.

        """
        series = {key: supposed.of(one, self.start) for key, one in self.series.items()}
        replayed = np.arange(self.start, self.end + 1, MINUTE)
        told = (one.recorded(replayed) for one in series.values())
        if supposed.later and any(np.isnan(minutes).all() for minutes in told):
            raise InvalidInput(
                "later: it moves all of the demand out of the time that is replayed; move it by "
                f"less than {show_duration(self.end - self.start)}"
            )
        return replace(self, series=series)


def _whole_minutes(since: str) -> float:
    return seconds("--since", since, 120) // MINUTE * MINUTE


def tick_of(text: str | None, recorded: Recorded) -> float:
    """Seconds from one decision to the next; the more is replayed, the coarser, if nobody says it.

    Raises:
        InvalidInput: it is no duration, shorter than a second, or longer than what is replayed.

    """
    long = recorded.end - recorded.start > _LONG
    tick = seconds("--tick", text or ("60s" if long else "15s"), 1)
    return recorded.decided_every(tick, "--tick")


def demand_of(
    manifests: Sequence[Manifest],
    csv: pathlib.Path | None,
    prometheus: str | None,
    since: str | None,
) -> Recorded:
    """The demand of some policies, from where the command line says.

    Raises:
        InvalidInput: there is no policy, or it does not say where.
        MetricsUnavailable: a query has no answer.

    """
    if not any(manifest.kind == CAPACITY_POLICY.name for manifest in manifests):
        raise InvalidInput("there is no CapacityPolicy in these files")
    if csv and not prometheus:
        return from_file(csv).last(since)
    if prometheus and not csv:
        return from_prometheus(prometheus, manifests, seconds("--since", since or _USUAL, 120))
    raise InvalidInput("say where the demand is: either --csv FILE or --prometheus URL")


def from_file(path: pathlib.Path) -> Recorded:
    """One recording, CSV or Parquet, that answers every query; all of it is replayed.

    Raises:
        InvalidInput: the file can't be read or understood.

    """
    series = by_minute(recording_in(path))
    return Recorded({EVERY_QUERY: series}, series.start, series.end)


def from_prometheus(
    url: str, manifests: Sequence[Manifest], span: float, until: float | None = None
) -> Recorded:
    """The last `span` seconds of every query, with as much history before as its policy wants.

    They end at `until` (epoch seconds), or now.

    Raises:
        MetricsUnavailable: a query has no answer.

    """
    end, span = (at // MINUTE * MINUTE for at in (until or time.time(), span))
    return Recorded(read_past(url, manifests, Span(end - span, end)), end - span, end)

"""Events on recorded demand: with and without an announcement, and while they ebb away."""

import pathlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from rich.table import Table

from ebbtide.cli.backtest_inputs import from_files
from ebbtide.cli.models import Make
from ebbtide.forecast.backtest import Rows, Series
from ebbtide.forecast.contract import Announcement, Context, Floats, SeriesContext
from ebbtide_policies.event_shape import captured

HOUR = 3600.0
HORIZON = 3 * HOUR
FEW_MINUTES = 300.0
EBB_HOURS = 4
TWO_DAYS = 2
"""Days from which on an ordinary one is known."""


class Span(NamedTuple):
    """A stretch of one series."""

    series: str
    start: str
    hours: float

    @property
    def moments(self) -> tuple[float, float]:
        """Its start and end in epoch seconds."""
        start = datetime.fromisoformat(self.start).replace(tzinfo=UTC).timestamp()
        return start, start + HOUR * self.hours


class Event(NamedTuple):
    """An event, and the earlier one that it was announced to be like."""

    name: str
    span: Span
    like: Span


_GDQ = "gdq_{}_twitch_viewers_1min"
_CUP = "worldcup98_requests_1min"
_MATCHES = (
    (11, 10, ("15:30", "19:00")),
    (12, 11, ("15:30", "19:00")),
    (15, 12, ("12:30", "15:30", "19:00")),
    (16, 15, ("15:30", "19:00")),
    (17, 16, ("15:30", "19:00")),
    (18, 17, ("15:30", "19:00")),
    (19, 18, ("15:30", "19:00")),
)
"""Kick-offs (UTC) of a working day, each announced to be like those of the working day before."""
EVENTS = (
    Event(
        "AGDQ 2018 opens, like SGDQ 2017",
        Span(_GDQ.format("agdq2018"), "2018-01-07 16:30", 7),
        Span(_GDQ.format("sgdq2017"), "2017-07-02 16:30", 7),
    ),
    *(
        Event(
            f"World Cup, {day} June {at}, like {before} June",
            Span(_CUP, f"1998-06-{day} {at}", 2.5),
            Span(_CUP, f"1998-06-{before} {at}", 2.5),
        )
        for day, before, kick_offs in _MATCHES
        for at in kick_offs
    ),
)
EBBS = ("reddit2018_announcements_active_users_10min",)


class Told(NamedTuple):
    """Errors as shares of the demand that came."""

    name: str
    measure: str
    errors: dict[str, float]


def announced(folder: pathlib.Path, make: Make) -> Iterator[Told]:
    """The error of the first hour of each event, with and without its announcement."""
    known = {series.name: series for series in from_files([folder])}
    for event in EVENTS:
        if event.span.series in known and event.like.series in known:
            context = Context((SeriesContext(events=(_announcement(event, known),)),))
            errors = {
                "announced": _first_hour(known[event.span.series], event, make, context),
                "not announced": _first_hour(known[event.span.series], event, make, Context()),
            }
            yield Told(event.name, "first hour", errors)


def ebbs(folder: pathlib.Path, makers: dict[str, Make]) -> Iterator[Told]:
    """The error over the four hours after the highest point of a series, by model."""
    known = {series.name: series for series in from_files([folder])}
    for name in EBBS:
        if name in known:
            errors = {model: _after_peak(known[name], make) for model, make in makers.items()}
            yield Told(name, f"{EBB_HOURS} h after the peak", errors)


def _announcement(event: Event, known: dict[str, Series]) -> Announcement:
    """What a calendar says of it: the shape of the earlier one, and how far that rose."""
    earlier = known[event.like.series]
    first, last = (_row(earlier, moment) for moment in event.like.moments)
    values = earlier.values[first : last + 1]
    usual = _usual(earlier, first, last)
    start, end = event.span.moments
    times = float(np.nanmax(values)) / usual
    return Announcement(start=start, end=end, times=times, shape=tuple(captured(values).tolist()))


def _usual(series: Series, first: int, last: int) -> float:
    """The highest demand of an ordinary day between the same hours, or that of the hour before."""
    day, hour = round(24 * HOUR / series.grid), round(HOUR / series.grid)
    known = [back for back in range(1, 8) if first >= back * day]
    if len(known) < TWO_DAYS:
        return float(np.nanmedian(series.values[first - hour : first]))
    days = [series.values[first - back * day : last + 1 - back * day] for back in known]
    return float(np.nanmax(np.nanmedian(np.stack(days), axis=0)))


def _first_hour(series: Series, event: Event, make: Make, context: Context) -> float:
    """Of all forecasts from an hour before until an hour into the event, for that hour."""
    start, _ = event.span.moments
    forecaster, missed, came = make(), 0.0, 0.0
    every = max(1, round(FEW_MINUTES / series.grid))
    hour = round(HOUR / series.grid)
    begin = _row(series, start)
    for row in range(begin - hour, begin + hour, every):
        known = series.upto(row, row + 1)
        made = forecaster.forecast(known, round(HORIZON / series.grid), context)
        targets = np.arange(max(row + 1, begin), begin + hour)
        error, truth = _missed(series, made.values[0, :, 0], row, targets)
        missed, came = missed + error, came + truth
    return missed / came


def _after_peak(series: Series, make: Make) -> float:
    """Of all forecasts made in those hours, up to an hour ahead."""
    peak, hour = int(np.nanargmax(series.values)), round(HOUR / series.grid)
    forecaster, missed, came = make(), 0.0, 0.0
    for row in range(peak, peak + EBB_HOURS * hour):
        made = forecaster.forecast(series.upto(row, row + 1), 2 * hour)
        targets = np.arange(row + 1, row + 1 + hour)
        error, truth = _missed(series, made.values[0, :, 0], row, targets)
        missed, came = missed + error, came + truth
    return missed / came


def _missed(series: Series, made: Floats, row: int, targets: Rows) -> tuple[float, float]:
    truth = series.values[targets]
    error = np.abs(made[targets - row - 1] - truth)
    return float(np.nansum(error)), float(np.nansum(truth))


def _row(series: Series, moment: float) -> int:
    return round((moment - series.start) / series.grid)


def table(found: Sequence[Told]) -> Table:
    """Errors side by side."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    made.add_column("EVENT")
    for head in found[0].errors:
        made.add_column(head.upper(), justify="right")
    for one in found:
        least = min(one.errors.values())
        cells = [
            f"[bold green]{e:.1%}[/]" if e == least else f"{e:.1%}" for e in one.errors.values()
        ]
        made.add_row(one.name, *cells)
    return made

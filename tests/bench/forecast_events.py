"""Events on recorded demand: with and without an announcement, and while they ebb away."""

import pathlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from rich.table import Table
from rich.text import Text

from ebbtide.cli.backtest.inputs import from_files
from ebbtide.cli.models import Make
from ebbtide.forecast.contract import Announcement, Context, Floats, Forecaster, Rows, SeriesContext
from ebbtide.forecast.evaluation.backtest import Series
from ebbtide_policies.event_shape import captured

HOUR = 3600.0
HORIZON = 3 * HOUR
FEW_MINUTES = 300.0
HISTORY_DAYS = 28
EBB_HOURS = 4
TWO_DAYS = 2
"""Days from which on an ordinary one is known."""


_SATURDAY = 5


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
_GAMES = Event(
    "AGDQ 2018 opens, like SGDQ 2017",
    Span(_GDQ.format("agdq2018"), "2018-01-07 16:30", 7),
    Span(_GDQ.format("sgdq2017"), "2017-07-02 16:30", 7),
)
_KICK_OFFS = {
    (10, 11, 16, 17, 18, 19, 22): ("15:30", "19:00"),
    (12, 13, 14, 15, 20, 21): ("12:30", "15:30", "19:00"),
    (23, 24, 25, 26): ("14:00", "19:00"),
    (27, 28, 29, 30): ("14:30", "19:00"),
}
"""Kick-offs (UTC) of the World Cup of 1998, by days of June."""
_MATCH_HOURS = 2.5
_SHIFT = 75.0
"""Minutes by which kick-offs may differ of which one is said to be like the other."""
_LATER = 20
"""The day of June from which on no constant of the rules was chosen by."""


def _matches() -> Sequence[Event]:
    """Every match like the last earlier one, if possible on the same kind of day at that time."""
    starts = sorted(
        datetime.fromisoformat(f"1998-06-{day} {at}").replace(tzinfo=UTC)
        for days, times in _KICK_OFFS.items()
        for day in days
        for at in times
    )
    found = []
    for start in starts:
        earlier = [one for one in starts if one.date() < start.date()]
        if earlier:
            like = min(earlier, key=lambda one: _unlike(one, start))
            part = "later" if start.day >= _LATER else "earlier"
            name = f"World Cup, {part}: {start:%d June %H:%M}, like {like:%d June %H:%M}"
            found.append(Event(name, _match(start), _match(like)))
    return found


def _match(start: datetime) -> Span:
    return Span(_CUP, f"{start:%Y-%m-%d %H:%M}", _MATCH_HOURS)


def _unlike(one: datetime, other: datetime) -> tuple[bool, bool, int, float]:
    """How little a match that was says of another, most important first."""
    apart = abs((one.hour - other.hour) * 60 + one.minute - other.minute)
    kinds = [day.weekday() >= _SATURDAY for day in (one, other)]
    return kinds[0] != kinds[1], apart > _SHIFT, -one.day, apart


EVENTS = (_GAMES, *_matches())
EBBS = (
    "reddit2018_announcements_active_users_10min",
    "reddit2018_worldnews_active_users_10min",
)


class Told(NamedTuple):
    """Errors as shares of the demand that came."""

    name: str
    measure: str
    errors: dict[str, float]


def announced(folder: pathlib.Path, make: Make) -> Iterator[Told]:
    """The error of the first hour of each event, with and without its announcement.

    A forecaster is told of an event, and of those before it, as a calendar would have it.
    """
    known = {series.name: series for series in from_files([folder])}
    told: dict[str, list[Announcement]] = {}
    makers = {"announced": make(), "not announced": make()}
    for event in EVENTS:
        if event.span.series in known and event.like.series in known:
            said = told.setdefault(event.span.series, [])
            said.append(_announcement(event, known))
            contexts = (Context((SeriesContext(events=tuple(said)),)), Context())
            errors = {
                name: _first_hour(known[event.span.series], event, forecaster, context)
                for (name, forecaster), context in zip(makers.items(), contexts, strict=True)
            }
            yield Told(event.name, "first hour", errors)


def means(found: Sequence[Told]) -> Iterator[Told]:
    """The mean over the events of each part."""
    parts: dict[str, list[Told]] = {}
    for one in found:
        parts.setdefault(part(one), []).append(one)
    parts.pop("", None)
    for name, those in parts.items():
        heads = those[0].errors
        errors = {head: float(np.mean([one.errors[head] for one in those])) for head in heads}
        yield Told(f"{name}: mean of {len(those)}", those[0].measure, errors)


def part(one: Told) -> str:
    """Of which events it is one; empty where it stands alone."""
    name, several, _ = one.name.partition(":")
    return name if several else ""


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
    peak = float(np.nanmax(values))
    shape = tuple(captured(values).tolist())
    return Announcement(start=start, end=end, times=peak / usual, peak=peak, shape=shape)


def _usual(series: Series, first: int, last: int) -> float:
    """The highest demand of an ordinary day between the same hours, or that of the hour before."""
    day, hour = round(24 * HOUR / series.grid), round(HOUR / series.grid)
    known = [back for back in range(1, 8) if first >= back * day]
    if len(known) < TWO_DAYS:
        return float(np.nanmedian(series.values[first - hour : first]))
    days = [series.values[first - back * day : last + 1 - back * day] for back in known]
    return float(np.nanmax(np.nanmedian(np.stack(days), axis=0)))


def _first_hour(series: Series, event: Event, forecaster: Forecaster, context: Context) -> float:
    """Of all forecasts from an hour before until an hour into the event, for that hour."""
    start, _ = event.span.moments
    missed, came = 0.0, 0.0
    every = max(1, round(FEW_MINUTES / series.grid))
    hour = round(HOUR / series.grid)
    begin = _row(series, start)
    for row in range(begin - hour, begin + hour, every):
        known = series.upto(row, HISTORY_DAYS * round(24 * HOUR / series.grid))
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
        cells = [Text(f"{e:.1%}", "bold green" if e == least else "") for e in one.errors.values()]
        made.add_row(one.name, *cells)
    return made

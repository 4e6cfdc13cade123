"""Demand over time: one value a minute, known or not, from a generator or from a CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple, NoReturn

import numpy as np

from ebbtide.errors import InvalidInput
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Event

MINUTE = 60.0
_LONGEST = 10 * 366 * 1440
"""Minutes in ten years; a longer file has a wrong timestamp."""
_LATEST = 1e11
"""Epoch seconds of the year 5138; beyond it a number can only be milliseconds."""


@dataclass(frozen=True, kw_only=True)
class DemandSeries:
    """Demand in units of its own (viewers, streams, jobs), one value a minute."""

    start: float
    """Epoch seconds of the first minute; a multiple of 60."""
    minutes: Lanes
    """One value a minute; NaN where it was not recorded."""
    events: Sequence[Event] = ()
    """What a calendar announced."""
    drawn: bool = False
    """Whether it was recorded less often than once a minute, and is drawn from point to point."""
    live_from: float = UNKNOWN
    """Minutes before this moment are history; NaN: there is none."""

    def __post_init__(self) -> None:
        self.minutes.flags.writeable = False

    @property
    def end(self) -> float:
        """Epoch seconds of the last minute."""
        return self.start + MINUTE * (self.minutes.size - 1)

    @cached_property
    def _known(self) -> tuple[Lanes, Lanes]:
        """Moments and values of the known minutes."""
        at = np.flatnonzero(~np.isnan(self.minutes))
        return np.asarray(self.start + MINUTE * at, dtype=np.float64), self.minutes[at]

    def at(self, moments: float | Lanes) -> Lanes:
        """Answer what demand truly is: linear from one known minute to the next, through gaps."""
        return np.asarray(np.interp(np.asarray(moments), *self._known))

    def seen(self, moments: Lanes, delay: float) -> Lanes:
        """Answer what a scaler reads: the newest minute that is `delay` old; NaN in a gap."""
        return self.recorded(np.floor((moments - delay) / MINUTE) * MINUTE)

    def between(self, moments: Lanes) -> Lanes:
        """Answer what a look at any moments shows: what is drawn there, and else nothing.

        Of a recording with a value for every minute nobody knows what was between two of them.
        """
        if not self.drawn:
            return np.full(np.shape(moments), UNKNOWN)
        position = np.clip((moments - self.start) / MINUTE, 0, self.minutes.size - 1)
        inside = (moments >= self.start) & (moments <= self.end)
        return np.where(inside, _interpolated(position, self.minutes), UNKNOWN)

    def recorded(self, moments: Lanes) -> Lanes:
        """Look up whole minutes; NaN where nothing was recorded."""
        index = np.round((moments - self.start) / MINUTE).astype(np.int64)
        inside = (index >= 0) & (index < self.minutes.size)
        return np.where(inside, self.minutes[np.where(inside, index, 0)], UNKNOWN)


class Recording(NamedTuple):
    """Demand as it was recorded: on a grid of its own."""

    start: float
    """Epoch seconds of the first row."""
    step: float
    """Seconds from row to row: whole minutes."""
    values: Lanes
    """One value a row; NaN where it is unknown."""


class Row(NamedTuple):
    """A row of a recording as it is written."""

    line: int
    moment: str | None
    value: str | None


def read_csv(text: str) -> DemandSeries:
    """Read `timestamp,value` as one value a minute.

    Raises:
        InvalidInput: with the number of the line, and what to do.

    """
    return by_minute(read_recording(text))


def by_minute(recording: Recording) -> DemandSeries:
    """One value a minute: interpolated between points; minutes beside a gap are gaps too."""
    start, step, values = recording
    first = np.ceil(start / MINUTE) * MINUTE
    grid = np.arange(first, start + step * (values.size - 1) + 1, MINUTE)
    minutes = _interpolated((grid - start) / step, values)
    return DemandSeries(start=float(first), minutes=minutes, drawn=step > MINUTE)


def read_recording(text: str) -> Recording:
    """Read `timestamp,value` on a regular grid of whole minutes; other columns are ignored.

    A timestamp is ISO 8601 (UTC unless it says otherwise) or epoch seconds. An empty value, or
    NaN, is a gap.

    Raises:
        InvalidInput: with the number of the line, and what to do.

    """
    try:
        return recording_of(_rows(text))
    except InvalidInput as error:
        raise InvalidInput(f"demand CSV, line {error}") from error


def recording_of(rows: Iterable[Row]) -> Recording:
    """The same of rows from anywhere.

    Raises:
        InvalidInput: with the number of the row first, and what to do.

    """
    points = [
        (row.line, _moment(row.line, row.moment), _value(row.line, row.value)) for row in rows
    ]
    if len(points) < 2:  # noqa: PLR2004  # one point has no grid
        _refuse(len(points) + 1, "at least two rows are needed")
    lines, at, values = (np.array(column) for column in zip(*points, strict=True))
    step = _step(lines, at)
    if np.isnan(values).all():
        _refuse(int(lines[-1]), "no row has a value")
    if at[-1] - at[0] > _LONGEST * MINUTE:
        _refuse(int(lines[-1]), "more than ten years after the first row")
    return Recording(float(at[0]), step, values)


def _refuse(line: int, why: str) -> NoReturn:
    raise InvalidInput(f"{line}: {why}")


def _rows(text: str) -> Iterator[Row]:
    rows = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    try:
        missing = {"timestamp", "value"} - set(rows.fieldnames or ())
        if missing:
            _refuse(1, f"column {' and '.join(sorted(missing))} missing; need timestamp,value")
        for row in rows:
            yield Row(rows.line_num, row["timestamp"], row["value"])
    except csv.Error as error:
        _refuse(rows.line_num + 1, str(error))


def _moment(line: int, text: str | None) -> float:
    """Epoch seconds of a timestamp."""
    word = (text or "").strip()
    try:
        at = float(word)
    except ValueError:
        return _iso(line, word)
    if not abs(at) < _LATEST:
        _refuse(line, f"timestamp {word!r} is out of range; give epoch seconds, not milliseconds")
    return at


def _iso(line: int, word: str) -> float:
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        _refuse(line, f"timestamp {word!r} is neither ISO 8601 nor epoch seconds")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _value(line: int, text: str | None) -> float:
    """A demand; NaN for an empty one."""
    word = (text or "").strip()
    try:
        value = float(word or UNKNOWN)
    except ValueError:
        _refuse(line, f"value {word!r} is not a number; leave it empty where it is unknown")
    if value < 0 or np.isinf(value):
        _refuse(line, f"value {word!r} can't be a demand")
    return value


def _step(lines: Lanes, at: Lanes) -> float:
    """Seconds between the points, which have to be the same whole minutes everywhere."""
    steps = np.diff(at)
    step = float(np.median(steps))
    wrong = np.flatnonzero(steps <= 0)
    if wrong.size:
        word = "appears twice" if steps[wrong[0]] == 0 else "is earlier than the one before"
        _refuse(int(lines[wrong[0] + 1]), f"the timestamp {word}; sort the rows")
    wrong = np.flatnonzero(steps != step)
    if wrong.size:
        _refuse(
            int(lines[wrong[0] + 1]),
            f"{steps[wrong[0]]:g} s after the row before, where others are {step:g} s apart; "
            "give every row, with an empty value where it is unknown",
        )
    if step % MINUTE:
        _refuse(int(lines[1]), f"rows are {step:g} s apart; whole minutes are needed")
    return step


def _interpolated(position: Lanes, values: Lanes) -> Lanes:
    """Values at fractional positions; a point needs no neighbour, and NaN spreads to neither."""
    before = np.floor(position).astype(np.int64)
    part = position - before
    after = np.minimum(before + 1, values.size - 1)
    between = values[before] * (1 - part) + values[after] * part
    return np.where(part == 0, values[before], between)

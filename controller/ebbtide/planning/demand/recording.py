"""Reads recorded demand: rows of `timestamp,value`, and says by line what is wrong with them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, NoReturn

import numpy as np

from ebbtide.errors import InvalidInput
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes

_COLUMNS = ("timestamp", "value")
_LONGEST = 10 * 366 * 1440
"""Minutes in ten years; a longer file has a wrong timestamp."""
_LATEST = 1e11
"""Epoch seconds of the year 5138; beyond it a number can only be milliseconds."""
_UNKNOWN_WORDS = frozenset(("", "nan", "null", "none", "na", "n/a", "-"))
"""What tools write where they have no value, in small letters."""
_SHOWN = 40
"""Characters of a wrong cell that are shown: a forgotten quote makes one of the whole file."""

_UNSTEADY = 30.0
"""Seconds by which a row is early or late at most that stands for one minute all the same."""


class Recording(NamedTuple):
    """Demand as it was recorded: on a grid of its own."""

    start: float
    """Epoch seconds of the first row."""
    step: float
    """Seconds from row to row: whole minutes."""
    values: Lanes
    """One value a row; NaN where it is unknown, or the row is missing."""


class Row(NamedTuple):
    """A row of a recording as it is written."""

    line: int
    moment: str | None
    value: str | None


def read_recording(text: str) -> Recording:
    """Read `timestamp,value` on a regular grid of whole minutes; other columns are ignored.

    A timestamp is ISO 8601 (UTC unless it says otherwise) or epoch seconds. An empty value, NaN or
    null is a gap, and so is a row of the grid that is not there.

    Raises:
        InvalidInput: with the number of the line, and what to do.

    """
    try:
        return recording_of(_rows(text))
    except InvalidInput as error:
        raise InvalidInput(f"line {error}") from error


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
    return Recording(float(at[0]), step, _on_grid(at, values, step))


def _refuse(line: int, why: str) -> NoReturn:
    raise InvalidInput(f"{line}: {why}")


def _rows(text: str) -> Iterator[Row]:
    rows = csv.reader(text.removeprefix("\ufeff").splitlines())
    line = 1
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        _check_columns(names)
        moment, value = names.index("timestamp"), names.index("value")
        line = rows.line_num + 1
        for row in rows:
            if len(row) > len(names):
                _refuse(
                    line,
                    f"{len(row)} cells where the first line names {len(names)}; a decimal sign is "
                    "a point, and thousands stand without commas",
                )
            if row:
                cells = [*row, *[""] * (len(names) - len(row))]
                yield Row(line, cells[moment], cells[value])
            line = rows.line_num + 1  # a quoted cell may have ended lines further down
    except csv.Error as error:
        _refuse(line, str(error))


def _check_columns(names: Sequence[str]) -> None:
    """Refuse a first line that does not name both columns, each of them once."""
    if not names:
        _refuse(1, "there is nothing here; write the columns timestamp,value")
    missing = missing_columns(names)
    twice = [name for name in _COLUMNS if names.count(name) > 1]
    if missing:
        _refuse(1, f"{missing}{_divided(names)}")
    if twice:
        _refuse(1, f"two columns are named {twice[0]}; leave one of them out")


def missing_columns(names: Sequence[str]) -> str:
    """What is said of columns that lack one of ours; empty where both are there."""
    missing = [name for name in _COLUMNS if name not in names]
    if not missing:
        return ""
    return (
        f"column{'s'[: len(missing) - 1]} {' and '.join(missing)} missing; "
        f"write timestamp,value in place of {_short(','.join(names))}"
    )


def _divided(names: Sequence[str]) -> str:
    """A hint where something else than commas stands between columns."""
    signs = [sign for sign in (";", "\t", "|") if len(names) == 1 and sign in names[0]]
    return f", with commas between columns, not {signs[0]!r}" if signs else ""


def _short(word: str) -> str:
    """A wrong cell as it is shown."""
    return repr(word if len(word) <= _SHOWN else f"{word[:_SHOWN]}...")


def _moment(line: int, text: str | None) -> float:
    """Epoch seconds of a timestamp."""
    word = (text or "").strip()
    try:
        at = float(word)
    except ValueError:
        at = _iso(line, word)
    if not at < _LATEST:
        _refuse(
            line, f"timestamp {_short(word)} is out of range; give epoch seconds, not milliseconds"
        )
    if at < 0:
        _refuse(line, f"timestamp {_short(word)} is before 1970, where no demand was recorded")
    return at


def _iso(line: int, word: str) -> float:
    try:
        moment = datetime.fromisoformat(word.removesuffix("UTC").rstrip())
    except ValueError:
        _refuse(
            line,
            f"timestamp {_short(word)} is neither ISO 8601, like 2026-11-10T20:00:00Z, nor epoch "
            "seconds",
        )
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _value(line: int, text: str | None) -> float:
    """A demand; NaN for an unknown one."""
    word = (text or "").strip()
    if word.lower() in _UNKNOWN_WORDS:
        return UNKNOWN
    try:
        value = float(word)
    except ValueError:
        _refuse(
            line,
            f"value {_short(word)} is not a number; write digits and a decimal point, and leave it "
            "empty where it is unknown",
        )
    if value < 0 or np.isinf(value):
        _refuse(line, f"value {_short(word)} can't be a demand; leave it empty where it is unknown")
    return value


def _step(lines: Lanes, at: Lanes) -> float:
    """Seconds between most points, which have to be whole minutes; others may be multiples."""
    steps = np.diff(at)
    wrong = np.flatnonzero(steps <= 0)
    if wrong.size:
        word = (
            "appears twice; add up the series of one demand, or leave one of the rows out"
            if steps[wrong[0]] == 0
            else "is earlier than the one before; sort the rows, add up the series of one demand, "
            "and give local times their offset"
        )
        _refuse(int(lines[wrong[0] + 1]), f"the timestamp {word}")
    step = float(np.sort(steps)[(steps.size - 1) // 2])
    wrong = np.flatnonzero(steps % step)
    if wrong.size:
        _refuse_unsteady(lines, steps, MINUTE * round(step / MINUTE))
        _refuse(
            int(lines[wrong[0] + 1]),
            f"{steps[wrong[0]]:g} s after the row before, where others are {step:g} s apart; "
            "give one row for each of them, with an empty value where it is unknown",
        )
    if step % MINUTE:
        _refuse(
            int(lines[1]),
            f"rows are {step:g} s apart; whole minutes are needed: keep one row a minute",
        )
    return step


def _refuse_unsteady(lines: Lanes, steps: Lanes, usual: float) -> None:
    """Refuse points of which each is some seconds early or late, as a scrape or a script makes."""
    if not usual:
        return
    off = np.abs(steps - usual * np.round(steps / usual))
    if off.max() < _UNSTEADY:
        first = int(np.flatnonzero(off)[0])
        _refuse(
            int(lines[first + 1]),
            f"{steps[first]:g} s after the row before, where rows are {usual:g} s apart but for "
            f"some seconds (up to {off.max():g}); round all timestamps to whole minutes",
        )


def _on_grid(at: Lanes, values: Lanes, step: float) -> Lanes:
    """Every row of the grid; one that is not there is unknown."""
    rows = np.round((at - at[0]) / step).astype(np.int64)
    found = np.full(int(rows[-1]) + 1, UNKNOWN)
    found[rows] = values
    return found

"""What a backtest is made on: recorded series, and the origins to forecast from."""

import csv
import math
import pathlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.api.timestamps import TO_THE_SECOND, clock
from ebbtide.cli.files import read
from ebbtide.cli.simulation.demand import from_prometheus
from ebbtide.cli.simulation.manifests import announced
from ebbtide.cli.simulation.recordings import recording_in
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import MINUTE, RECENT_MINUTES
from ebbtide.forecast.evaluation.backtest import EVALUATED, Course, Series, origins, steps_of
from ebbtide.planning.demand.answering import as_read
from ebbtide_policies.demand import DAY
from ebbtide_policies.quantities import many

_RECORDINGS = (".csv", ".parquet")
"""How recordings end in a folder."""


class Asked(NamedTuple):
    """What is asked about every series."""

    origins: int
    """How many origins of a series, where none are named."""
    named: Mapping[str, Sequence[float]] | None
    """Moments of the origins by series, from a file."""
    steps: Sequence[int]
    """Minutes ahead; empty: those of the grid."""
    history: float
    """Seconds of history that a forecaster is handed at most."""


def from_files(paths: Sequence[pathlib.Path]) -> Sequence[Series]:
    """One series a file, CSV or Parquet; a folder stands for those in it.

    Raises:
        InvalidInput: a file can't be read or understood, or two have the same name.

    """
    found = [series for path in paths for series in _in(path)]
    twice = [name for name, count in Counter(series.name for series in found).items() if count > 1]
    if twice:
        raise InvalidInput(f"two files are named {twice[0]}; a series is named by its file")
    return found


def _in(path: pathlib.Path) -> Iterator[Series]:
    files = [path]
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix in _RECORDINGS)
    if not files:
        raise InvalidInput(f"{path}: no file in this folder ends in .csv or .parquet")
    for file in files:
        start, step, values = recording_in(file)
        yield _sound(Series(name=file.stem, start=start, grid=step, values=values))


def _sound(series: Series) -> Series:
    if DAY % series.grid:
        raise InvalidInput(
            f"{series.name}: rows are {series.grid / MINUTE:g} minutes apart, which makes no whole "
            "number of rows a day; use 1, 5, 10 or 60 minutes"
        )
    return series


def from_policies(url: str, manifests: Sequence[Manifest], since: float) -> Sequence[Series]:
    """The demand of every policy as its Prometheus recorded it, one value a minute.

    Raises:
        InvalidInput: there is no policy.
        MetricsUnavailable: a query has no answer.

    """
    policies = [manifest for manifest in manifests if manifest.kind == CAPACITY_POLICY.name]
    if not policies:
        raise InvalidInput("there is no CapacityPolicy in these files")
    recorded = from_prometheus(url, policies, since)
    found = []
    for manifest in policies:
        spec = parse_policy(manifest.spec)
        signals = spec.signals()
        clock = announced(manifest, manifests).at(recorded.end, spec.forecast).clock
        for name, signal in signals.items():
            known = as_read(recorded.answer(manifest, signal), signal)
            key = manifest.key
            label = key if len(signals) == 1 else f"{key}/{name}"
            first = int(np.flatnonzero(~np.isnan(known.minutes))[0])
            values = known.minutes[first:]
            start = known.start + first * MINUTE
            one = Series(name=label, start=start, grid=MINUTE, values=values, clock=clock)
            found.append(one)
    return found


def read_origins(path: pathlib.Path) -> Mapping[str, Sequence[float]]:
    """Read `series,origin`: from which moments to forecast.

    Raises:
        InvalidInput: with the number of the line, and what to do.

    """
    rows = csv.DictReader(read(path).removeprefix("\ufeff").splitlines())
    if not {"series", "origin"} <= set(rows.fieldnames or ()):
        raise InvalidInput(f"{path}, line 1: need the columns series,origin")
    found: dict[str, list[float]] = {}
    for row in rows:
        try:
            moment = datetime.fromisoformat(row["origin"] or "")
        except ValueError as error:
            raise InvalidInput(
                f"{path}, line {rows.line_num}: origin {row['origin']!r} is no moment like "
                "2018-01-01T00:00:00Z"
            ) from error
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        found.setdefault(row["series"], []).append(at)
    return found


def courses(found: Sequence[Series], asked: Asked) -> tuple[Sequence[Course], Sequence[str]]:
    """What is asked about each series, and what a person should be told of what was left out.

    Raises:
        InvalidInput: a series can't be asked what is wanted, or nothing is left to ask.

    """
    notes = [] if asked.named is None else _strangers(found, asked.named)
    made = []
    for series in found:
        if asked.named is not None and series.name not in asked.named:
            continue
        steps, note = _steps(series, asked)
        if not note:
            course, note = _course(series, steps, asked)
            made += [course] if course.origins.size else []
            note = note or _unscored(course)
        notes += [note] if note else []
    if not made:
        raise InvalidInput("; ".join(notes) or "there is no origin to forecast from")
    return made, notes


def _strangers(found: Sequence[Series], named: Mapping[str, Sequence[float]]) -> list[str]:
    names = {series.name for series in found}
    notes = [f"{name}: named by the origins, but there is no such series" for name in named]
    notes = [note for note, name in zip(notes, named, strict=True) if name not in names]
    return notes + [f"{name}: the origins name none of it" for name in sorted(names - set(named))]


def _steps(series: Series, asked: Asked) -> tuple[Sequence[int], str]:
    """The minutes ahead that a grid divides; a note, where it divides none."""
    steps = [step for step in asked.steps if step * MINUTE % series.grid == 0]
    steps = steps if asked.steps else list(steps_of(series.grid))
    if steps:
        return steps, ""
    grid = series.grid / MINUTE
    return (), f"{series.name}: left out, its grid of {grid:g} minutes divides none of the steps"


def _course(series: Series, steps: Sequence[int], asked: Asked) -> tuple[Course, str]:
    usual = steps_of(series.grid)
    reach = max((*steps, *usual))  # the same origins whichever of the usual steps are asked
    rows, note = (
        (origins(series, asked.origins, reach), "")
        if asked.named is None
        else _named(series, asked)
    )
    if asked.named is None and not rows.size:
        note = _without_origin(series, asked, reach)
    limit = max(1, int(asked.history // series.grid))
    return Course(series=series, origins=rows, steps=tuple(steps), limit=limit), note


def _unscored(course: Course) -> str:
    """What is said of a series whose forecasts nothing can be held against; else empty."""
    if not course.origins.size or np.isfinite(course.truth()).any():
        return ""
    told = many(course.origins.size, "origin")
    return f"{course.series.name}: nothing is known of what came after {told}: nothing is scored"


def _without_origin(series: Series, asked: Asked, reach: int) -> str:
    """Why there is no moment to forecast a series from."""
    first = math.ceil((1 - EVALUATED) * series.values.size)
    if first + round(reach * MINUTE / series.grid) < series.values.size:
        return (
            f"{series.name}: left out, nothing is known at any of {asked.origins} origins; more of "
            "them (--origins) may find what is known"
        )
    return (
        f"{series.name}: {series.values.size} rows are too few to forecast {reach} minutes ahead; "
        "give more history"
    )


def _named(series: Series, asked: Asked) -> tuple[NDArray[np.int_], str]:
    """Rows of the named origins.

    Those after the end of a series that was cut are left out, and those in long gaps.
    """
    moments = np.unique((asked.named or {})[series.name])
    rows = np.round((moments - series.start) / series.grid).astype(int)
    wrong = (rows < 0) | (series.start + rows * series.grid != moments)
    if wrong.any():
        at = clock(float(moments[wrong][0]), TO_THE_SECOND)
        raise InvalidInput(f"{series.name} has no row at {at}, a named origin")
    inside = rows[rows < series.values.size]
    kept = np.array([row for row in inside.tolist() if series.has_present(row)], int)
    unknown = np.setdiff1d(inside, kept)
    notes = []
    if inside.size < rows.size:
        notes.append(f"{rows.size - inside.size} of {rows.size} origins lie after its end")
    if unknown.size:
        at = clock(series.moment(int(unknown[0])), TO_THE_SECOND)
        told = f"nothing is known of the {RECENT_MINUTES // 60} hours before"
        notes.append(f"{told} {unknown.size} of {rows.size} origins, e.g. {at}: left out")
    return kept, f"{series.name}: {'; '.join(notes)}" if notes else ""

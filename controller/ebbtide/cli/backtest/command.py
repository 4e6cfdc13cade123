"""`ebbtide backtest`: what forecasters would have said over the past, and how wrong they were."""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.timestamps import TO_THE_SECOND, clock
from ebbtide.cli.backtest.html import report
from ebbtide.cli.backtest.inputs import Asked, courses, read_origins
from ebbtide.cli.backtest.options import HistorySource
from ebbtide.cli.backtest.page import as_json, tables
from ebbtide.cli.backtest.runs import YARDSTICK, Backtest, Run, backtest
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import promise, write
from ebbtide.cli.models import HOUSE, Make, makers
from ebbtide.cli.options import grouped
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.forecast.evaluation.backtest import Course
from ebbtide.forecast.evaluation.pinball import SCORED
from ebbtide.loop.forecasting.auto_model import AUTO

HEADER = ",".join(("series,model,origin,step", *(f"q{level:g}" for level in SCORED)))


@grouped
def command(
    source: HistorySource,
    models: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="With commas between. Default: all of the house."),
    ] = None,
    origins: Annotated[
        str,
        typer.Option(
            metavar="NUMBER|FILE",
            help="Forecasts of each series; or a CSV of series,origin with their moments.",
        ),
    ] = "96",
    steps: Annotated[
        str | None,
        typer.Option(
            metavar="MINUTES", help="Minutes ahead, commas between. Default: 1 to 120, by the grid."
        ),
    ] = None,
    history: Annotated[
        str, typer.Option(metavar="DURATION", help="The most history that a model is handed.")
    ] = "28d",
    forecasts: Annotated[
        pathlib.Path | None, typer.Option(metavar="FILE", help="Write every forecast to this CSV.")
    ] = None,
    as_text: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write a page with the forecasts drawn over the truth."),
    ] = None,
) -> None:
    """Score forecasters on your own history.

    At moments spread evenly over the last 60 % of each series a forecaster is handed the history
    up to there and nothing else. What it foresaw is compared with what came.
    """
    promise(forecasts, html)
    known = makers()
    chosen = _chosen(models, known)
    number, named = _origins(origins)
    asked = Asked(
        origins=number,
        named=named,
        steps=_minutes(steps),
        history=seconds("--history", history, least=3600.0),
    )
    found, notes = courses(source.series(), asked)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    wanted = {name: known[name] for name in dict.fromkeys((*chosen, YARDSTICK))}
    result = _watched(found, wanted, fans=html is not None)
    told = [run for run in result.runs if run.model in chosen]
    if forecasts:
        write(forecasts, "\n".join((HEADER, *_rows(told))) + "\n")
    if html:
        write(html, report(result, told))
    if as_text:
        typer.echo(json.dumps(as_json(result, told), indent=1, allow_nan=False))
    else:
        screen().print(tables(result, told))


def _chosen(models: str | None, known: Mapping[str, Make]) -> Sequence[str]:
    """The models that were named; those of the house, where none was."""
    if models is None:
        return list(HOUSE)
    names = [name.strip() for name in models.split(",") if name.strip()]
    for name in names:
        if name == AUTO:
            raise InvalidInput(
                f"--models: {AUTO} picks one of the house for each workload; leave --models out to "
                "see all that it picks from"
            )
        if name not in known:
            raise InvalidInput(f"--models: there is no {name!r}; known are {', '.join(known)}")
    if not names:
        raise InvalidInput(f"--models names none; known are {', '.join(known)}")
    return names


def _origins(text: str) -> tuple[int, Mapping[str, Sequence[float]] | None]:
    """How many origins of a series, or their moments by series where a file names them."""
    path = pathlib.Path(text)
    if not text.isdecimal() and not path.exists():
        raise InvalidInput(f"--origins {text}: no number above zero, and no file of that name")
    if not text.isdecimal():
        return 0, read_origins(path)
    if not int(text):
        raise InvalidInput("--origins 0: write a number above zero, or a file of series,origin")
    return int(text), None


def _minutes(steps: str | None) -> Sequence[int]:
    words = [word.strip() for word in (steps or "").split(",") if word.strip()]
    if not all(word.isdecimal() and int(word) for word in words):
        raise InvalidInput(f"--steps {steps}: write whole minutes like 1,10,60")
    return sorted({int(word) for word in words})


def _watched(found: Sequence[Course], wanted: Mapping[str, Make], *, fans: bool) -> Backtest:
    """Run the backtest with a progress bar, where standard error is a terminal."""
    total = len(wanted) * sum(course.origins.size for course in found)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("forecasting", total=total)

        def advance(model: str, series: str) -> None:
            progress.update(task, advance=1, description=f"{model} {series[:40]}")

        return backtest(found, wanted, fans=fans, advance=advance)


def _rows(runs: Sequence[Run]) -> Iterator[str]:
    """Every forecast that is scored, as a row of the CSV."""
    for run in runs:
        for told in run.told:
            series = told.course.series
            name = _cell(series.name)
            for row, made in zip(told.course.origins, told.quantiles, strict=True):
                at = clock(series.moment(int(row)), TO_THE_SECOND)
                for step, quantiles in zip(told.course.steps, made, strict=True):
                    values = ",".join(f"{value:.7g}" for value in quantiles)
                    yield f"{name},{run.model},{at},{step},{values}"


def _cell(name: str) -> str:
    """A name as a cell of a CSV."""
    if not set(name) & set(',"\r\n'):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'

"""`ebbtide replay`: what a running operator decided, decided again from what it recorded."""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from ebbtide.api.timestamps import clock
from ebbtide.cli.files import read
from ebbtide.cli.models import HOUSE, makers, plugins
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.ports.background import AtOnce
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.replaying.replay import Replay, Replayed

_SHARE = 0.02
_SHOWN = 5


class Forecast(StrEnum):
    """Where the forecast of a replay comes from."""

    RECORDED = "recorded"
    ANEW = "anew"


def replay(
    files: Annotated[
        list[pathlib.Path],
        typer.Argument(metavar="FILE", help="What `ebbtide run --record` wrote, the oldest first."),
    ],
    forecast: Annotated[
        Forecast,
        typer.Option(help="As it was recorded, or made anew from the recorded minutes."),
    ] = Forecast.RECORDED,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decide again on what a running operator saw and recorded.

    It is done tick for tick, by the code that decides live. From the recorded answers every
    decision comes out the same, bound for bound. With a forecast made anew it may be apart by one
    replica, or by 2 % of the fleet where that is more: a forecaster that has learnt the same past
    at another time does not foresee the very same numbers.

    Exit code 1 if any decision differs by more.
    """
    found: dict[str, list[Replayed]] = {}
    for path in files:  # each stands alone
        of = Replay(plugins(), _forecasting(forecast)).of(_lines(path))
        for each in of:
            found.setdefault(each.workload, []).append(each)
    if not found:
        raise InvalidInput("nothing was decided in these recordings")
    if as_json:
        typer.echo(json.dumps([_as_json(key, every) for key, every in found.items()], indent=1))
    else:
        _print(found)
    if any(not _within(each) for every in found.values() for each in every):
        raise typer.Exit(1)


def _forecasting(forecast: Forecast) -> Forecasting | None:
    if forecast is Forecast.RECORDED:
        return None
    return Forecasting(makers(), AtOnce(), tuple(HOUSE))


def _lines(path: pathlib.Path) -> Iterator[Json]:
    """The lines of a recording; the last one may have been cut off.

    Raises:
        InvalidInput: another one is no JSON object.

    """
    lines = read(path).split("\n")
    for number, text in enumerate(lines[:-1], start=1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"{path}:{number}: this is no line of a recording") from error
        if not isinstance(line, dict):
            raise InvalidInput(f"{path}:{number}: this is no line of a recording")
        yield line


def _within(each: Replayed) -> bool:
    """Whether a decision is what it has to be: the same, or as near as a forecast made anew is."""
    if not each.foreseen:
        return each.same
    return each.apart <= max(1.0, _SHARE * float(each.then["replicas"]))


def _print(found: Mapping[str, Sequence[Replayed]]) -> None:
    console = screen()
    for key, every in found.items():
        differ = [each for each in every if not each.same]
        first, last = _clock(every[0].at), _clock(every[-1].at)
        head = Text.assemble((key, "bold"), f"  {len(every):,} ticks, {first} to {last} UTC  ")
        if not differ:
            console.print(head.append("every decision is the same", "green"))
            continue
        bad = [each for each in differ if not _within(each)]
        most = max(each.apart for each in differ)
        told = f"{len(differ):,} differ, by {most:,} replicas at most"
        console.print(head.append(told, "red" if bad else "yellow"))
        for each in sorted(bad or differ, key=lambda one: one.apart == 0)[:_SHOWN]:
            then, now = (_told(side) for side in (each.then, each.now))
            console.print(f"  {_clock(each.at)}  then {then}, now {now}")


def _told(decided: Json) -> str:
    policy, _, reason, _ = decided["binding"]
    return f"{decided['replicas']:,} ({policy} {reason})"


def _as_json(key: str, every: Sequence[Replayed]) -> Json:
    return {
        "workload": key,
        "ticks": len(every),
        "same": sum(each.same for each in every),
        "foreseenAnew": sum(each.foreseen for each in every),
        "mostApart": max(each.apart for each in every),
        "within": all(_within(each) for each in every),
        "differ": [
            {"at": each.at, "then": each.then, "now": each.now} for each in every if not each.same
        ],
    }


def _clock(at: float) -> str:
    return clock(at, "%Y-%m-%d %H:%M:%S")

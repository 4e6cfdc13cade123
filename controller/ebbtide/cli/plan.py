"""`ebbtide plan`: what policies would do over a demand, decided by the code of the live loop."""

import json
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer
from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.load import Manifest, load
from ebbtide.cli.comparison import at_peak
from ebbtide.cli.demand import Recorded, from_csv, from_prometheus
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.plan_page import planned
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation import POLICY, Conditions, Frame, Simulation
from ebbtide.errors import InvalidInput
from ebbtide.planning.score import Score, score


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What came out for one workload."""

    workload: str
    frames: Sequence[Frame]
    score: Score
    static: Score
    """The same demand on a fleet that always has what its peak needs."""


def plan(
    policies: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="YAML: CapacityPolicies, calendars, overrides."),
    ],
    csv: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Recorded demand: timestamp,value."),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="Read the demand there, in place of --csv.")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="DURATION", help="With --prometheus: how far back.")
    ] = "1d",
    tick: Annotated[
        str, typer.Option(metavar="DURATION", help="From one decision to the next.")
    ] = "15s",
    lead: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Until a replica is ready. Default: as the policy says."
        ),
    ] = None,
    metric_delay: Annotated[
        str, typer.Option(metavar="DURATION", help="Until a minute can be read.")
    ] = "30s",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    decisions: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write every decision to this CSV, demand in replicas."),
    ] = None,
) -> None:
    """Replay policies over recorded demand.

    It tells how many replicas there would have been, when, at what cost, and why. Every workload
    is decided on as if its mode were Enforce. Nothing is written to a cluster.
    """
    manifests = load({name: read(name) for name in policies}, plugins())
    recorded = _recorded(manifests, csv, prometheus, since)
    world = Conditions(
        tick=seconds("--tick", tick, 1),
        lead=None if lead is None else seconds("--lead", lead),
        delay=seconds("--metric-delay", metric_delay),
    )
    plans = list(_plans(manifests, recorded, world))
    if decisions:
        _write(decisions, plans)
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in plans], indent=1))
        return
    console = screen()
    for one in plans:
        console.print(planned(one.workload, one.frames, one.score, one.static))


def _recorded(
    manifests: Sequence[Manifest], csv: pathlib.Path | None, prometheus: str | None, since: str
) -> Recorded:
    if not any(manifest.kind == POLICY for manifest in manifests):
        raise InvalidInput("there is no CapacityPolicy in these files")
    if csv and not prometheus:
        return from_csv(csv)
    if prometheus and not csv:
        return from_prometheus(prometheus, manifests, seconds("--since", since, 120))
    raise InvalidInput("say where the demand is: either --csv FILE or --prometheus URL")


def _plans(manifests: Sequence[Manifest], recorded: Recorded, world: Conditions) -> Iterator[Plan]:
    simulation = Simulation(manifests, recorded.answer, world, plugins())
    frames: dict[str, list[Frame]] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("deciding", total=recorded.end - recorded.start)
        for tick in simulation.run(recorded.start, recorded.end + world.tick):
            for frame in tick:
                frames.setdefault(frame.workload, []).append(frame)
            progress.update(task, advance=world.tick)
    for key, told in frames.items():
        course = simulation.course(key, told)
        price = simulation.workbenches[key].spec.capacity.cost_per_hour or 0.0
        yield Plan(
            workload=key,
            frames=told,
            score=score(course, price),
            static=score(at_peak(course), price),
        )


def _write(path: pathlib.Path, plans: Sequence[Plan]) -> None:
    """Write every decision as `timestamp,workload,demand,desired,ready,phase,binding`."""
    rows = ["timestamp,workload,demand,desired,ready,phase,binding"]
    rows += [_row(frame) for one in plans for frame in one.frames]
    write(path, "\n".join(rows) + "\n")


def _row(frame: Frame) -> str:
    return (
        f"{_moment(frame)},{frame.workload},{frame.demand:.6g},{frame.desired},{frame.ready},"
        f"{frame.phase.value},{frame.reason}"
    )


def _moment(frame: Frame) -> str:
    return f"{np.datetime64(int(frame.now), 's')}Z"


def _as_json(one: Plan) -> dict[str, object]:
    return {
        "workload": one.workload,
        "score": _named(one.score),
        "staticPeak": _named(one.static),
        "steps": [
            {
                "at": _moment(frame),
                "from": frame.current,
                "to": frame.desired,
                "phase": frame.phase.value,
                "reason": frame.reason,
                "message": frame.message,
            }
            for frame in one.frames
            if frame.current != frame.desired
        ],
    }


def _named(told: Score) -> dict[str, object]:
    return {to_camel(name): number for name, number in asdict(told).items()}

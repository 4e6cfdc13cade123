"""`ebbtide plan`: what policies would do over a demand, decided by the code of the live loop."""

import json
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.load import Manifest, load
from ebbtide.cli.demand import Recorded, from_csv, from_prometheus
from ebbtide.cli.files import read
from ebbtide.cli.models import plugins
from ebbtide.cli.plan_page import planned
from ebbtide.cli.simulation import POLICY, Conditions, Frame, Simulation
from ebbtide.errors import InvalidInput
from ebbtide.planning.score import Score, score
from ebbtide_policies.quantities import parse_duration


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
        list[str], typer.Argument(help="YAML files: CapacityPolicies, calendars, overrides.")
    ],
    csv: Annotated[
        pathlib.Path | None, typer.Option(help="Recorded demand: `timestamp,value`.")
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Address of a Prometheus to read the demand from.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="With --prometheus: how much of the past is replayed.")
    ] = "1d",
    tick: Annotated[str, typer.Option(help="Time from one decision to the next.")] = "15s",
    lead: Annotated[
        str | None, typer.Option(help="Time until a replica is ready. Default: the policy's.")
    ] = None,
    metric_delay: Annotated[str, typer.Option(help="Time until a minute can be read.")] = "30s",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    decisions: Annotated[
        pathlib.Path | None, typer.Option(help="Write every decision to this CSV.")
    ] = None,
) -> None:
    """Replay policies over recorded demand: how many replicas, when, at what cost, and why.

    Every workload is decided on as if its mode were Enforce. Nothing is written to a cluster.
    """
    manifests = load({name: read(name) for name in policies}, plugins())
    recorded = _recorded(manifests, csv, prometheus, since)
    world = Conditions(
        tick=_seconds("--tick", tick),
        lead=None if lead is None else _seconds("--lead", lead),
        delay=_seconds("--metric-delay", metric_delay),
    )
    plans = list(_plans(manifests, recorded, world))
    if decisions:
        _write(decisions, plans)
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in plans], indent=1))
        return
    screen = Console(highlight=False)
    for one in plans:
        screen.print(planned(one.workload, one.frames, one.score, one.static))


def _recorded(
    manifests: Sequence[Manifest], csv: pathlib.Path | None, prometheus: str | None, since: str
) -> Recorded:
    if not any(manifest.kind == POLICY for manifest in manifests):
        raise InvalidInput("there is no CapacityPolicy in these files")
    if csv and not prometheus:
        return from_csv(csv)
    if prometheus and not csv:
        return from_prometheus(prometheus, manifests, _seconds("--since", since))
    raise InvalidInput("say where the demand is: either --csv FILE or --prometheus URL")


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}") from error


def _plans(manifests: Sequence[Manifest], recorded: Recorded, world: Conditions) -> Iterator[Plan]:
    simulation = Simulation(manifests, recorded.answer, world, plugins())
    frames: dict[str, list[Frame]] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("deciding", total=recorded.end - recorded.start)
        for tick in simulation.run(recorded.start, recorded.end + world.tick):
            for frame in tick:
                frames.setdefault(frame.workload, []).append(frame)
            progress.update(task, advance=world.tick)
    for key, told in frames.items():
        course = simulation.course(key, told)
        price = simulation.workbenches[key].spec.capacity.cost_per_hour or 0.0
        peak = np.full(course.asked.size, np.ceil(course.demand.max()))
        always = replace(course, asked=peak, ready=peak, paid=peak, disruptions=0)
        yield Plan(
            workload=key,
            frames=told,
            score=score(course, price),
            static=score(always, price),
        )


def _write(path: pathlib.Path, plans: Sequence[Plan]) -> None:
    """Write every decision as `timestamp,workload,demand,desired,ready,phase,binding`."""
    rows = ["timestamp,workload,demand,desired,ready,phase,binding"]
    rows += [_row(frame) for one in plans for frame in one.frames]
    try:
        path.write_text("\n".join(rows) + "\n")
    except OSError as error:
        raise InvalidInput(f"--decisions {path} can't be written: {error.strerror}") from error


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
        "score": asdict(one.score),
        "staticPeak": asdict(one.static),
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

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

from ebbtide.api.load import load
from ebbtide.cli.comparison import at_peak, compared
from ebbtide.cli.demand import CsvFile, PrometheusUrl, Recorded, Since, TickEvery, demand_of
from ebbtide.cli.durations import seconds
from ebbtide.cli.edits import Edit, edited, supposed
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.plan_page import planned
from ebbtide.cli.report import Planned, drawing
from ebbtide.cli.report import report as page
from ebbtide.cli.report_text import Language
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation import Conditions, Frame, Simulation, Workbench
from ebbtide.errors import InvalidInput
from ebbtide.planning.contrast import clipped
from ebbtide.planning.demand import MINUTE
from ebbtide.planning.score import Score, score
from ebbtide_policies.experience_gate import ExperienceGate

_FLAT = 15
"""Minutes that a recording lies flat at its top before it is remarked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What came out for one workload."""

    workload: str
    frames: Sequence[Frame]
    score: Score
    static: Score
    """The same demand on a fleet that always has what its peak needs."""
    simulation: Simulation
    """Where it came out."""
    remarks: Sequence[str] = ()
    """What the replay can't know."""

    @property
    def planned(self) -> Planned:
        """The same for a report, beside what people would use instead."""
        return Planned(
            workload=self.workload,
            frames=self.frames,
            tick=self.simulation.world.tick,
            scores=compared(self.simulation, self.workload, self.frames),
            remarks=self.remarks,
        )


def plan(
    policies: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="YAML: CapacityPolicies, calendars, overrides."),
    ],
    csv: CsvFile = None,
    prometheus: PrometheusUrl = None,
    since: Since = "1d",
    tick: TickEvery = "15s",
    lead: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Until a replica is ready. Default: as the policy says."
        ),
    ] = None,
    metric_delay: Annotated[
        str, typer.Option(metavar="DURATION", help="Until a minute can be read.")
    ] = "30s",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Change a policy: policies.descent.maxStep=20%."
        ),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE", help="Change the demand: times=1.4, later=2h; sooner with later=-2h."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    decisions: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write every decision to this CSV, demand in replicas."),
    ] = None,
    report: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write a page (.html), or its drawing alone (.svg)."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = Language.EN,
) -> None:
    """Replay policies over recorded demand.

    It tells how many replicas there would have been, when, at what cost, and why. Every workload
    is decided on as if its mode were Enforce. Nothing is written to a cluster.
    """
    edits = [Edit.of(change) for change in changes or []]
    written = load({name: read(name) for name in policies}, plugins())
    manifests = [edited(manifest, edits, plugins()) for manifest in written]
    recorded = demand_of(manifests, csv, prometheus, since).if_it_were(supposed(what_if or []))
    world = Conditions(
        tick=seconds("--tick", tick, 1),
        lead=None if lead is None else seconds("--lead", lead),
        delay=seconds("--metric-delay", metric_delay),
    )
    if report and report.suffix not in {".html", ".svg"}:
        raise InvalidInput(f"--report {report}: name a file that ends in .html or .svg")
    plans = list(_plans(Simulation(manifests, recorded.answer, world, plugins()), recorded))
    if decisions:
        _write(decisions, plans)
    if report:
        _report(report, plans, lang)
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in plans], indent=1))
        return
    console = screen()
    for one in plans:
        console.print(planned(one.workload, one.frames, one.score, one.static))
        for remark in one.remarks:
            console.print(f"! {remark}\n", style="yellow")


def _plans(simulation: Simulation, recorded: Recorded) -> Iterator[Plan]:
    tick = simulation.world.tick
    frames: dict[str, list[Frame]] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("deciding", total=recorded.end - recorded.start)
        for decided in simulation.run(recorded.start, recorded.end + tick):
            for frame in decided:
                frames.setdefault(frame.workload, []).append(frame)
            progress.update(task, advance=tick)
    for key, told in frames.items():
        course = simulation.course(key, told)
        price = simulation.workbenches[key].spec.capacity.cost_per_hour or 0.0
        yield Plan(
            workload=key,
            frames=told,
            score=score(course, price),
            static=score(at_peak(course), price),
            simulation=simulation,
            remarks=list(_remarks(simulation.workbenches[key])),
        )


def _remarks(bench: Workbench) -> Iterator[str]:
    """What a replay can't know, and where the recording may tell the capacity of its day."""
    if bench.spec.written(ExperienceGate):
        yield (
            "experienceGate: not modelled, as its signals tell of the fleet of that day: live, "
            "it may hold steps, or take them back"
        )
    for series, _ in bench.signals:
        for begin, end in clipped(series.minutes, least=_FLAT):
            first, last = (
                np.datetime64(int(series.start // MINUTE) + i, "m") for i in (begin, end)
            )
            yield (
                f"demand lies flat at its top, {series.minutes[begin]:,.0f}, {first} to {last} UTC:"
                " if the fleet of that day could carry no more, the true demand was higher"
            )


def _report(path: pathlib.Path, plans: Sequence[Plan], lang: Language) -> None:
    """Write the page of all workloads, or the drawing of the only one.

    Raises:
        InvalidInput: a drawing shows one workload, and there are more.

    """
    if path.suffix == ".html":
        write(path, page([one.planned for one in plans], lang))
        return
    if len(plans) > 1:
        raise InvalidInput(f"--report {path}: a drawing shows one workload; plan one, or an .html")
    write(path, drawing(plans[0].planned, lang))


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
        "remarks": list(one.remarks),
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

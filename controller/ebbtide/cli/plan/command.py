"""`ebbtide plan`: what policies would do over a demand, decided by the code of the live loop."""

import pathlib
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import typer

from ebbtide.api.load import load
from ebbtide.cli.cluster.reach import Context, Kubeconfig
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.plan.demand import CsvFile, PrometheusUrl, Since, UsualTick, tick_of
from ebbtide.cli.plan.edits import Edit, edited
from ebbtide.cli.plan.output import text_of
from ebbtide.cli.plan.page import planned
from ebbtide.cli.plan.planned import Plan, plans_of
from ebbtide.cli.plan.simulation import Conditions, Frame, Simulation
from ebbtide.cli.plan.supposing import supposed
from ebbtide.cli.readiness.options import Home, Times, UpTo, Where, factors, standing_in
from ebbtide.cli.readiness.output import text_of as ready_text
from ebbtide.cli.readiness.page import page as ready_page
from ebbtide.cli.readiness.report import Readiness, readiness
from ebbtide.cli.report.page import report as page
from ebbtide.cli.report.picture import drawing, png
from ebbtide.cli.report.words import Language
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.planning.what_if import WhatIf


def plan(
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="YAML: CapacityPolicies, calendars, overrides."),
    ] = None,
    from_cluster: Where = None,
    times: Times = None,
    up_to: UpTo = None,
    csv: CsvFile = None,
    prometheus: PrometheusUrl = None,
    since: Since = "1d",
    tick: UsualTick = None,
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
            metavar="FIELD=VALUE", help="Change the scenario: times=1.4, later=-2h, boot=5m."
        ),
    ] = None,
    scenario: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Demand, plant and mishaps, as YAML."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="NUMBER", help="Of all that the scenario leaves to chance."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    decisions: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write every decision to this CSV, demand in replicas."),
    ] = None,
    report: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write a page (.html), or its drawing (.svg, .png)."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = Language.EN,
    home: Home = "ebbtide",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Replay policies over recorded demand.

    It tells how many replicas there would have been, when, at what cost, and why. Every workload
    is decided on as if its mode were Enforce. Nothing is written to a cluster.

    With --from-cluster it plans what a namespace runs now, and holds the peak against the limits
    of its policies, quotas, the room on nodes and the limits of node pools.
    """
    multiples = factors(times, up_to, from_cluster)
    standing = standing_in(from_cluster, policies, home, kubeconfig, context)
    edits = [Edit.of(change) for change in changes or []]
    written = (
        standing.manifests if standing else load({n: read(n) for n in policies or ()}, plugins())
    )
    manifests = [edited(manifest, edits, plugins()) for manifest in written]
    told = supposed(scenario, what_if or [])
    recorded = told.recorded(manifests, csv, prometheus, since)
    world = Conditions(
        tick=tick_of(tick, recorded),
        lead=None if lead is None else seconds("--lead", lead),
        boot=told.boot(),
        delay=seconds("--metric-delay", metric_delay),
        plant=told.plant(),
        outages=told.outages(),
        seed=told.scenario.seed if seed is None else seed,
    )
    if report and report.suffix not in {".html", ".svg", ".png"}:
        raise InvalidInput(f"--report {report}: name a file that ends in .html, .svg or .png")

    def replayed(times: float) -> Sequence[Plan]:
        demand = recorded.if_it_were(WhatIf(times=times))
        simulation = Simulation(manifests, demand.answer, world, plugins())
        return list(plans_of(simulation, demand, told.scenario.tiers))

    replays = {times: replayed(times) for times in multiples}
    plans = replays[multiples[0]]
    if decisions:
        _write(decisions, plans)
    if report:
        _report(report, plans, lang)
    ready = readiness(standing, recorded, replays) if standing else None
    if as_json:
        found = [one.output for one in plans]
        typer.echo(ready_text(ready, found) if ready else text_of(found))
        return
    _print(plans, ready)
    if report:
        typer.echo(f"report: {report}")


def _print(plans: Sequence[Plan], ready: Readiness | None) -> None:
    console = screen()
    for one in plans:
        console.print(planned(one))
        for remark in one.remarks:
            console.print(f"! {remark}\n", style="yellow")
    if ready:
        console.print(ready_page(ready))


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
    draw = png if path.suffix == ".png" else drawing
    write(path, draw(plans[0].planned, lang))


def _write(path: pathlib.Path, plans: Sequence[Plan]) -> None:
    """Write every decision as `timestamp,workload,demand,desired,ready,phase,binding`."""
    rows = ["timestamp,workload,demand,desired,ready,phase,binding"]
    rows += [_row(frame) for one in plans for frame in one.frames]
    write(path, "\n".join(rows) + "\n")


def _moment(frame: Frame) -> str:
    return f"{np.datetime64(int(frame.now), 's')}Z"


def _row(frame: Frame) -> str:
    return (
        f"{_moment(frame)},{frame.workload},{frame.demand:.6g},{frame.desired},{frame.ready},"
        f"{frame.phase.value},{frame.reason}"
    )

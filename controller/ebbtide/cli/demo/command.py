"""`ebbtide demo`: a promotion, from war to peace, in about a minute and without a cluster."""

import pathlib
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.live import Live

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest, load
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.demo.page import Page, Scene, calendar_of
from ebbtide.cli.models import plugins
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.comparison import compared
from ebbtide.cli.simulation.demand import from_file
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.promotion import promotion_week
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.simulated_fleet.plant import PlantSettings

TICK = 60.0
SESSION = 600.0
"""Mean length of a viewer's session in seconds."""


def demo(
    seed: Annotated[
        int, typer.Option(min=0, metavar="NUMBER", help="Every number is another promotion.")
    ] = 1,
    csv: Annotated[
        pathlib.Path | None, typer.Option(metavar="FILE", help="Your own demand: timestamp,value.")
    ] = None,
    policy: Annotated[
        pathlib.Path | None, typer.Option(metavar="FILE", help="Your own CapacityPolicy.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1, metavar="TIMES", help="So many times real time. Default: as fast as it can."
        ),
    ] = None,
) -> None:
    """Watch a fleet go from war to peace, without a cluster.

    The demand is synthetic unless --csv names a recording. The very loop, policies and forecast of
    the operator decide; pods boot, and carry sessions that end in their own time. It ends with
    what that cost, beside an HPA and beside a fleet that always has what its peak needs.
    """
    series = from_file(csv).answer_all if csv else promotion_week(seed)
    own = files("ebbtide.cli.demo") / "promotion.yaml"
    manifests = manifests_in([policy]) if policy else load({own.name: own.read_text()})
    target = _only_policy(manifests)
    if series.events:
        manifests += load({"calendar": calendar_of(series.events, target.namespace)})
    world = Conditions(tick=TICK, plant=PlantSettings(session=SESSION), seed=seed)
    simulation = Simulation(manifests, lambda *_: series, world, plugins())
    start = series.live_from if series.events else series.start
    console = screen()
    scene = Scene(
        what=str(csv) if csv else f"a synthetic promotion, seed {seed}",
        workload=f"{target.namespace}/{target.name}",
        start=start,
        end=series.end,
        events=series.events,
        most=_peak(target, series),
    )
    page = Page(scene, console.size)
    console.print(page.headline())
    frames = _watched(console, page, _paced(_frames(simulation, start, series.end), speed))
    console.print(page.summary(compared(simulation, page.workload, frames)))


def _peak(policy: Manifest, series: DemandSeries) -> float:
    """Replicas that the highest demand asks for, and a little."""
    signal = next(iter(parse_policy(policy.spec).signals().values()))
    return float(np.nanmax(series.minutes)) / (signal.per_replica or 1.0) * 1.2


def _only_policy(manifests: Sequence[Manifest]) -> Manifest:
    found = [manifest for manifest in manifests if manifest.kind == CAPACITY_POLICY.name]
    if len(found) != 1:
        raise InvalidInput(f"the demo wants one CapacityPolicy, not {len(found)}")
    return found[0]


def _frames(simulation: Simulation, start: float, end: float) -> Iterator[Frame]:
    for tick in simulation.run(start, end):
        yield from tick


def _paced(frames: Iterator[Frame], speed: float | None) -> Iterator[Frame]:
    """Let no more simulated time pass than was asked for."""
    begun, first = time.monotonic(), None
    for frame in frames:
        first = frame.now if first is None else first
        if speed:
            time.sleep(max(0.0, begun + (frame.now - first) / speed - time.monotonic()))
        yield frame


def _watched(console: Console, page: Page, frames: Iterator[Frame]) -> Sequence[Frame]:
    """Show every frame as it comes: a live view on a terminal, a row every few hours elsewhere."""
    if not console.is_terminal:
        return list(_told(console, page, frames))
    seen = []
    with Live(console=console, refresh_per_second=10, vertical_overflow="crop") as live:
        for frame in frames:
            seen.append(frame)
            page.row(frame)
            live.update(page.live(frame))
        live.update(page.past())
    return seen


def _told(console: Console, page: Page, frames: Iterator[Frame]) -> Iterator[Frame]:
    for frame in frames:
        row = page.row(frame)
        if row is not None:
            console.print(row)
        yield frame

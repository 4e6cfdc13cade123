"""`ebbtide tune`: which settings of a policy would have been the best, on its own past."""

import itertools
import json
import math
import pathlib
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.load import Manifest, load
from ebbtide.api.parse import parse_policy
from ebbtide.cli.demand import CsvFile, PrometheusUrl, Recorded, Since, TickEvery, demand_of
from ebbtide.cli.durations import seconds
from ebbtide.cli.edits import Edit, edited
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation import POLICY
from ebbtide.cli.sweeping import Ground, Timing, ground, left_out, swept
from ebbtide.cli.tune_page import Tuned, page, patch
from ebbtide.errors import InvalidInput
from ebbtide.planning.sweep import replicas_asked
from ebbtide.planning.tuning import judged
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.quantities import parse_share

MARGIN = 0.5
"""Share of the objective that may be used up on the past: what comes has more in it."""
MOST_VARIANTS = 2000
AT_ONCE = 200
"""Variants that are replayed side by side."""
DELAY = 30.0
"""Seconds until a minute can be read."""
DEFAULT = (
    "policies.presentNeed.headroom=0%,2%,4%,6%,8%,10%,15%,20%,30%,45%",
    "policies.forecastNeed.quantile=0.5,0.75,0.9,0.95,0.99",
    "policies.stabilization.window=1m,3m,10m",
)


def tune(
    policies: Annotated[
        list[str], typer.Argument(metavar="FILE", help="YAML with one CapacityPolicy.")
    ],
    csv: CsvFile = None,
    prometheus: PrometheusUrl = None,
    since: Since = "14d",
    objective: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of the demand that may go unserved.")
    ] = "0.01%",
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=V,V...", help="Values to try: policies.presentNeed.headroom=0%,10%,20%."
        ),
    ] = None,
    held_back: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of the demand, at its end, to check on.")
    ] = "30%",
    tick: TickEvery = "60s",
    diff: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write the change as YAML, for a review."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search the settings that serve well enough at the least cost.

    Every variant is replayed over the same demand by the rules of the live loop. The cheapest that
    keeps the objective, with a margin, is recommended, and checked on demand that was held back.
    """
    level, share = _share("--objective", objective), _share("--held-back", held_back)
    manifest = _policy(policies)
    variants = _variants(vary or DEFAULT)
    recorded = demand_of([manifest], csv, prometheus, since)
    timing = Timing(seconds("--tick", tick, 1), DELAY)
    here, asked = _swept(manifest, recorded, timing, variants)
    first_held = round((1 - share) * len(asked))
    if not 0 < first_held < len(asked):
        raise InvalidInput("--held-back: keep some demand to search, and some to check on")
    tuned = Tuned(
        workload=here.world.workload,
        objective=level,
        margin=MARGIN,
        variants=variants,
        candidates=judged(asked, here.truth, first_held, level, MARGIN),
        left_out=left_out(parse_policy(manifest.spec), plugins()),
    )
    if diff:
        write(diff, patch(manifest, tuned))
    if as_json:
        typer.echo(json.dumps(tuned.as_json(), indent=1))
    else:
        screen().print(page(tuned))


def _policy(names: Sequence[str]) -> Manifest:
    manifests = load({name: read(name) for name in names}, plugins())
    policies = [one for one in manifests if one.kind == POLICY]
    if len(policies) != 1:
        raise InvalidInput(f"one CapacityPolicy is tuned at a time, and there are {len(policies)}")
    return policies[0]


def _share(option: str, text: str) -> float:
    try:
        return parse_share(text)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}") from error


def _variants(vary: Sequence[str]) -> Sequence[Sequence[Edit]]:
    """Every combination of the values of each field."""
    axes = [_axis(one) for one in vary]
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_VARIANTS:
        raise InvalidInput(f"--vary: {count:,} combinations; {MOST_VARIANTS:,} are the most")
    return list(itertools.product(*axes))


def _axis(text: str) -> Sequence[Edit]:
    field, sign, values = text.partition("=")
    if not sign or not values:
        raise InvalidInput(f"--vary {text!r}: write a field and values, FIELD=V,V,V")
    return [Edit.of(f"{field}={value}") for value in values.split(",")]


def _swept(
    manifest: Manifest, recorded: Recorded, timing: Timing, variants: Sequence[Sequence[Edit]]
) -> tuple[Ground, Lanes]:
    """Forecast once, then replay every variant; the replicas asked for, (ticks, variants)."""
    specs = [parse_policy(edited(manifest, edits, plugins()).spec) for edits in variants]
    crews = [swept(spec, plugins()) for spec in specs]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("forecasting")
        here = ground(
            manifest,
            recorded,
            timing,
            lambda done, of: progress.update(task, completed=done, total=of),
        )
        task, parts = progress.add_task("deciding", total=len(crews)), []
        for begin in range(0, len(crews), AT_ONCE):
            parts.append(replicas_asked(here.world, crews[begin : begin + AT_ONCE]))
            progress.update(task, advance=AT_ONCE)
    return here, np.concatenate(parts, axis=1)

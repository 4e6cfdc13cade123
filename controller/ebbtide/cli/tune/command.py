"""`ebbtide tune`: which settings of a policy would have been the best, on its own past."""

import itertools
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
from ebbtide.cli.cluster.reach import Context, Kubeconfig
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.plan.demand import CsvFile, PrometheusUrl, Recorded, Since, TickEvery, demand_of
from ebbtide.cli.plan.edits import Edit, edited
from ebbtide.cli.plan.simulation import POLICY
from ebbtide.cli.screen import screen
from ebbtide.cli.tune.choice import candidates, found_by_margin, found_by_objective
from ebbtide.cli.tune.jobs import Search, Spec, Tried, Workers
from ebbtide.cli.tune.output import output
from ebbtide.cli.tune.page import Tuned, page, patch
from ebbtide.cli.tune.published import Where, published
from ebbtide.cli.tune.record import Record, fingerprint, keys
from ebbtide.cli.tune.sweeping import Timing, ground
from ebbtide.errors import InvalidInput
from ebbtide.planning.seen_demand import DELAY
from ebbtide.planning.tuning import Measured, judged
from ebbtide.planning.variants import left_out
from ebbtide_policies.demand import DAY
from ebbtide_policies.quantities import parse_share

USUAL = 1e-4
"""The objective where none is said."""
MOST_VARIANTS = 2000
DEFAULT = (
    "policies.presentNeed.headroom=0%,2%,4%,6%,8%,10%,15%,20%,30%,45%",
    "policies.forecastNeed.quantile=0.5,0.75,0.9,0.95,0.99",
    "policies.stabilization.window=1m,3m,10m",
)


def tune(
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="YAML: one CapacityPolicy, calendars, overrides."),
    ] = None,
    csv: CsvFile = None,
    prometheus: PrometheusUrl = None,
    since: Since = "14d",
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the demand that may go unserved. Default: the policy's objective, "
            "or 0.01%.",
        ),
    ] = None,
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
    record: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="FILE", help="Keep what is tried; started again, the search goes on there."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, metavar="NUMBER", help="Processes on this machine.")
    ] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers do it: tcp://..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    from_cluster: Where = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Search the settings that serve well enough at the least cost.

    Every variant is replayed over the same demand by the rules of the live loop. The cheapest that
    keeps the objective, with a margin, is recommended, and checked on demand that was held back.
    For a policy with an objective, all that follows from one is tried, unless --vary says what is.
    """
    if from_cluster:
        _hand_over(published(from_cluster, kubeconfig, context), diff)
        return
    share = _share("--held-back", held_back)
    if not 0 < share < 1:
        raise InvalidInput("--held-back: keep some demand to search, and some to check on")
    manifests = load({name: read(name) for name in policies or ()}, plugins())
    manifest = _policy(manifests)
    said = parse_policy(manifest.spec).objective
    level = _share("--objective", objective) if objective else said.unserved if said else USUAL
    by_objective = said is not None and not vary
    variants = candidates() if by_objective else _variants(vary or DEFAULT)
    recorded = demand_of([manifest], csv, prometheus, since)
    timing = Timing(seconds("--tick", tick, 1), DELAY)
    specs = [edited(manifest, edits, plugins()).spec for edits in variants]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        search = _search(manifests, recorded, timing, share, progress)
        kept = Record(record, fingerprint(search, manifest.spec)) if record else None
        tried = _tried(search, specs, Workers(jobs, cluster), kept, progress)
    searched, held = (
        Measured(*map(np.array, zip(*part, strict=True))) for part in zip(*tried, strict=True)
    )
    days = search.first_held * search.truth.tick / DAY
    found = (
        found_by_objective(searched, level, days)
        if by_objective
        else found_by_margin(searched, level)
    )
    tuned = Tuned(
        workload=search.world.workload,
        objective=level,
        margin=found.margin,
        variants=variants,
        candidates=judged(searched, held, found.best),
        why=found.why,
        left_out=left_out(parse_policy(manifest.spec), plugins()),
    )
    if diff:
        write(diff, patch(manifest, tuned))
    if as_json:
        typer.echo(output(tuned).model_dump_json(by_alias=True, indent=1))
    else:
        screen().print(page(tuned))


def _hand_over(change: str, to: pathlib.Path | None) -> None:
    if to:
        write(to, change)
    else:
        typer.echo(change, nl=False)


def _policy(manifests: Sequence[Manifest]) -> Manifest:
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


def _search(
    manifests: Sequence[Manifest],
    recorded: Recorded,
    timing: Timing,
    share: float,
    progress: Progress,
) -> Search:
    """Forecast once, for all variants."""
    task = progress.add_task("forecasting")
    here = ground(
        _policy(manifests),
        recorded,
        timing,
        lambda done, of: progress.update(task, completed=done, total=of),
        manifests,
    )
    first_held = round((1 - share) * here.world.now.size)
    return Search(here.world, here.truth, first_held)


def _tried(
    search: Search,
    specs: Sequence[Spec],
    workers: Workers,
    record: Record | None,
    progress: Progress,
) -> Sequence[Tried]:
    """What came of every variant: what the record has of it, and what it has not."""
    names = keys(specs)
    found = {i: record.done[n] for i, n in enumerate(names) if record and n in record.done}
    task = progress.add_task("deciding", total=len(specs), completed=len(found))
    missing = [i for i in range(len(specs)) if i not in found]
    for i, tried in workers.run(search, specs, missing):
        found[i] = tried
        if record:
            record.add(names[i], tried)
        progress.update(task, advance=1)
    return [found[i] for i in range(len(specs))]

"""`ebbtide tune`: which settings of a policy would have been the best, on its own past."""

import pathlib
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.load import Manifest, load
from ebbtide.api.parse import parse_policy
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import read, write
from ebbtide.cli.models import plugins
from ebbtide.cli.options import grouped
from ebbtide.cli.plan.demand import demand_of
from ebbtide.cli.plan.edits import edited
from ebbtide.cli.plan.simulation import POLICY
from ebbtide.cli.screen import screen
from ebbtide.cli.tune.choice import found_by_margin, found_by_objective
from ebbtide.cli.tune.jobs import Search, Spec, Tried, Workers
from ebbtide.cli.tune.options import Aim, Operator, Past, Telling, Work
from ebbtide.cli.tune.output import output
from ebbtide.cli.tune.page import Tuned, page, patch
from ebbtide.cli.tune.published import published
from ebbtide.cli.tune.record import Record, fingerprint, keys
from ebbtide.cli.tune.sweeping import Timing, ground
from ebbtide.errors import InvalidInput
from ebbtide.planning.seen_demand import DELAY
from ebbtide.planning.tuning import Measured, judged
from ebbtide.planning.variants import left_out
from ebbtide_policies.demand import DAY


@grouped
def tune(
    past: Past,
    aim: Aim,
    work: Work,
    telling: Telling,
    operator: Operator,
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="YAML: one CapacityPolicy, calendars, overrides."),
    ] = None,
) -> None:
    """Search the settings that serve well enough at the least cost.

    Every variant is replayed over the same demand by the rules of the live loop. The cheapest that
    keeps the objective, with a margin, is recommended, and checked on demand that was held back.
    For a policy with an objective, all that follows from one is tried and the choice is that of the
    operator, unless --vary says what is tried.
    """
    if operator.from_cluster:
        change = published(operator.from_cluster, operator.kubeconfig, operator.context)
        _hand_over(change, telling.diff)
        return
    manifests = load({name: read(name) for name in policies or ()}, plugins())
    manifest = _policy(manifests)
    tuned = _tuned(manifest, manifests, past, aim, work)
    if telling.diff:
        write(telling.diff, patch(manifest, tuned))
    if telling.as_json:
        typer.echo(output(tuned).model_dump_json(by_alias=True, indent=1))
    else:
        screen().print(page(tuned))


def _tuned(
    manifest: Manifest, manifests: Sequence[Manifest], past: Past, aim: Aim, work: Work
) -> Tuned:
    """Try all variants of a policy, among all that was written beside it, and judge them."""
    spec = parse_policy(manifest.spec)
    level, variants = aim.level(spec), aim.variants(spec)
    specs = [edited(manifest, edits, plugins()).spec for edits in variants]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        search = _search(manifest, manifests, past, progress)
        kept = Record(work.record, fingerprint(search, manifest.spec)) if work.record else None
        tried = _tried(search, specs, Workers(work.jobs, work.cluster), kept, progress)
    searched, held = (
        Measured(*map(np.array, zip(*part, strict=True))) for part in zip(*tried, strict=True)
    )
    days = search.first_held * search.truth.tick / DAY
    found = (
        found_by_objective(searched, level, days)
        if aim.by_objective(spec)
        else found_by_margin(searched, level)
    )
    return Tuned(
        workload=search.world.workload,
        objective=level,
        margin=found.margin,
        variants=variants,
        candidates=judged(searched, held, found.best),
        why=found.why,
        left_out=left_out(spec, plugins()),
    )


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


def _search(
    manifest: Manifest, manifests: Sequence[Manifest], past: Past, progress: Progress
) -> Search:
    """Forecast once, for all variants."""
    checked = past.checked
    task = progress.add_task("forecasting")
    here = ground(
        manifest,
        demand_of([manifest], past.csv, past.prometheus, past.since),
        Timing(seconds("--tick", past.tick, 1), DELAY),
        lambda done, of: progress.update(task, completed=done, total=of),
        manifests,
    )
    first_held = round((1 - checked) * here.world.now.size)
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

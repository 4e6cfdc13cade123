"""`ebbtide tune`: which settings of a policy would have been the best, on its own past."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.files import promise, read, write
from ebbtide.cli.models import installed
from ebbtide.cli.options import grouped
from ebbtide.cli.report.translations import Words
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.edits import edited, that_change
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.cli.simulation.remarks import remarks
from ebbtide.cli.tune.choice import found_by_margin, found_by_objective
from ebbtide.cli.tune.jobs import Search, Tried, Workers
from ebbtide.cli.tune.options import Aim, Operator, Past, Telling, Work
from ebbtide.cli.tune.output import output
from ebbtide.cli.tune.page import Tuned, page, patch
from ebbtide.cli.tune.record import Record, fingerprint, keys
from ebbtide.cli.tune.suggested_change import suggested_changes
from ebbtide.cli.tune.trial_setup import TrialSetup
from ebbtide.cli.tune.trials import Spec
from ebbtide.errors import InvalidInput
from ebbtide.planning.tuning.judgement import Measured, judged
from ebbtide.planning.tuning.objective import stress_test
from ebbtide_policies.quantities import many

Told = Callable[[int, int], None]
"""Hears how much of some work is done, and how much there is."""


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
    For a policy with an objective it tries what the operator would try, and chooses as the operator
    does, unless --vary says what to try.
    """
    if operator.from_cluster:
        change = suggested_changes(operator.from_cluster, operator, telling.said)
        _hand_over(change, telling.diff)
        return
    promise(telling.diff, work.record)
    manifests = manifests_in(policies or ())
    manifest, *beside = _policy_first(manifests)
    text = _text(manifest) if telling.diff else ""
    tuned = _tuned(manifest, beside, past, aim, work, telling.said)
    if telling.as_json:
        typer.echo(output(tuned).model_dump_json(by_alias=True, indent=1))
    else:
        screen().print(page(tuned, telling.said))
    if telling.diff:
        write(telling.diff, patch(manifest.path, text, tuned, telling.said))


def _text(manifest: Manifest) -> str:
    """The file that a change is to be made of, before it takes long."""
    if manifest.path == "-":
        raise InvalidInput("--diff is the change of a file: name the file of the policy, not -")
    return read(manifest.path)


def _tuned(
    manifest: Manifest, beside: Sequence[Manifest], past: Past, aim: Aim, work: Work, said: Words
) -> Tuned:
    """Try all variants of a policy, with what is written beside it, and judge them."""
    spec = parse_policy(manifest.spec)
    level, variants, known = aim.level(spec), aim.variants(manifest.spec), installed()
    objective = level if aim.by_objective(spec) else None
    specs = [edited(manifest, edits, known).spec for edits in variants]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        told = past.supposed()
        recorded = past.recorded(told, [manifest, *beside])
        setup = TrialSetup(manifest, tuple(beside), recorded, past.world(told, recorded))
        search = _search(setup, specs, past, objective, _course(progress, said["forecasting"]))
        world = setup.world
        written = [
            *map(_written, (manifest, *beside)),
            told.scenario.model_dump(mode="json"),
            [world.seed, world.delay],
        ]
        same = fingerprint(search, recorded, written)
        kept = _kept(work.record, same)
        workers = Workers(work.jobs, work.cluster)
        tried = _tried(search, specs, workers, kept, _course(progress, said["deciding"]))
    searched, held = (
        Measured(*map(np.array, zip(*part, strict=True))) for part in zip(*tried, strict=True)
    )
    if objective is None:
        days, found = setup.days_known(search.first_held), found_by_margin(searched, level)
    else:
        days = search.truth.within(slice(search.first_held)).days
        found = found_by_objective(searched, level, days, manifest.spec)
    return Tuned(
        workload=search.workload,
        objective=level,
        margin=found.margin,
        variants=variants,
        candidates=judged(searched, held, found.best),
        changes=that_change(manifest, variants[found.best], known),
        days=days,
        why=found.why,
        left_out=search.trial.left_out(spec),
        remarks=list(remarks(setup.bench, recorded.start)),
    )


def _kept(path: pathlib.Path | None, search: str) -> Record | None:
    """What was tried before, where that is written down; what of it can't be used is said."""
    kept = Record(path, search) if path else None
    if kept and kept.left_out:
        lines = many(kept.left_out, "line")
        said = f"{path}: {lines} without a whole variant: what no other line has is tried again"
        typer.echo(f"note: {said}", err=True)
    return kept


def _written(manifest: Manifest) -> Sequence[object]:
    """What a manifest says, wherever it stands."""
    head = manifest.kind, manifest.namespace, manifest.name
    return [*head, dict(manifest.labels), dict(manifest.spec)]


def _hand_over(change: str, to: pathlib.Path | None) -> None:
    if to:
        write(to, change)
    else:
        typer.echo(change, nl=False)


def _policy_first(manifests: Sequence[Manifest]) -> Sequence[Manifest]:
    """The one policy among some manifests, and the others after it."""
    policies = [one for one in manifests if one.kind == CAPACITY_POLICY.name]
    if len(policies) != 1:
        names = ", ".join(one.key for one in policies) or "none"
        raise InvalidInput(f"one CapacityPolicy is tuned at a time, and these files have {names}")
    return [*policies, *(one for one in manifests if one.kind != CAPACITY_POLICY.name)]


def _course(progress: Progress, name: str) -> Told:
    """What is told how far some work is."""
    task = progress.add_task(name)
    return lambda done, of: progress.update(task, completed=done, total=of)


def _search(
    setup: TrialSetup, specs: Sequence[Spec], past: Past, objective: float | None, told: Told
) -> Search:
    """All that is needed to try a variant; by an objective, or by whatever is said."""
    trial, truth = setup.trial(specs, told)
    if objective is not None:
        truth = truth._replace(demand=setup.counted_need(), stress=stress_test(objective))
    return Search(setup.workload, trial, truth, past.first_held(truth.demand.size))


def _tried(
    search: Search,
    specs: Sequence[Spec],
    workers: Workers,
    record: Record | None,
    told: Told,
) -> Sequence[Tried]:
    """What came of every variant: what the record has of it, and what it has not."""
    names = keys(specs)
    found = {i: record.done[n] for i, n in enumerate(names) if record and n in record.done}
    told(len(found), len(specs))
    missing = [i for i in range(len(specs)) if i not in found]
    for i, tried in workers.run(search, specs, missing):
        found[i] = tried
        if record:
            record.add(names[i], tried)
        told(len(found), len(specs))
    return [found[i] for i in range(len(specs))]

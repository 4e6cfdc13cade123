"""`ebbtide explain`: why a workload has the replicas that it has."""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.capacity_policy.objective import in_words
from ebbtide.api.timestamps import clock
from ebbtide.cli.cluster.access import Access, namespaced
from ebbtide.cli.figures import UNKNOWN_SIGN
from ebbtide.cli.options import grouped
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.loop.record.applied_settings import applied_in
from ebbtide.loop.reporting.conditions import is_bad
from ebbtide.loop.tuning.suggestion import suggestion_in
from ebbtide_policies.quantities import show_share

STYLES = {"Peace": "green", "Prewarm": "yellow", "War": "red", "Ebb": "cyan"}
MEANS = {
    "Floor": "at least",
    "GuaranteedFloor": "never below",
    "SoftCeiling": "at most",
    "HardCeiling": "never above",
    "PaceDown": "now not below",
    "PaceUp": "now not above",
    "Rollback": "back to",
}
_LATEST = 5


@grouped
def explain(
    policy: Annotated[
        str, typer.Argument(metavar="NAMESPACE/POLICY", help="The CapacityPolicy to look at.")
    ],
    access: Access,
) -> None:
    """Show the bounds of the last decision, the binding one first.

    Below them are the conditions that a person would look into, and the last changes.
    """
    namespace, name = namespaced(policy)
    found = access.reach().get_policy(namespace, name)
    status = found.status
    if not status.get("binding"):
        raise InvalidInput(
            f"{policy} has not been decided on yet; is the operator running, and does it look"
            f" after {namespace}?"
        )
    screen().print(explained(policy, status, found.spec))


def explained(policy: str, status: Mapping[str, Any], spec: Mapping[str, Any]) -> RenderableType:
    """The status of a workload as a page for a terminal."""
    held = _held(status, spec)
    return Group(_headline(policy, status), *held, "", _bounds(status), *_footer(status))


def _held(status: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterable[RenderableType]:
    """What keeps more than is wanted, since when, and what that costs an hour."""
    replicas, binding = status.get("replicas", {}), status["binding"]
    spare = replicas.get("desired", 0) - replicas.get("want", 0)
    if spare <= 0:
        return
    held = str(status.get("heldSince", ""))
    since, keeps = (f" since {held[:19]}Z", "has kept") if held else ("", "keeps")
    price = (spec.get("capacity") or {}).get("costPerHour")
    cost = f", which costs {price * spare:,.2f} an hour" if price else ""
    yield Text(
        f"{binding.get('reason', '')} {keeps} {spare:,} replicas more than are wanted{since}{cost}",
        "yellow",
    )


def _headline(policy: str, status: Mapping[str, Any]) -> Text:
    phase, replicas = status.get("phase", UNKNOWN_SIGN), status.get("replicas", {})
    current, ready, desired = (_count(replicas, of) for of in ("current", "ready", "desired"))
    return Text.assemble(
        (policy, "bold"),
        "  ",
        (phase, STYLES.get(phase, "")),
        f"  {status.get('mode', UNKNOWN_SIGN)}  {current} replicas, {ready} ready, ",
        (f"{desired} desired", "bold"),
    )


def _bounds(status: Mapping[str, Any]) -> Table:
    """One line a bound; its reason stands before the sentence that goes with it."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("BOUND", no_wrap=True)
    table.add_column("REPLICAS", justify="right")
    table.add_column("POLICY", no_wrap=True)
    table.add_column("WHY", overflow="fold")
    binding = status["binding"]
    for row in status.get("bounds") or [binding]:
        decided = row == binding
        kind = str(row.get("kind", ""))
        table.add_row(
            f"{'▸' if decided else ' '} {MEANS.get(kind, kind)}",
            _count(row, "replicas"),
            str(row.get("policy", "")),
            _why(row),
            style="bold" if decided else "",
        )
    return table


def _count(where: Mapping[str, Any], name: str) -> str:
    return f"{where[name]:,}" if name in where else UNKNOWN_SIGN


def _why(row: Mapping[str, Any]) -> Text:
    reason, message = str(row.get("reason", "")), str(row.get("message", ""))
    return Text(f"{reason}: {message}" if message else reason)


def _footer(status: Mapping[str, Any]) -> Iterable[RenderableType]:
    wrong = [c for c in status.get("conditions", ()) if is_bad(c)]
    if wrong:
        yield ""
    for condition in wrong:
        yield Text.assemble(
            (f"! {condition['type']}={condition['status']}: ", "yellow"),
            condition.get("message") or condition.get("reason", ""),
        )
    yield from _tuned(status)
    yield from _ahead(status)
    steps = status.get("decisions", ())[-_LATEST:]
    if steps:
        yield ""
    for step in reversed(steps):
        yield Text(_change(step), "dim")


def _tuned(status: Mapping[str, Any]) -> Iterable[RenderableType]:
    """The settings that its own past speaks for, and whether they are in force."""
    found = suggestion_in(status)
    if found is None:
        return
    force = applied_in(status)
    used = force is not None and force.settings == found.settings
    verb = "in force" if used else "suggested"
    cost = (
        "" if math.isnan(found.cost) else f"; {found.cost:.3f} times the cost of what is in force"
    )
    yield ""
    yield Text.assemble(
        (f"objective {show_share(found.objective)}: ", "bold"),
        f"{in_words(found.settings)} ({verb} since {clock(found.since, '%Y-%m-%d %H:%MZ')})",
    )
    yield Text(f"  {found.why}{'' if used else cost}", "dim")


def _ahead(status: Mapping[str, Any]) -> Iterable[RenderableType]:
    """The staircase ahead: what comes next, the furthest first, as the past below it."""
    steps = status.get("nextSteps", ())
    if steps:
        yield ""
        yield Text("  next, if demand goes as is foreseen:", "dim")
    for step in reversed(steps):
        yield Text(_change(step), "cyan")


def _change(step: Mapping[str, Any]) -> str:
    change = f"{step['from']:>6,} -> {step['to']:<6,}"
    return f"  {step['at'][:19]}Z  {change}  {step.get('reason', '')}"

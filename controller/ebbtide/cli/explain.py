"""`ebbtide explain`: why a workload has the replicas that it has."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.cluster import Context, Kubeconfig, namespaced, reach
from ebbtide.errors import InvalidInput

STYLES = {"Peace": "green", "Prewarm": "yellow", "War": "red", "Ebb": "cyan"}
_MEANS = {
    "Floor": "at least",
    "GuaranteedFloor": "never below",
    "SoftCeiling": "at most",
    "HardCeiling": "never above",
    "PaceDown": "not below, this tick",
    "PaceUp": "not above, this tick",
    "Rollback": "back to",
}


def explain(
    policy: Annotated[str, typer.Argument(metavar="NAMESPACE/POLICY")],
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show the bounds of the last decision, the binding one first."""
    namespace, name = namespaced(policy)
    status = reach(kubeconfig, context).get_policy(namespace, name).status
    if not status.get("binding"):
        raise InvalidInput(
            f"{policy} has not been decided on yet; is the operator running, and does it look"
            f" after {namespace}?"
        )
    Console(highlight=False).print(explained(policy, status))


def explained(policy: str, status: dict[str, Any]) -> RenderableType:
    """The status of a workload as a page for a terminal."""
    return Group(_headline(policy, status), "", _bounds(status), *_footer(status))


def _headline(policy: str, status: dict[str, Any]) -> Text:
    phase, replicas = status.get("phase", "?"), status.get("replicas", {})
    line = Text.assemble((policy, "bold"), "  ", (phase, STYLES.get(phase, "")), "  ")
    line.append(str(status.get("mode", "?")))
    desired = replicas.get("desired", "?")
    line.append(f"  {replicas.get('current', '?')} replicas, {replicas.get('ready', '?')} ready")
    line.append(f" -> {desired}", style="bold")
    return line


def _bounds(status: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, side in (("", "left"), ("REPLICAS", "right"), ("MEANS", "left"), ("POLICY", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("REASON")
    table.add_column("WHY", overflow="fold")
    binding = status["binding"]
    for row in status.get("bounds") or [binding]:
        is_binding = row == binding
        table.add_row(
            "▸" if is_binding else "",
            str(row.get("replicas", "unknown")),
            _MEANS.get(row.get("kind", ""), row.get("kind", "")),
            row.get("policy", ""),
            row.get("reason", ""),
            row.get("message", ""),
            style="bold" if is_binding else "",
        )
    return table


def _footer(status: dict[str, Any]) -> Iterable[RenderableType]:
    wrong = [c for c in status.get("conditions", ()) if _is_worrying(c)]
    for condition in wrong:
        yield Text.assemble(
            ("! ", "bold yellow"),
            (f"{condition['type']}={condition['status']} ", "yellow"),
            condition.get("message") or condition.get("reason", ""),
        )
    for step in reversed(status.get("decisions", ())[-5:]):
        yield Text("  {at}  {from} -> {to}  {reason}".format_map(step), style="dim")


def _is_worrying(condition: dict[str, Any]) -> bool:
    good = {"Ready": "True", "MetricsAvailable": "True", "ForecastTrusted": "True"}
    return bool(condition.get("status") != good.get(str(condition.get("type")), "False"))

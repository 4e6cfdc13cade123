"""`ebbtide freeze`, `floor`, `phase`: a person's word, always with an end and a reason."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ebbtide.cli.cluster.reach import Context, Kubeconfig, end, reach, say, selected
from ebbtide_policies.observation import Phase

Namespace = Annotated[
    str,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        help="Where it holds. In the operator's own namespace it holds everywhere.",
    ),
]
Selector = Annotated[
    str,
    typer.Option(
        "--selector",
        "-l",
        metavar="LABELS",
        help="CapacityPolicies that it is about, like app=edge,tier=media. Default: all.",
    ),
]
Until = Annotated[
    str,
    typer.Option(
        metavar="END", help="A duration like 2h, or a moment like '2026-11-12 06:00' UTC."
    ),
]
Why = Annotated[
    str, typer.Option(metavar="TEXT", help="The reason, for those who find it at night.")
]


def freeze(
    why: Why,
    until: Until,
    namespace: Namespace = "default",
    selector: Selector = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Let nothing go for a while. The way up stays open."""
    spec = _spec(why, until, selector) | {"freeze": True}
    say(lambda: reach(kubeconfig, context), namespace, "freeze", spec)


def floor(
    replicas: Annotated[
        int, typer.Argument(min=0, metavar="REPLICAS", help="Replicas to have at least.")
    ],
    why: Why,
    until: Until,
    namespace: Namespace = "default",
    selector: Selector = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Have at least so many replicas for a while. Afterwards they descend in steps."""
    spec = _spec(why, until, selector) | {"floor": replicas}
    say(lambda: reach(kubeconfig, context), namespace, "floor", spec)


def phase(
    phase: Annotated[
        Phase,
        typer.Argument(metavar="PHASE", case_sensitive=False, help="Peace, Prewarm, War or Ebb."),
    ],
    why: Why,
    until: Until,
    namespace: Namespace = "default",
    selector: Selector = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Be in a phase for a while, whatever calendar and demand say."""
    spec = _spec(why, until, selector) | {"phase": phase.value}
    say(lambda: reach(kubeconfig, context), namespace, f"phase-{phase.value.lower()}", spec)


def _spec(why: str, until: str, selector: str) -> dict[str, object]:
    ends = end(until, datetime.now(UTC))
    return {"why": why, "until": ends, "selector": dict(selected(selector))}

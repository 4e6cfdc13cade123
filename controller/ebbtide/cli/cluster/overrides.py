"""`ebbtide freeze`, `floor`, `phase`: a person's word, always with an end and a reason."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from ebbtide.cli.cluster.access import Access, end, say, selected
from ebbtide.cli.options import grouped
from ebbtide_policies.observation import Phase


@dataclass(frozen=True, kw_only=True)
class Word(Access):
    """What every word of a person has: a reason, an end, and whom it is about."""

    why: Annotated[
        str, typer.Option(metavar="TEXT", help="The reason, for those who find it at night.")
    ]
    until: Annotated[
        str,
        typer.Option(
            metavar="END", help="A duration like 2h, or a moment like '2026-11-12 06:00' UTC."
        ),
    ]
    namespace: Annotated[
        str,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="Where it holds. In the operator's own namespace it holds everywhere.",
        ),
    ] = "default"
    selector: Annotated[
        str,
        typer.Option(
            "--selector",
            "-l",
            metavar="LABELS",
            help="CapacityPolicies that it is about, like app=edge,tier=media. Default: all.",
        ),
    ] = ""

    def say(self, name: str, **said: object) -> None:
        """Write the override whose name begins so."""
        ends = end(self.until, datetime.now(UTC))
        spec = {"why": self.why, "until": ends, "selector": dict(selected(self.selector)), **said}
        say(self.reach, self.namespace, name, spec)


@grouped
def freeze(word: Word) -> None:
    """Let nothing go for a while. The way up stays open."""
    word.say("freeze", freeze=True)


@grouped
def floor(
    replicas: Annotated[
        int, typer.Argument(min=0, metavar="REPLICAS", help="Replicas to have at least.")
    ],
    word: Word,
) -> None:
    """Have at least so many replicas for a while. Afterwards they descend in steps."""
    word.say("floor", floor=replicas)


@grouped
def phase(
    phase: Annotated[
        Phase,
        typer.Argument(metavar="PHASE", case_sensitive=False, help="Peace, Prewarm, War or Ebb."),
    ],
    word: Word,
) -> None:
    """Be in a phase for a while, whatever calendar and demand say."""
    word.say(f"phase-{phase.value.lower()}", phase=phase.value)

"""What tuning found, as a page for a terminal, and as YAML for a review."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from rich.console import Group, RenderableType
from rich.text import Text

from ebbtide.api.kinds import API_VERSION, CAPACITY_POLICY
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.edits import Edit, put
from ebbtide.cli.tune.front import Front
from ebbtide.cli.tune.unified_diff import unified
from ebbtide.cli.tune.yaml_edit import with_edits
from ebbtide.planning.tuning.judgement import Candidate, Measured
from ebbtide.planning.tuning.objective import needed_days
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import show_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came out of a search."""

    workload: str
    objective: float
    margin: float
    variants: Sequence[Sequence[Edit]]
    candidates: Sequence[Candidate]
    days: float
    """Days that were searched."""
    left_out: Sequence[str] = ()
    """Policies that were not replayed."""
    remarks: Sequence[Message] = ()
    """What of the demand is doubtful."""
    why: Message | None = None
    """Why, where an objective decides what is tried."""
    changes: Sequence[Edit] = ()
    """What of the recommended one is another than in the policy."""

    @property
    def best(self) -> Candidate:
        """The recommended one."""
        return next(one for one in self.candidates if one.recommended)

    @property
    def keeps(self) -> bool:
        """Whether it kept the objective, with the margin, on what was searched."""
        return self._keeps(self.best)

    def _keeps(self, candidate: Candidate) -> bool:
        return float(candidate.searched.unserved) <= self.objective * self.margin

    def evidence(self) -> Message:
        """One sentence that a reviewer can judge the recommendation by."""
        mine, held = self.best.searched, self.best.held_back
        checked = _checked(held)
        if self.why:
            return Message("{}; {}", (self.why, checked))
        kept = Message("the cheapest")
        failed = Message("none kept it, so the one that failed least")
        return Message(
            "{} may go unserved: {} of {:,} variants {}; {}",
            (
                show_share(self.objective),
                kept if self.keeps else failed,
                len(self.variants),
                _left(mine),
                checked,
            ),
        )

    def doubts(self) -> Iterator[Message]:
        """What speaks against taking what is recommended."""
        if not any(map(self._keeps, self.candidates)):
            yield Message(
                "none keeps the objective: try settings that ask for more, or vary what limits it, "
                "replicas.max say"
            )
        elif self.keeps and float(self.best.held_back.unserved) > self.objective:
            yield Message("the demand held back breaks the objective: search more of it")
        needed = needed_days(self.objective)
        if not self.why and self.days < needed:
            yield Message(
                "{:.1f} days were searched, and it takes {:.0f} to speak for {}",
                (self.days, needed, show_share(self.objective)),
            )
        if self.left_out:
            yield Message("not modelled: {}", (", ".join(self.left_out),))
        yield from self.remarks


def _left(found: Measured) -> Message:
    """What a variant left unserved, and at what cost."""
    if np.isnan(found.beside_bound):
        return Message("met a demand of nothing")
    return Message(
        "left {:.4%} unserved at {:.3f} times the clairvoyant bound",
        (float(found.unserved), float(found.beside_bound)),
    )


def _checked(found: Measured) -> Message:
    """The same of the demand that was held back."""
    if np.isnan(found.beside_bound):
        return Message("on the demand held back nothing was needed")
    return Message(
        "on the demand held back {:.4%} at {:.3f} times",
        (float(found.unserved), float(found.beside_bound)),
    )


def page(tuned: Tuned, said: Words) -> RenderableType:
    """The front, cheapest first, and what is recommended."""
    front = Front(tuned.variants, tuned.candidates, said)
    against = said["and"].join(said[name] for name in front.held_against)
    return Group(
        Text.assemble((tuned.workload, "bold"), f"  {said['front'].format(against)}"),
        "",
        front,
        "",
        said["sentence"].format(said.told(tuned.evidence())),
        *(Text(f"! {said.told(doubt)}", "yellow") for doubt in tuned.doubts()),
        "",
        Text(snippet(tuned) if tuned.changes else said["nothing_changes"]),
    )


def snippet(tuned: Tuned) -> str:
    """The recommended change as it stands in a policy."""
    return yaml.safe_dump({"spec": _spec(tuned)}, sort_keys=False)


def _spec(tuned: Tuned) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    for edit in tuned.changes:
        put(spec, edit, "spec")
    return spec


def patch(path: str, text: str, tuned: Tuned, said: Words) -> str:
    """The recommended change of a file, as `git apply` and `patch -p1` take it, with why.

    Raises:
        InvalidInput: a field can't be set where it stands.

    """
    after = with_edits(text, CAPACITY_POLICY.name, tuned.changes)
    nothing = "" if tuned.changes else f"# {said['nothing_changes']}\n"
    return f"# {said.told(tuned.evidence())}\n{nothing}{unified(path, text, after)}"


def change(kind: str, metadata: dict[str, str], spec: dict[str, Any], why: str) -> str:
    """A change of an object as a file for a review, with why."""
    whole = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return f"# {why}\n{yaml.safe_dump(whole, sort_keys=False)}"

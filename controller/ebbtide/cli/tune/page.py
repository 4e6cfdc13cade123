"""What tuning found, as a page for a terminal, and as YAML for a review."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import yaml
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.kinds import API_VERSION
from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.edits import Edit
from ebbtide.planning.tuning.judgement import Candidate, Measured
from ebbtide.planning.tuning.objective import needed_days
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import show_share

COLUMNS = 4
"""Fields that have a column, of those in which variants differ."""
_COLUMNS = (
    *("head_tuned_hours", "head_bound", "head_unserved"),
    *("head_held_back", "head_unserved", "head_changes"),
)
ROWS = 14
"""Rows of the front that are shown, the recommended one among them."""


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

    @property
    def best(self) -> Candidate:
        """The recommended one."""
        return next(one for one in self.candidates if one.recommended)

    @property
    def keeps(self) -> bool:
        """Whether it kept the objective, with the margin, on what was searched."""
        return float(self.best.searched.unserved) <= self.objective * self.margin

    def evidence(self) -> Message:
        """One sentence that a reviewer can judge the recommendation by."""
        mine, held = self.best.searched, self.best.held_back
        checked = Message(
            "on the demand held back {:.4%} at {:.3f} times",
            (float(held.unserved), float(held.beside_bound)),
        )
        if self.why:
            return Message("{}; {}", (self.why, checked))
        kept = Message("the cheapest")
        failed = Message("none kept it, so the one that failed least")
        return Message(
            "{} may go unserved: {} of {:,} variants left {:.4%} unserved at {:.3f} times the "
            "clairvoyant bound; {}",
            (
                show_share(self.objective),
                kept if self.keeps else failed,
                len(self.variants),
                float(mine.unserved),
                float(mine.beside_bound),
                checked,
            ),
        )

    def doubts(self) -> Iterator[Message]:
        """What speaks against taking what is recommended."""
        if not self.keeps:
            yield Message("none keeps the objective: vary what limits it, replicas.max say")
        elif float(self.best.held_back.unserved) > self.objective:
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


def page(tuned: Tuned, said: Words) -> RenderableType:
    """The front, cheapest first, and what is recommended."""
    against = [said[name] for name in ("service", *(one.what for one in _told_of_users(tuned)))]
    front = said["front"].format(said["and"].join(against))
    return Group(
        Text.assemble((tuned.workload, "bold"), f"  {front}"),
        "",
        _front(tuned, said),
        "",
        said["sentence"].format(said.told(tuned.evidence())),
        *(Text(f"! {said.told(doubt)}", "yellow") for doubt in tuned.doubts()),
        "",
        Text(snippet(tuned)),
    )


def _front(tuned: Tuned, said: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    telling, users = _telling(tuned.variants), _told_of_users(tuned)
    table.add_column(" ")
    for i in telling:
        table.add_column(tuned.variants[0][i].path[-1].upper(), justify="right")
    for name in (*_COLUMNS, *(one.head for one in users)):
        table.add_column(said[name], justify="right")
    for one in _shown(tuned):
        mine, held = one.searched, one.held_back
        table.add_row(
            "▸" if one.recommended else "",
            *(str(tuned.variants[one.variant][i].value) for i in telling),
            f"{float(mine.replica_hours):,.0f}",
            f"{float(mine.beside_bound):.3f}",
            f"{float(mine.unserved):.4%}",
            f"{float(held.beside_bound):.3f}",
            f"{float(held.unserved):.4%}",
            f"{float(mine.changes):,.0f}",
            *(f"{float(each.of(mine)):,.0f}" for each in users),
            style="bold" if one.recommended else "",
        )
    return table


class _OfUsers(NamedTuple):
    """What is told of users beside what went unserved, where there is anything to tell."""

    head: str
    """The key of the word above its column."""
    what: str
    """The key of the words for it."""
    of: Callable[[Measured], Lanes]


_CUT_OFF = _OfUsers("head_cut_off", "disruptions", lambda one: one.disruptions)
_BREACHED = _OfUsers("head_badly", "breached", lambda one: one.breached)


def _told_of_users(tuned: Tuned) -> Sequence[_OfUsers]:
    cut_off = any(one.searched.disruptions > 0 for one in tuned.candidates)
    fared = any(not np.isnan(one.searched.breached) for one in tuned.candidates)
    return [*([_CUT_OFF] if cut_off else ()), *([_BREACHED] if fared else ())]


def _telling(variants: Sequence[Sequence[Edit]]) -> Sequence[int]:
    """The fields that have a column: the first of those in which variants differ."""
    values = [{str(edit.value) for edit in column} for column in zip(*variants, strict=True)]
    return [i for i, different in enumerate(values) if len(different) > 1][:COLUMNS]


def _shown(tuned: Tuned) -> Sequence[Candidate]:
    """As many of the front as there is room for, evenly, the recommended one among them."""
    every = max(1, -(-len(tuned.candidates) // ROWS))
    return [one for i, one in enumerate(tuned.candidates) if one.recommended or i % every == 0]


def snippet(tuned: Tuned) -> str:
    """The recommended change as it stands in a policy."""
    return yaml.safe_dump({"spec": _spec(tuned)}, sort_keys=False)


def _spec(tuned: Tuned) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    for edit in tuned.variants[tuned.best.variant]:
        here = spec
        for name in edit.path[:-1]:
            here = here.setdefault(name, {})
        here[edit.path[-1]] = edit.value
    return spec


def patch(manifest: Manifest, tuned: Tuned, said: Words) -> str:
    """The recommended change as a file for a review, with why."""
    head = {"name": manifest.name, "namespace": manifest.namespace}
    return change(manifest.kind, head, _spec(tuned), said.told(tuned.evidence()))


def change(kind: str, metadata: dict[str, str], spec: dict[str, Any], why: str) -> str:
    """A change of an object as a file for a review, with why."""
    whole = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return f"# {why}\n{yaml.safe_dump(whole, sort_keys=False)}"

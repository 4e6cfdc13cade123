"""What tuning found, as a page for a terminal, and as YAML for a review."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import yaml
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.kinds import API_VERSION
from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.simulation.edits import Edit
from ebbtide.planning.tuning.judgement import Candidate, Measured
from ebbtide.planning.tuning.objective import needed_days
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import show_share

COLUMNS = 4
"""Fields that have a column, of those in which variants differ."""
_COLUMNS = ("HOURS", "X BOUND", "UNSERVED", "HELD BACK: X BOUND", "UNSERVED", "CHANGES/DAY")
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
    why: str = ""
    """Why, where an objective decides what is tried; else empty."""

    @property
    def best(self) -> Candidate:
        """The recommended one."""
        return next(one for one in self.candidates if one.recommended)

    @property
    def keeps(self) -> bool:
        """Whether it kept the objective, with the margin, on what was searched."""
        return float(self.best.searched.unserved) <= self.objective * self.margin

    def evidence(self) -> str:
        """One sentence that a reviewer can judge the recommendation by."""
        mine, held = self.best.searched, self.best.held_back
        checked = (
            f"on the demand held back {float(held.unserved):.4%} at {held.beside_bound:.3f} times"
        )
        if self.why:
            return f"{self.why}; {checked}"
        kept = "the cheapest" if self.keeps else "none kept it, so the one that failed least"
        aim, count = show_share(self.objective), len(self.variants)
        return (
            f"{aim} may go unserved: {kept} of {count:,} variants"
            f" left {float(mine.unserved):.4%} unserved at {mine.beside_bound:.3f} times the"
            f" clairvoyant bound; {checked}"
        )


def page(tuned: Tuned) -> RenderableType:
    """The front, cheapest first, and what is recommended."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    telling = _telling(tuned.variants)
    fields = [".".join(tuned.variants[0][i].path) for i in telling]
    table.add_column(" ")
    for field in fields:
        table.add_column(field.rpartition(".")[2].upper(), justify="right")
    users = _told_of_users(tuned.candidates)
    for name in (*_COLUMNS, *(head for head, _, _ in users)):
        table.add_column(name, justify="right")
    for one in _shown(tuned):
        values = [str(tuned.variants[one.variant][i].value) for i in telling]
        mine, held = one.searched, one.held_back
        table.add_row(
            "▸" if one.recommended else "",
            *values,
            f"{float(mine.replica_hours):,.0f}",
            f"{float(mine.beside_bound):.3f}",
            f"{float(mine.unserved):.4%}",
            f"{float(held.beside_bound):.3f}",
            f"{float(held.unserved):.4%}",
            f"{float(mine.changes):,.0f}",
            *(f"{float(of(mine)):,.0f}" for _, _, of in users),
            style="bold" if one.recommended else "",
        )
    against = " and ".join(("service", *(what for _, what, _ in users)))
    head = Text.assemble((tuned.workload, "bold"), f"  the front of cost against {against}")
    said = [Text(f"{tuned.evidence()}.")]
    if not tuned.keeps:
        said.append(
            Text("! none keeps the objective: vary what limits it, replicas.max say", "yellow")
        )
    elif float(tuned.best.held_back.unserved) > tuned.objective:
        said.append(
            Text("! the demand held back breaks the objective: search more of it", "yellow")
        )
    needed = needed_days(tuned.objective)
    if not tuned.why and tuned.days < needed:
        aim = show_share(tuned.objective)
        few = f"! {tuned.days:.1f} days were searched, and it takes {needed:.0f} to speak for {aim}"
        said.append(Text(few, "yellow"))
    if tuned.left_out:
        said.append(Text(f"! not modelled: {', '.join(tuned.left_out)}", "yellow"))
    said += [Text(f"! {remark}", "yellow") for remark in tuned.remarks]
    return Group(head, "", table, "", *said, "", Text(snippet(tuned)))


class _OfUsers(NamedTuple):
    """What is told of users beside what went unserved, where there is anything to tell."""

    head: str
    what: str
    of: Callable[[Measured], Lanes]


_CUT_OFF = _OfUsers("CUT OFF", "sessions cut off", lambda one: one.disruptions)
_BREACHED = _OfUsers("MIN BADLY", "minutes users fared badly", lambda one: one.breached)


def _told_of_users(front: Sequence[Candidate]) -> Sequence[_OfUsers]:
    cut_off = any(one.searched.disruptions > 0 for one in front)
    fared = any(not np.isnan(one.searched.breached) for one in front)
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


def patch(manifest: Manifest, tuned: Tuned) -> str:
    """The recommended change as a file for a review, with why."""
    head = {"name": manifest.name, "namespace": manifest.namespace}
    return change(manifest.kind, head, _spec(tuned), tuned.evidence())


def change(kind: str, metadata: dict[str, str], spec: dict[str, Any], why: str) -> str:
    """A change of an object as a file for a review, with why."""
    whole = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return f"# {why}\n{yaml.safe_dump(whole, sort_keys=False)}"

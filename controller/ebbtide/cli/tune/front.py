"""The front that a search found, as a table for a terminal of any width."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from ebbtide.cli.figures import NONE_SIGN, amount, figure
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.edits import Edit
from ebbtide.planning.tuning.judgement import Candidate, Measured
from ebbtide_policies.lanes import Lanes

COLUMNS = 4
"""Fields that have a column, of those in which variants differ."""
ROWS = 14
"""Rows of the front that are shown, the recommended one among them."""
_COLUMNS = (
    *("head_tuned_hours", "head_bound", "head_unserved"),
    *("head_held_back", "head_unserved", "head_changes"),
)
_WIDE, _NARROW = 2, 1
"""Columns between two."""
_BOUNDLESS = 10_000


class _OfUsers(NamedTuple):
    """What is told of users beside what went unserved, where there is anything to tell."""

    head: str
    """The key of the word above its column."""
    what: str
    """The key of the words for it."""
    of: Callable[[Measured], Lanes]


_CUT_OFF = _OfUsers("head_cut_off", "disruptions", lambda one: one.disruptions)
_BREACHED = _OfUsers("head_badly", "breached", lambda one: one.breached)


@dataclass(frozen=True, slots=True)
class Front:
    """A row a candidate, cheapest first. Where there is little room, fewer fields have a column."""

    variants: Sequence[Sequence[Edit]]
    candidates: Sequence[Candidate]
    said: Words

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the widest table that there is room for; no word and no figure is cut."""
        boundless = options.update(max_width=_BOUNDLESS)
        for table in self._tables():
            if console.measure(table, options=boundless).maximum <= options.max_width:
                break
        yield table

    @property
    def held_against(self) -> Sequence[str]:
        """The keys of the words for what cost is held against."""
        return ["service", *(one.what for one in self._users)]

    @property
    def _users(self) -> Sequence[_OfUsers]:
        cut_off = any(one.searched.disruptions > 0 for one in self.candidates)
        fared = any(not np.isnan(one.searched.breached) for one in self.candidates)
        return [*([_CUT_OFF] if cut_off else ()), *([_BREACHED] if fared else ())]

    def _tables(self) -> Iterator[Table]:
        """The same from wide to narrow."""
        telling = self._telling
        yield self._table(telling, _WIDE, _in_one_line)
        yield self._table(telling, _WIDE, _a_word_a_line)
        for count in range(len(telling), -1, -1):
            yield self._table(telling[:count], _NARROW, _a_word_a_line)

    def _table(self, telling: Sequence[int], gap: int, head: Callable[[str], str]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, gap, 0, 0))
        table.add_column(" ")
        for i in telling:
            name = self.variants[0][i].path[-1].upper()
            table.add_column(name, justify="right", no_wrap=True)
        users = self._users
        for name in (*_COLUMNS, *(one.head for one in users)):
            table.add_column(head(self.said[name]), justify="right", no_wrap=True)
        for one in self._shown:
            values = (str(self.variants[one.variant][i].value) for i in telling)
            table.add_row(
                "▸" if one.recommended else "",
                *values,
                *_figures(one, users),
                style="bold" if one.recommended else "",
            )
        return table

    @property
    def _telling(self) -> Sequence[int]:
        """The fields that have a column: the first of those in which variants differ."""
        columns = zip(*self.variants, strict=True)
        values = [{str(edit.value) for edit in column} for column in columns]
        return [i for i, different in enumerate(values) if len(different) > 1][:COLUMNS]

    @property
    def _shown(self) -> Sequence[Candidate]:
        """As many as there is room for, evenly, the recommended one among them."""
        every = max(1, -(-len(self.candidates) // ROWS))
        return [one for i, one in enumerate(self.candidates) if one.recommended or i % every == 0]


def _figures(one: Candidate, users: Sequence[_OfUsers]) -> Iterator[str]:
    mine, held = one.searched, one.held_back
    yield amount(float(mine.replica_hours))
    yield figure(float(mine.beside_bound), ".3f", NONE_SIGN)
    yield f"{float(mine.unserved):.4%}"
    yield figure(float(held.beside_bound), ".3f", NONE_SIGN)
    yield f"{float(held.unserved):.4%}"
    yield f"{float(mine.changes):,.0f}"
    for each in users:
        yield f"{float(each.of(mine)):,.0f}"


def _in_one_line(head: str) -> str:
    return head


def _a_word_a_line(head: str) -> str:
    return head.replace(" ", "\n")

"""Scores side by side, for a terminal of any width."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from ebbtide.cli.report.measures import Measure, measures, scaler
from ebbtide.cli.report.translations import Language, Words, translations
from ebbtide.planning.scoring.score import Score

_LEFT_OUT = "worst"
"""A measure that a terminal has no room for."""
_GAP = 2


@dataclass(frozen=True, kw_only=True)
class Scores:
    """A column a scaler; those that a terminal has no room for go on below. No figure is cut."""

    rows: Mapping[str, Score]
    disruptions: bool = False
    more: Mapping[str, Measure] = field(default_factory=dict)
    """Measures that come last."""
    said: Words = field(default_factory=lambda: translations(Language.EN))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as many columns beside one another as there is room for."""
        for place, names in enumerate(self._beside(options.max_width)):
            yield from ("",) if place else ()
            yield self._table(names, narrow=self._whole(names) > options.max_width)

    @property
    def _measures(self) -> Mapping[str, Measure]:
        told = measures(self.rows.values(), cut_off=self.disruptions)
        return {self.said[name]: of for name, of in told.items() if name != _LEFT_OUT} | dict(
            self.more
        )

    def _width(self, name: str) -> int:
        """The least columns that a scaler takes: its longest figure, or word of its name."""
        figures = (told(self.rows[name]) for told in self._measures.values())
        return max(map(cell_len, (*figures, *self._head(name).split())))

    def _head(self, name: str) -> str:
        return scaler(name, self.said)

    def _whole(self, names: Sequence[str]) -> int:
        """The columns that a table takes whose heads all stand in one line."""
        return max(map(cell_len, self._measures)) + sum(
            _GAP + max(cell_len(self._head(name)), self._width(name)) for name in names
        )

    def _beside(self, width: int) -> Iterator[Sequence[str]]:
        """The names of the scalers, as many at a time as there is room for."""
        room = width - max(map(cell_len, self._measures))
        names: list[str] = []
        for name in self.rows:
            taken = sum(self._width(one) + _GAP for one in (*names, name))
            if names and taken > room:
                yield names
                names = []
            names.append(name)
        yield names

    def _table(self, names: Sequence[str], *, narrow: bool) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        table.add_column("", style="dim", no_wrap=True)
        for name in names:
            width = self._width(name) if narrow else None
            table.add_column(self._head(name), justify="right", overflow="fold", width=width)
        for measure, told in self._measures.items():
            table.add_row(measure, *(told(self.rows[name]) for name in names))
        return table

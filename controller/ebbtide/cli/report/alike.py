"""Rows of tables that differ in numbers alone: what they have in common is written once.

A long record says the same few sentences thousands of times. A script on the page puts the numbers
back into them; what is there then is what would have been written out.
"""

import json
import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"([0-9][0-9.,]*)")


class Alike:
    """The forms of the rows that were seen so far."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], int] = {}

    def told(self, rows: Iterable[str]) -> str:
        """Rows of a table: for each the place of its form, and the numbers that stand in it."""
        return ";".join(self._row(row) for row in rows)

    def _row(self, row: str) -> str:
        parts: Sequence[str] = _NUMBER.split(row)
        place = self._places.setdefault(tuple(parts[::2]), len(self._places))
        return "|".join((str(place), *parts[1::2]))

    @property
    def forms(self) -> str:
        """The forms as JSON: each is the texts around its numbers."""
        return json.dumps(list(self._places), ensure_ascii=False, separators=(",", ":"))

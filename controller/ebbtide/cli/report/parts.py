"""What sections of a page are made of."""

from collections.abc import Iterable, Sequence
from html import escape


def row(name: str, cells: Sequence[str]) -> str:
    """A row of a table; its cells are HTML."""
    return f"<tr><th>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def listed(title: str, sentences: Iterable[str]) -> str:
    """A card that lists some sentences; nothing, where there is none."""
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    if not lines:
        return ""
    return f'<div class="card remarks"><h3>{escape(title)}</h3><ul>{lines}</ul></div>'

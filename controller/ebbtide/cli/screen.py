"""The terminal: what is told on it is shown as it stands, never read as markup or emoji."""

from rich.console import Console
from rich.text import Text

PIPED = 110
"""Columns where there is no terminal to tell them."""


def screen() -> Console:
    """Standard output."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED
    return console


def complain(why: str) -> None:
    """Say on standard error what went wrong; a line stays a line however narrow the terminal is."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("ebbtide: ", "bold red"), why))

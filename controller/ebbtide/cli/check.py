"""`ebbtide check`: what the API server would refuse, said before it is asked."""

from typing import Annotated

import typer
from rich.text import Text

from ebbtide.api.load import check as problems_in
from ebbtide.cli.files import read
from ebbtide.cli.models import plugins
from ebbtide.cli.screen import screen


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="YAML; - is standard input.")],
) -> None:
    """Find what the API server would refuse: line, field and why.

    Nothing is asked over the network.
    """
    texts = {name: read(name) for name in files}
    problems = problems_in(texts, plugins())
    console = screen()
    for found in problems:
        console.print(str(found), soft_wrap=True)
    if problems:
        bad, all_files = len({p.path for p in problems}), _many(len(texts), "file")
        told = f" in {bad} of {all_files}" if len(texts) > 1 else ""
        console.print(Text(_many(len(problems), "problem"), "bold red").append(told, "default"))
        raise typer.Exit(1)
    console.print(Text.assemble(("ok", "bold green"), f": {_many(len(texts), 'file')}"))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

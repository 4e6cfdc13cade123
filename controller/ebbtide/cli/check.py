"""`ebbtide check`: what the API server would refuse, said before it is asked."""

from typing import Annotated

import typer
from rich.console import Console

from ebbtide.api.load import check as problems_in
from ebbtide.cli.files import read
from ebbtide.cli.models import plugins


def check(
    files: Annotated[list[str], typer.Argument(help="YAML files; - is standard input.")],
) -> None:
    """Refuse wrong YAML with line, field and why. Nothing is asked over the network."""
    texts = {name: read(name) for name in files}
    problems = problems_in(texts, plugins())
    screen = Console(highlight=False, soft_wrap=True)
    for found in problems:
        screen.print(str(found), markup=False)
    if problems:
        many = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        screen.print(
            f"[bold red]{many}[/] in {len({p.path for p in problems})} of {len(files)} files"
        )
        raise typer.Exit(1)
    screen.print(f"[bold green]ok[/]: {len(files)} file{'s' if len(files) > 1 else ''}")

"""`ebbtide crd`: the CustomResourceDefinitions of this version."""

import pathlib
from typing import Annotated

import typer

from ebbtide.api.crd import crds


def crd(
    output: Annotated[
        pathlib.Path | None,
        typer.Option("--output", "-o", help="Write one file a kind into this folder."),
    ] = None,
) -> None:
    """Print the CustomResourceDefinitions of this version, ready for `kubectl apply -f -`."""
    found = crds()
    if output is None:
        typer.echo("---\n".join(found.values()), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (output / name).write_text(text)
        typer.echo(f"{output / name}")

"""`ebbtide crd`: the CustomResourceDefinitions of this version."""

import pathlib
from typing import Annotated

import typer

from ebbtide.api.schemas.crd import crds
from ebbtide.cli.files import write


def crd(
    output: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write one file a kind into this folder."
        ),
    ] = None,
) -> None:
    """Print the CustomResourceDefinitions of this version.

    They are ready for `kubectl apply --server-side -f -`.
    """
    found = crds()
    if output is None:
        typer.echo("---\n".join(found.values()), nl=False)
        return
    for name, text in found.items():
        write(output / name, text)
        typer.echo(f"{output / name}")

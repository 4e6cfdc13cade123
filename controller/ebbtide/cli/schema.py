"""`ebbtide schema`: the JSON Schema of what commands print for programs."""

import json

import typer

from ebbtide.cli.plan.output import schema


def command() -> None:
    """Print the JSON Schema of what `ebbtide plan --json` prints."""
    typer.echo(json.dumps(schema(), indent=1))

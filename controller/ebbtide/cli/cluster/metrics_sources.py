"""The metrics sources of an operator, as commands beside it name them."""

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.sources import sources_of

if TYPE_CHECKING:
    from ebbtide.adapters.sources import MetricsSource


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where metrics are read."""

    config: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="YAML that names the metrics sources."),
    ] = None
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The one metrics source, in place of --config."),
    ] = None

    def named(self) -> "Mapping[str, MetricsSource]":
        """The sources by their names.

        Raises:
            InvalidInput: neither option or both are given, or one can't be understood.

        """
        return sources_of(self.config, self.prometheus)

    def if_any(self) -> "Mapping[str, MetricsSource]":
        """The same; none where neither option is given.

        Raises:
            InvalidInput: both options are given, or one can't be understood.

        """
        return self.named() if self.config or self.prometheus else {}

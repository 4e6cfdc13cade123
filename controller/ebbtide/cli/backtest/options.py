"""Where a backtest finds its history."""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from ebbtide.cli.backtest.inputs import from_files, from_policies
from ebbtide.cli.durations import seconds
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.errors import InvalidInput
from ebbtide.forecast.clock import clock_of
from ebbtide.forecast.evaluation.backtest import Series
from ebbtide_policies.schedule import known_zone


@dataclass(frozen=True, kw_only=True)
class HistorySource:
    """Files, or the policies whose demand a Prometheus has recorded."""

    data: Annotated[
        list[pathlib.Path] | None,
        typer.Argument(metavar="DATA", help="CSV or Parquet of timestamp,value, or a folder."),
    ] = None
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Prometheus to read the demand of --policy from."),
    ] = None
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="YAML with the CapacityPolicies; with --prometheus."),
    ] = None
    since: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="With --prometheus: so much, after the policy's history."
        ),
    ] = "7d"
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="By whose clock days are alike, like Europe/Berlin. Default: the policy's.",
        ),
    ] = None

    def series(self) -> list[Series]:
        """Read the history.

        Raises:
            InvalidInput: it is not said where it is, or it can't be understood.
            MetricsUnavailable: a query has no answer.

        """
        if self.time_zone is None:
            return list(self._read())
        try:
            clock = clock_of(known_zone(self.time_zone))
        except ValueError as error:
            raise InvalidInput(f"--time-zone: {error}") from error
        return [replace(one, clock=clock) for one in self._read()]

    def _read(self) -> Iterator[Series]:
        if self.data and not self.prometheus and not self.policy:
            yield from from_files(self.data)
        elif self.prometheus and self.policy and not self.data:
            since = seconds("--since", self.since, least=3600.0)
            yield from from_policies(self.prometheus, manifests_in(self.policy), since)
        else:
            raise InvalidInput(
                "say where the history is: either CSV files and folders, or --prometheus URL "
                "--policy FILE"
            )

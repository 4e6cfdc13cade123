"""The options of a replay that commands share: what is changed, the world, and the demand."""

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.durations import seconds
from ebbtide.cli.models import installed
from ebbtide.cli.simulation.demand import (
    CsvFile,
    PrometheusUrl,
    Recorded,
    Since,
    UsualTick,
    tick_of,
)
from ebbtide.cli.simulation.edits import Edit, edited
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.cli.simulation.simulation import Conditions
from ebbtide.cli.simulation.supposing import Supposed, supposed


@dataclass(frozen=True, kw_only=True)
class Supposing:
    """What is supposed of a demand, and of the world in which it is met."""

    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE", help="Change the scenario: times=1.4, later=-2h, boot=5m."
        ),
    ] = None
    scenario: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Demand, plant and mishaps, as YAML."),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="NUMBER", help="Seed of all that is left to chance."),
    ] = None

    def supposed(self) -> Supposed:
        """The scenario.

        Raises:
            InvalidInput: it can't be understood.

        """
        return supposed(self.scenario, self.what_if or [])

    def every(self, tick: float, told: Supposed) -> Conditions:
        """The world as the scenario has it, with a decision every so many seconds."""
        return Conditions(
            tick=tick,
            boot=told.boot(),
            plant=told.plant(),
            outages=told.outages(),
            experience=told.experience(),
            seed=told.scenario.seed if self.seed is None else self.seed,
        )


@dataclass(frozen=True, kw_only=True)
class Replay(Supposing):
    """A demand, and the world in which it is met."""

    csv: CsvFile = None
    prometheus: PrometheusUrl = None
    since: Since = None
    tick: UsualTick = None
    lead: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Time until a replica is ready and warm. Default: the policy's.",
        ),
    ] = None
    metric_delay: Annotated[
        str, typer.Option(metavar="DURATION", help="Time until a minute of demand can be read.")
    ] = "30s"
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Change a policy: policies.descent.maxStep=20%."
        ),
    ] = None

    def manifests(self, files: Sequence[str]) -> list[Manifest]:
        """The manifests of some files, with what is changed.

        Raises:
            InvalidInput: a file can't be read or understood, or a change can't be made.

        """
        return self.edited(manifests_in(files))

    def edited(self, manifests: Sequence[Manifest]) -> list[Manifest]:
        """Manifests with what is changed.

        Raises:
            InvalidInput: a change can't be made.

        """
        edits, known = [Edit.of(change, "--set") for change in self.changes or []], installed()
        return [edited(manifest, edits, known) for manifest in manifests]

    def recorded(self, told: Supposed, manifests: Sequence[Manifest]) -> Recorded:
        """The demand that is replayed.

        Raises:
            InvalidInput: it is not said where it is, or it can't be understood.
            MetricsUnavailable: a query has no answer.

        """
        return told.recorded(manifests, self.csv, self.prometheus, self.since)

    def world(self, told: Supposed, recorded: Recorded) -> Conditions:
        """The world that a plan takes place in.

        Raises:
            InvalidInput: a duration makes no sense.

        """
        return replace(
            self.every(tick_of(self.tick, recorded), told),
            lead=None if self.lead is None else seconds("--lead", self.lead),
            delay=seconds("--metric-delay", self.metric_delay),
        )

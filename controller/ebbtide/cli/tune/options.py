"""The options of a search: what is searched, for what, by whom, and what is told."""

import itertools
import math
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.cluster.access import Access
from ebbtide.cli.report.translations import Language, Words, translations
from ebbtide.cli.simulation.demand import CsvFile, PrometheusUrl, Recorded, TickEvery, tick_of
from ebbtide.cli.simulation.edits import Edit
from ebbtide.cli.simulation.options import Supposing
from ebbtide.cli.simulation.simulation import Conditions
from ebbtide.cli.simulation.supposing import Supposed
from ebbtide.cli.tune.choice import candidates
from ebbtide.cli.tune.suggested_change import Where
from ebbtide.errors import InvalidInput
from ebbtide_policies.quantities import parse_share

USUAL = 1e-4
"""The objective where none is said."""
_USUAL_PAST = "14d"
"""How far back Prometheus is read."""
MOST_VARIANTS = 2000
_LANGUAGE = "Language of what people read, here and in --diff; --json and errors are English."
DEFAULT = (
    "policies.presentNeed.headroom=0%,2%,4%,6%,8%,10%,15%,20%,30%,45%",
    "policies.forecastNeed.quantile=0.5,0.75,0.9,0.95,0.99",
    "policies.stabilization.window=1m,3m,10m",
)


@dataclass(frozen=True, kw_only=True)
class Past(Supposing):
    """The demand that all variants meet, and how much of it is kept to check on."""

    csv: CsvFile = None
    prometheus: PrometheusUrl = None
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="How far back. Default: all of a file; with --prometheus 14d.",
        ),
    ] = None
    held_back: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of the demand, at its end, to check on.")
    ] = "30%"
    tick: TickEvery = "60s"

    def recorded(self, told: Supposed, manifests: Sequence[Manifest]) -> Recorded:
        """The demand that all variants meet.

        Raises:
            InvalidInput: it is not said where it is, or it can't be understood.
            MetricsUnavailable: a query has no answer.

        """
        since = self.since or (None if self.csv else _USUAL_PAST)
        return told.recorded(manifests, self.csv, self.prometheus, since)

    def world(self, told: Supposed, recorded: Recorded) -> Conditions:
        """The world that they meet it in.

        Raises:
            InvalidInput: the tick makes no sense.

        """
        return self.every(tick_of(self.tick, recorded), told)

    def first_held(self, ticks: int) -> int:
        """The first of so many ticks that the search does not see.

        Raises:
            InvalidInput: it leaves nothing to search, or nothing to check on.

        """
        first = round((1 - _share("--held-back", self.held_back)) * ticks)
        if not 0 < first < ticks:
            raise InvalidInput(
                f"--held-back {self.held_back}: of {ticks:,} decisions {max(0, first):,} are left "
                f"to search; keep some to search, and some to check on"
            )
        return first


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What is searched for, and among what."""

    objective: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the demand that may go unserved. Default: the policy's objective, "
            "or 0.01%.",
        ),
    ] = None
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=V,V...", help="Values to try: policies.presentNeed.headroom=0%,10%,20%."
        ),
    ] = None

    def level(self, spec: CapacityPolicySpec) -> float:
        """The share that may go unserved.

        Raises:
            InvalidInput: it is no share.

        """
        if self.objective:
            level = _share("--objective", self.objective)
            if not 0 < level <= 1:
                raise InvalidInput(
                    f"--objective {self.objective}: write more than 0% and at most 100%"
                )
            return level
        return spec.objective.unserved if spec.objective else USUAL

    def by_objective(self, spec: CapacityPolicySpec) -> bool:
        """Whether what follows from an objective is tried, and chosen as the operator would."""
        return spec.objective is not None and not self.vary

    def variants(self, written: Mapping[str, Any]) -> Sequence[Sequence[Edit]]:
        """What is tried: the changes of each variant, to a policy as it is written.

        Raises:
            InvalidInput: a field or its values can't be understood, or there are too many.

        """
        spec = parse_policy(written)
        if self.by_objective(spec):
            return candidates(self.level(spec), written)
        return _combined(self.vary or DEFAULT)


@dataclass(frozen=True, kw_only=True)
class Work:
    """Who does the work, and where it is written down."""

    record: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="FILE", help="Keep what is tried; started again, the search goes on there."
        ),
    ] = None
    jobs: Annotated[
        int, typer.Option(min=1, metavar="NUMBER", help="Processes on this machine.")
    ] = 1
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers do it: tcp://..."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What becomes of what is found."""

    diff: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the change: of the file for git apply, of a cluster as YAML.",
        ),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    lang: Annotated[Language, typer.Option(help=_LANGUAGE)] = Language.EN

    @property
    def said(self) -> Words:
        """What people are told in."""
        return translations(self.lang)


@dataclass(frozen=True, kw_only=True)
class Operator(Access):
    """The operator that has searched already, in place of a search."""

    from_cluster: Where = None


def _share(option: str, text: str) -> float:
    try:
        return parse_share(text)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}") from error


def _combined(vary: Sequence[str]) -> Sequence[Sequence[Edit]]:
    """Every combination of the values of each field."""
    axes = [_axis(one) for one in vary]
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_VARIANTS:
        raise InvalidInput(f"--vary: {count:,} combinations; {MOST_VARIANTS:,} are the most")
    return list(itertools.product(*axes))


def _axis(text: str) -> Sequence[Edit]:
    field, sign, values = text.partition("=")
    if not sign or not values:
        raise InvalidInput(f"--vary {text!r}: write a field and values, FIELD=V,V,V")
    return [Edit.of(f"{field}={value}", "--vary") for value in values.split(",")]

"""`ebbtide event capture`: keep the shape of an event for longer than a metrics store does."""

from dataclasses import dataclass
from typing import Annotated

import typer
import yaml

from ebbtide.api.events.event_profile import EventProfileSpec
from ebbtide.api.kinds import API_VERSION, EVENT_PROFILE
from ebbtide.api.reading.manifests import check
from ebbtide.api.reading.parse import parse_profile
from ebbtide.cli.cluster.access import Access
from ebbtide.cli.command_help import Command
from ebbtide.cli.options import grouped
from ebbtide.cli.simulation.demand import CsvFile, PrometheusUrl, from_file
from ebbtide.cli.sources import only_source
from ebbtide.errors import InvalidInput, MetricsUnavailable
from ebbtide.loop.ports.metrics import Query, Span
from ebbtide.planning.demand.event_profile import BEFORE, Profile, capture
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.quantities import parse_count, show_count, show_duration

app = typer.Typer(
    help="Keep the shape of an event, for a calendar to name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _events() -> None:
    """Commands about events."""


@dataclass(frozen=True, kw_only=True)
class When:
    """When an event went on."""

    start: Annotated[
        str, typer.Option(metavar="TIME", help="When the event started, like '2025-11-10 20:00'.")
    ]
    end: Annotated[str, typer.Option(metavar="TIME", help="When it ended.")]
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of both, like Asia/Shanghai.")
    ] = "UTC"

    def draft(self) -> EventProfileSpec:
        """The times of a profile, understood before anything is read.

        Raises:
            InvalidInput: they are no times, or the wrong way round.

        """
        times = {"start": self.start, "end": self.end, "timeZone": self.time_zone}
        return parse_profile(times | {"peak": 1, "usual": 1, "shape": [1, 1]})


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where its demand was recorded."""

    csv: CsvFile = None
    prometheus: PrometheusUrl = None
    query: Annotated[
        str, typer.Option(metavar="PROMQL", help="With --prometheus: the demand, one series.")
    ] = ""

    def recorded(self, namespace: str, span: Span) -> tuple[DemandSeries, str]:
        """The demand of the event and of the days before, and where it comes from.

        Raises:
            InvalidInput: it is not said where it is, or it can't be understood.
            MetricsUnavailable: the query has no answer.

        """
        if self.csv and not (self.prometheus or self.query):
            return from_file(self.csv).answer_all, f"csv: {self.csv.name}"
        if self.prometheus and self.query and not self.csv:
            whole = Span(span.start - BEFORE * DAY, span.end)
            series = _asked(self.prometheus, Query(namespace, self.query), whole)
            return series, f"prometheus: {self.query}"
        raise InvalidInput(
            "say where the demand is: either --csv FILE, or --prometheus URL and --query PROMQL"
        )


@app.command("capture", cls=Command)
@grouped
def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the EventProfile, like double-11-2025.")
    ],
    when: When,
    source: Source,
    usual: Annotated[
        str | None,
        typer.Option(
            metavar="COUNT",
            help="Highest demand of an ordinary day between the same hours. Default: by the median "
            f"of the {BEFORE} days before.",
        ),
    ] = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", metavar="NAME", help="Where the profile stands.")
    ] = "default",
    apply: Annotated[
        bool, typer.Option("--apply", help="Create it in the cluster, in place of printing it.")
    ] = False,
    *,
    access: Access,
) -> None:
    """Keep the shape of an event as an EventProfile.

    A calendar names it by `like`. It outlives the retention of the metrics that it comes from. A
    week before the event is read as well, for what is usual.
    """
    spec = when.draft()
    _check_name(namespace, name)
    span = _whole_minutes(spec)
    series, told = source.recorded(namespace, span)
    found = capture(series, span.start, span.end, None if usual is None else _count(usual))
    written = _spec(spec, found, told)
    whole = parse_profile(written)
    if apply:
        kept = access.reach().write_profile(namespace, name, written)
        typer.echo(f"{kept.key}: {_told(whole)}\nname it in an EventCalendar: like: {kept.name}")
        return
    typer.echo(f"# {_told(whole)}\n{_manifest(namespace, name, written)}", nl=False)


def _check_name(namespace: str, name: str) -> None:
    """Refuse names that the API server would, before anything is read.

    Raises:
        InvalidInput: the profile, or its namespace, can't be named so.

    """
    written = _manifest(namespace, name, {})
    wrong = [one for one in check({"": written}) if one.field.startswith("metadata")]
    if wrong:
        raise InvalidInput("; ".join(f"{one.field}: {one.why}" for one in wrong))


def _whole_minutes(spec: EventProfileSpec) -> Span:
    """Start and end in epoch seconds, on whole minutes."""
    start, end = spec.span
    return Span(start // MINUTE * MINUTE, end // MINUTE * MINUTE)


def _asked(url: str, query: Query, span: Span) -> DemandSeries:
    from ebbtide.adapters.prometheus.metrics import PrometheusMetrics

    metrics = PrometheusMetrics(only_source(url), deadline=120.0)
    try:
        [reading] = metrics.read([(query, span)])
    finally:
        metrics.close()
    if isinstance(reading, MetricsUnavailable):
        raise reading
    return DemandSeries(start=reading.start, minutes=reading.values)


def _count(text: str) -> float:
    try:
        found = parse_count(text)
    except ValueError as error:
        raise InvalidInput(f"--usual: {error}") from error
    if not found:
        raise InvalidInput(f"--usual {text}: write more than zero, as the peak is a multiple of it")
    return found


def _spec(times: EventProfileSpec, found: Profile, source: str) -> dict[str, object]:
    return {
        "timeZone": times.time_zone,
        "start": times.start,
        "end": times.end,
        "peak": _rounded(found.peak),
        "usual": _rounded(found.usual),
        "source": source,
        "shape": list(found.shape),
    }


def _rounded(count: float) -> int | str:
    """Six digits are more than anybody knows of a demand."""
    return show_count(float(f"{count:.6g}"))


def _told(profile: EventProfileSpec) -> str:
    return (
        f"{show_duration(profile.seconds)}, at its peak {profile.peak:,.10g}: "
        f"{profile.growth:.3g} times the usual; {len(profile.shape)} points"
    )


def _manifest(namespace: str, name: str, spec: dict[str, object]) -> str:
    body = {
        "apiVersion": API_VERSION,
        "kind": EVENT_PROFILE.name,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    return yaml.safe_dump(body, sort_keys=False, default_flow_style=None, width=100)

"""What the past says of policies, with the file and line of the field that it is about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.error_messages import place
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.check.histories import NOWHERE, Answer, Histories
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.manifests import announced
from ebbtide.planning.demand.answering import as_far_as_known
from ebbtide.planning.demand.past import Past
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.linting.findings import Case, Finding, Severity
from ebbtide.planning.linting.lint import lint
from ebbtide_policies.known_minutes import only_sound
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Phase

_ONE_A_POD = "sessions needs one number of each pod; nothing is let go without"


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding, and where in which file it belongs."""

    manifest: Manifest
    finding: Finding

    @property
    def field(self) -> str:
        """The path of the field."""
        return place(("spec", *self.finding.at))

    @property
    def line(self) -> int:
        """Its line in the file."""
        return self.manifest.line(*self.finding.at)

    @property
    def where(self) -> str:
        """`FILE:LINE: spec.replicas.max`."""
        return f"{self.manifest.path}:{self.line}: {self.field}"

    def as_json(self) -> Mapping[str, object]:
        """The same for programs."""
        return {
            "file": self.manifest.path,
            "line": self.line,
            "policy": self.manifest.key if self.manifest.kind == CAPACITY_POLICY.name else None,
            "field": self.field,
            "severity": self.finding.severity.value,
            "found": self.finding.found,
            "todo": self.finding.todo,
        }


def remarks_on(manifests: Sequence[Manifest], histories: Histories) -> Iterator[Remark]:
    """Everything that the past of each policy in some files has to say against it."""
    for manifest in manifests:
        if manifest.kind == CAPACITY_POLICY.name:
            events = announced(manifest, manifests).events
            for finding in _findings(manifest, histories[manifest.key], events):
                yield Remark(manifest, finding)


def _findings(
    manifest: Manifest, answers: Sequence[Answer], events: Sequence[ExpectedEvent]
) -> Iterator[Finding]:
    yield from _wrong(answers)
    spec = parse_policy(manifest.spec)
    past = _past(spec, answers)
    if past is not None:
        policies = compose(spec, plugins(), Phase.EBB)
        yield from lint(Case(spec=spec, policies=policies, past=past, events=events))


def _as_far_as_known(answer: Answer, signal: SignalSpec, vouching: Mapping[str, Answer]) -> Lanes:
    """The minutes of a signal: absent may be zero, and what few scrape targets tell is unknown."""
    minutes = only_sound(answer.minutes)
    heard = vouching.get(signal.alive.query) if signal.alive else None
    alive = heard.minutes if heard and heard.minutes.size == minutes.size else None
    series = DemandSeries(start=answer.start, minutes=minutes, alive=alive)
    return as_far_as_known(series, signal).minutes


def _wrong(answers: Sequence[Answer]) -> Iterator[Finding]:
    """The queries without a sound answer."""
    for answer in answers:
        if answer.asked.at == NOWHERE:
            continue
        if answer.wrong:
            todo = _ONE_A_POD if answer.asked.label else "a policy needs one number at a time"
            yield Finding(answer.asked.at, Severity.ERROR, answer.wrong, todo)
        elif np.isnan(answer.minutes).all():
            found = f"{answer.asked.promql!r} had no answer in all of that time"
            todo = "look at the names of the metric and of its labels"
            yield Finding(answer.asked.at, Severity.ERROR, found, todo)


def _past(spec: CapacityPolicySpec, answers: Sequence[Answer]) -> Past | None:
    """The demand as one past; None where the query of a signal has no sound answer."""
    signals = spec.signals()
    demands = dict(zip(signals, answers, strict=False))  # those of the signals come first
    if any(np.isnan(answer.minutes).all() for answer in demands.values()):
        return None
    counted = next((a for a in answers if a.asked.at == NOWHERE and a.minutes.size), None)
    vouching = {answer.asked.promql: answer for answer in answers}
    return Past(
        start=next(iter(demands.values())).start,
        demands={
            name: _as_far_as_known(answer, signals[name], vouching)
            for name, answer in demands.items()
        },
        per_replica={
            name: UNKNOWN if signal.per_replica is None else signal.per_replica
            for name, signal in signals.items()
        },
        ready=counted.minutes if counted else None,
        apart=next(iter(demands.values())).apart,
    )

"""Tests that SREs write for their policies: given a demand, expect so much capacity by then."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from ebbtide.api.fields.field_types import Name
from ebbtide.api.fields.local_time import LocalTime, moment, skipped
from ebbtide.api.fields.rules import Spec
from ebbtide.api.yaml_text import Fault, Path
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.written_demand import Amount, Demand
from ebbtide.planning.scoring.score import Score
from ebbtide_policies.observation import Phase
from ebbtide_policies.quantities import Duration, Share, show_share
from ebbtide_policies.schedule import TimeZone

_DIGITS = 3
"""Digits that are told of what was found: two behind the point of what is one or more."""
Moments = Annotated[dict[LocalTime, Amount], Field(min_length=1)]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("is no sentence: it holds control characters")
    return name


Sentence = Annotated[str, AfterValidator(_printable)]
"""The name of a case, as it stands on terminals and in files for a CI."""


class Expected(Spec):
    """What has to come out. What is left out is not looked at."""

    shortfall: Amount | None = Field(None, description="Replica-minutes short at most.")
    unserved: Share | None = Field(None, description="Share of the demand unserved at most.")
    replica_hours: Amount | None = Field(None, description="Replica-hours paid for at most.")
    cost: float | None = Field(None, ge=0, description="Their cost at most.")
    step: Share | None = Field(
        None, description="Largest share of the highest fleet that goes within a minute."
    )
    ready: Moments | None = Field(
        None, description="Replicas that have to be ready at some moments, at least."
    )
    at_most: Moments | None = Field(
        None, description="Replicas that are asked for at some moments, at most."
    )
    phase: Annotated[dict[LocalTime, Phase], Field(min_length=1)] | None = Field(
        None, description="The phase at some moments."
    )

    @property
    def moments(self) -> Iterator[tuple[Path, str]]:
        """The local times in it, each with its place."""
        for name, each in (("ready", self.ready), ("atMost", self.at_most), ("phase", self.phase)):
            yield from (((name, local), local) for local in each or ())

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("write what has to come out: a case that expects nothing tests none")
        return self


class Case(Spec):
    """One demand, and what is expected of it."""

    demand: Demand = Field(description="The demand that is given.")
    start: LocalTime | None = Field(
        None, description="When deciding begins; what lies before is history."
    )
    tick: Duration = Field(15.0, gt=0, description="Time from one decision to the next.")
    lead: Duration | None = Field(
        None, description="Time until a replica is ready. Without it, as the policy says."
    )
    set: dict[str, Any] = Field({}, description="Fields of the policy that are changed.")
    expect: Expected = Field(description="What has to come out.")

    @property
    def moments(self) -> Iterator[tuple[Path, str]]:
        """The local times in it, each with its place."""
        yield from ((("demand", "points", local), local) for local in self.demand.moments)
        if self.start:
            yield ("start",), self.start
        yield from ((("expect", *at), local) for at, local in self.expect.moments)


class PolicyTests(Spec):
    """A file of cases."""

    policies: Annotated[list[Name], Field(min_length=1)] = Field(
        description="Files of one CapacityPolicy and what goes with it, beside this file."
    )
    time_zone: TimeZone = Field("UTC", description="The zone of all moments.")
    cases: Annotated[dict[Sentence, Case], Field(min_length=1)] = Field(
        description="The cases, by a sentence of your own."
    )

    @property
    def skipped(self) -> Iterator[Fault]:
        """The local times that clocks jump over, when they are put forward."""
        for name, case in self.cases.items():
            for at, local in case.moments:
                for why in skipped(self.time_zone, local):
                    yield Fault(("cases", name, *at), why)


class Miss(NamedTuple):
    """Something that came out other than expected."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        """`ready at 2026-11-10 19:45: expected at least 900, found 640`."""
        return f"{self.field}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out of one case."""

    frames: Sequence[Frame]
    score: Score
    priced: bool
    """Whether the policy says what a replica costs."""

    def at(self, when: float) -> Frame | None:
        """The decision in force at a moment; None outside of what was replayed."""
        times = [frame.now for frame in self.frames]
        index = int(np.searchsorted(times, when, side="right")) - 1
        return self.frames[index] if index >= 0 and when <= times[-1] else None


def misses(expected: Expected, found: Outcome, zone: str) -> Iterator[Miss]:
    """Everything that is not as expected."""
    score = found.score
    peak = max(frame.desired for frame in found.frames)
    limits: Sequence[tuple[str, float | None, float, Callable[[float], str]]] = (
        ("shortfall", expected.shortfall, score.shortfall, _minutes),
        ("unserved", expected.unserved, score.unserved, show_share),
        ("replicaHours", expected.replica_hours, score.replica_hours, _figure),
        ("cost", expected.cost, score.cost, "{:,.2f}".format),
        ("step", expected.step, score.largest_drop / peak if peak else 0.0, show_share),
    )
    for name, limit, value, show in limits:
        if limit is not None and value > limit + 1e-9:
            yield Miss(name, f"at most {show(limit)}", show(rounded_up(value)))
    if expected.cost is not None and not found.priced:
        yield Miss("cost", f"at most {expected.cost:,.2f}", "no price: write capacity.costPerHour")
    yield from _moments(expected, found, zone)


def rounded_up(found: float) -> float:
    """What was found in as few digits as people read; rounded down it may look like its limit."""
    step = 10.0 ** (min(0, math.floor(math.log10(found))) - _DIGITS + 1)
    return math.ceil(round(found / step, 6)) * step


def _figure(value: float) -> str:
    """A figure as it is written: 15,870, 0.35, 0.002."""
    return f"{value:,.10g}"


def _minutes(value: float) -> str:
    return f"{_figure(value)} replica-minutes"


def _moments(expected: Expected, found: Outcome, zone: str) -> Iterator[Miss]:
    """What is not as expected at some moment."""
    for name, wanted, right in (
        ("ready", expected.ready, lambda frame, limit: frame.ready >= limit),
        ("atMost", expected.at_most, lambda frame, limit: frame.desired <= limit),
        ("phase", expected.phase, lambda frame, limit: frame.phase is limit),
    ):
        for local, limit in (wanted or {}).items():
            frame = found.at(moment(local, zone))
            if frame is None or not right(frame, limit):
                yield Miss(f"{name} at {local}", *_said(name, frame, limit))


def _said(name: str, frame: Frame | None, limit: float | Phase) -> tuple[str, str]:
    if isinstance(limit, Phase):
        return limit.value, "nothing was decided then" if frame is None else frame.phase.value
    number = "least" if name == "ready" else "most"
    wanted = f"at {number} {_figure(limit)}"
    if frame is None:
        return wanted, "nothing was decided then"
    return wanted, f"{frame.ready if name == 'ready' else frame.desired:,} ({frame.reason})"

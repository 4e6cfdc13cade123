"""A scenario: the demand and the plant of a plan, as SREs write them, and what is supposed."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FiniteFloat,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic import model_validator as validated

from ebbtide.api.fields.field_types import Name
from ebbtide.api.fields.local_time import LocalTime, refuse_skipped, sortable
from ebbtide.api.fields.rules import Rule, Spec
from ebbtide.cli.simulation.written_demand import Demand
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.quantities import (
    DURATION_PATTERN,
    LONGEST,
    Duration,
    Share,
    parse_duration,
    show_duration,
    show_share,
)
from ebbtide_policies.schedule import TimeZone


class VictimChoice(StrEnum):
    """Which pods go when a fleet shrinks."""

    REPLICA_SET = "ReplicaSet"
    STATEFUL_SET = "StatefulSet"
    RANDOM = "Random"


def _moved(text: object) -> float:
    """Seconds in a duration of whole minutes, which may have a minus before it."""
    sooner = isinstance(text, str) and text.startswith("-")
    seconds = parse_duration(text[1:] if isinstance(text, str) and sooner else text)
    if seconds % MINUTE:
        raise ValueError(f"{text!r}: write whole minutes, as demand is known once a minute")
    return -seconds if sooner else seconds


def _shown(seconds: float) -> str:
    return f"{'-' if seconds < 0 else ''}{show_duration(abs(seconds))}"


Later = Annotated[
    float,
    BeforeValidator(_moved),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": DURATION_PATTERN.replace("^", "^-?", 1),
            "maxLength": LONGEST,
        }
    ),
]
"""Seconds, written like `2h`, or `-2h` for sooner."""


class Spread(Spec):
    """A time that varies: log-normal, by two of its quantiles. A bare duration never varies."""

    rules = (
        Rule(
            "self.p50 <= self.p90",
            "p90 is below p50; raise p90 or lower p50",
            lambda one: one.p50 <= one.p90,
        ),
    )

    p50: Duration = Field(gt=0, description="Half of them take no longer.")
    p90: Duration = Field(gt=0, description="Nine in ten take no longer.")

    @validated(mode="before")
    @classmethod
    def _bare(cls, written: object) -> object:
        if not isinstance(written, str | int | float):
            return written
        parse_duration(written)  # what is wrong with it is told of the field, not of each quantile
        return {"p50": written, "p90": written}


class Pool(Spec):
    """Nodes that are made when pods find no room."""

    pods: int = Field(ge=1, description="Pods that one node carries.")
    provisioning: Spread = Field(description="From a pod without room to its node.")
    spare: int = Field(0, ge=0, description="Nodes that are always there beyond those needed.")
    keep: Duration = Field(600.0, description="After so long a node that nobody needs goes.")


class Stretch(Spec):
    """A while that begins at a moment."""

    at: LocalTime = Field(description="When it begins.")
    lasts: Duration = Field(gt=0, alias="for", description="How long it lasts.")


class ZoneLost(Stretch):
    """A zone that is gone for a while."""

    zone: int = Field(1, ge=1, description="Which of the zones, counted from 1.")


class Again(Spec):
    """An earlier event that comes again."""

    profile: Name = Field(description="An EventProfile in the files.")
    at: LocalTime = Field(description="When it starts.")
    times: float = Field(1.0, gt=0, description="Its peak, as a multiple of what it was.")


def _whole(tiers: Mapping[str, float]) -> Mapping[str, float]:
    if tiers and not math.isclose(sum(tiers.values()), 1.0):
        raise ValueError(
            f"shares have to add up to 100%, and are {show_share(sum(tiers.values()))}"
        )
    return tiers


def _curve(points: Mapping[float, float]) -> Mapping[float, float]:
    """The points by their loads, ascending."""
    if len(points) < _LINE:
        raise ValueError('write two points or more, like {"60%": 0.002, "110%": 0.02}')
    found = dict(sorted(points.items()))
    steps = np.diff(list(found.values()))
    if np.any(steps > 0) and np.any(steps < 0):
        raise ValueError("values have to go one way only, up or down, as the load grows")
    return found


_LINE = 2
Curve = Annotated[dict[Share, FiniteFloat], AfterValidator(_curve)]
"""What a signal comes to by the load, demand over what ready replicas carry."""


def _list(written: object) -> object:
    """One may be written without the list around it."""
    return tuple(written) if isinstance(written, list) else (written,)


class Scenario(Spec):
    """What a plan takes place in. What is left out is as it was."""

    rules = (
        Rule(
            "self.start < self.end",
            "start has to be before end",
            lambda one: not (one.start and one.end) or sortable(one.start) < sortable(one.end),
        ),
        Rule(
            "self.zonesLost.all(one, one.zone <= self.zones)",
            "zonesLost: a zone is counted from 1 up to zones",
            lambda one: all(lost.zone <= one.zones for lost in one.zones_lost),
        ),
    )

    @validated(mode="after")
    def _no_time_is_skipped(self) -> Self:
        parts = (*self.zones_lost, *self.outages, *([self.like] if self.like else ()))
        said = (*(part.at for part in parts), *(self.demand.moments if self.demand else ()))
        times = filter(None, (self.start, self.end, *said))
        refuse_skipped(self.time_zone, *times)
        return self

    time_zone: TimeZone = Field("UTC", description="The zone of all moments.")
    demand: Demand | None = Field(
        None, description="The demand, where --csv and --prometheus name none."
    )
    start: LocalTime | None = Field(
        None, description="Deciding begins here; what lies before is history."
    )
    end: LocalTime | None = Field(None, description="Deciding ends here.")
    times: float = Field(1.0, gt=0, description="Demand is so many times what was recorded.")
    later: Later = Field(0.0, description="Demand comes so much later; sooner with a minus.")
    like: Again | None = Field(None, description="An earlier event comes again.")
    boot: Spread | None = Field(
        None, description="From the patch to Ready, on a node that is there. Else as policies say."
    )
    nodes: Pool | None = Field(None, description="Nodes are made; without it there is room.")
    session: Duration = Field(0.0, description="Mean length of a session. 0s: none are counted.")
    termination: Duration = Field(0.0, description="So long a pod costs after its removal.")
    router_drains: bool = Field(
        True, description="Whether the router sends nothing new to pods that are to drain."
    )
    victims: VictimChoice | None = Field(
        None, description="Which pods go first. Without it as the kind of the target has it."
    )
    pod_loss: Share = Field(0.0, description="Share of the pods that is lost in an hour.")
    zones: int = Field(3, ge=1, description="Zones that pods are dealt out over.")
    zones_lost: Annotated[tuple[ZoneLost, ...], BeforeValidator(_list)] = Field(
        (), description="Zones that are gone for a while, their pods at once."
    )
    outages: Annotated[tuple[Stretch, ...], BeforeValidator(_list)] = Field(
        (), description="When the metrics store does not answer."
    )
    experience: dict[str, Curve] = Field(
        {},
        description="By the name of an experienceGate's signal: what it comes to under a load, "
        "which is demand over what ready replicas carry. A signal without one is not modelled.",
    )
    tiers: Annotated[dict[str, Share], AfterValidator(_whole)] = Field(
        {}, description="Shares of the demand in order of value; what is short is the last's."
    )
    seed: int = Field(0, ge=0, description="Of all that is left to chance.")

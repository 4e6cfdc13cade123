"""The demand of a workload, as an SRE writes it: where it is read, and when it is believed."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ebbtide.api.fields.field_types import Amount, Name, PromQL
from ebbtide.api.fields.rules import Rule, Spec, at_most_one, exactly_one, given
from ebbtide_policies.quantities import Share

SINGLE = "demand"
"""The name of the signal when the demand is a single query."""


class WhenAbsent(StrEnum):
    """What a query without an answer means."""

    HOLD = "Hold"
    ZERO = "Zero"


class Alive(Spec):
    """How to tell an outage of monitoring from an empty house."""

    query: PromQL = Field(
        description='PromQL for the share of scrape targets that answer, like avg(up{app="edge"}).'
    )
    at_least: Share = Field(
        0.8, gt=0, le=1, description="With a smaller share the demand is unknown."
    )


class Source(Spec):
    """What the queries of a demand have in common."""

    alive: Alive | None = Field(
        None, description="When to believe the query. Without it, every answer is believed."
    )
    when_absent: WhenAbsent = Field(
        WhenAbsent.HOLD,
        description="What no answer means: Hold keeps capacity; Zero, for gauges that vanish with "
        "the last job, is no demand. Zero needs alive.",
    )
    independent: bool = Field(
        False,
        description="Whether the query is answered when there are no pods: it counts at an "
        "ingress or a queue, and not in the pods. replicas.min: 0 needs it.",
    )
    source: Name = Field(
        "default", description="Metrics source to ask, by its name in the operator's configuration."
    )


_ZERO_NEEDS_ALIVE = Rule(
    "!has(self.whenAbsent) || self.whenAbsent != 'Zero' || has(self.alive)",
    "whenAbsent: Zero needs alive, to tell an outage from an empty house",
    lambda spec: spec.when_absent is not WhenAbsent.ZERO or spec.alive is not None,
)


class SignalSpec(Source):
    """One named signal of the demand."""

    rules = (_ZERO_NEEDS_ALIVE, at_most_one("perReplica", "perReplicaQuery"))

    query: PromQL = Field(description="PromQL for the demand, one series.")
    per_replica: Amount | None = Field(
        None,
        description="Demand that one ready replica carries at its target load. "
        "Without it and perReplicaQuery, that of spec.capacity.",
    )
    per_replica_query: PromQL | None = Field(
        None, description="PromQL for the same, where it changes."
    )

    @property
    def measured(self) -> bool:
        """Whether the signal says itself what one replica carries."""
        return given(self, "perReplica", "perReplicaQuery") > 0


class DemandSpec(Source):
    """The concurrency to be carried: one query, or several named signals."""

    rules = (
        exactly_one("query", "signals"),
        _ZERO_NEEDS_ALIVE,
        Rule(
            "!has(self.signals) || !(has(self.alive) || has(self.whenAbsent) || has(self.source)"
            " || has(self.independent))",
            "beside signals, alive, whenAbsent, independent and source stand in each signal",
            lambda spec: spec.signals is None or spec.model_fields_set <= {"signals"},
        ),
    )

    query: PromQL | None = Field(None, description="PromQL for the demand, one series.")
    signals: Annotated[dict[str, SignalSpec], Field(min_length=1, max_length=16)] | None = Field(
        None,
        description="Signals by a name of your own, like viewers or egress. Each asks for "
        "replicas, and the largest number decides.",
    )

"""CapacityPolicy: what an SRE says about the capacity of one workload."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model
from pydantic.alias_generators import to_snake

from ebbtide.api.base import Amount, Name, PromQL, Rule, Spec, at_most_one, exactly_one, given
from ebbtide.api.presets import Preset, presets
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.limits import LimitSettings
from ebbtide_policies.observation import Mode
from ebbtide_policies.quantities import Duration, Share
from ebbtide_policies.registry import CONFIGURABLE

SINGLE = "demand"
"""The name of the signal when the demand is a single query."""


class WhenAbsent(StrEnum):
    """What a query without an answer means."""

    HOLD = "Hold"
    ZERO = "Zero"


class ScaleTargetRef(Spec):
    """A scalable object in the policy's namespace."""

    api_version: Name = Field(description="Its API version, like apps/v1.")
    kind: Name = Field(description="Its kind, like Deployment: anything with a scale subresource.")
    name: Name = Field(description="Its name.")


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
            "!has(self.signals) || !(has(self.alive) || has(self.whenAbsent) || has(self.source))",
            "beside signals, alive, whenAbsent and source stand in each signal",
            lambda spec: spec.signals is None or spec.model_fields_set <= {"signals"},
        ),
    )

    query: PromQL | None = Field(None, description="PromQL for the demand, one series.")
    signals: Annotated[dict[str, SignalSpec], Field(min_length=1, max_length=16)] | None = Field(
        None,
        description="Signals by a name of your own, like viewers or egress. Each asks for "
        "replicas, and the largest number decides.",
    )


class CapacitySpec(Spec):
    """What one replica carries, and how long it takes to have one more."""

    rules = (at_most_one("perReplica", "perReplicaQuery"),)

    per_replica: Amount | None = Field(
        None,
        description="Demand that one ready replica carries at its target load, "
        "for every signal that does not say its own.",
    )
    per_replica_query: PromQL | None = Field(
        None, description="PromQL for the same, where it changes."
    )
    lead_time: Duration = Field(
        60.0, description="Time from the request for a replica until it is Ready."
    )
    warmup: Duration = Field(
        0.0, description="Time from Ready until a replica carries its full share."
    )
    cost_per_hour: float | None = Field(
        None, ge=0, description="What one replica costs in an hour, in a currency of your own."
    )


class ForecastSpec(Spec):
    """How demand is foreseen."""

    model: Name = Field("Seasonal", description="Name of the forecaster.")
    horizon: Duration = Field(7200.0, ge=600, le=86400, description="How far a forecast reaches.")
    history: Duration = Field(28 * 86400.0, ge=3600, description="How much of the past it learns.")


def _said_by(policy: type[Policy[Any]]) -> str:
    return (policy.__doc__ or policy.name).partition("\n")[0]


if TYPE_CHECKING:
    Policies = Spec
else:
    Policies = create_model(
        "Policies",
        __base__=Spec,
        __doc__="The settings of policies, by the name of the policy.",
        **{
            to_snake(policy.name): (
                policy.Settings | None,
                Field(None, alias=policy.name, description=_said_by(policy)),
            )
            for policy in CONFIGURABLE
        },
    )


_MEASURING = [
    name
    for name, preset in presets().items()
    if {"perReplica", "perReplicaQuery"} & preset.get("capacity", {}).keys()
]
"""The presets that say what one replica carries."""


class CapacityPolicySpec(Spec):
    """What an SRE says about the capacity of one workload."""

    rules = (
        Rule(
            f"(has(self.preset) && self.preset in {_MEASURING})"
            " || (has(self.capacity)"
            " && (has(self.capacity.perReplica) || has(self.capacity.perReplicaQuery)))"
            " || (has(self.demand.signals) && self.demand.signals.all(name,"
            " has(self.demand.signals[name].perReplica)"
            " || has(self.demand.signals[name].perReplicaQuery)))",
            "write capacity.perReplica or capacity.perReplicaQuery: "
            "without it nobody knows how many replicas a demand needs",
            lambda spec: all(signal.measured for signal in spec.signals().values()),
        ),
    )

    scale_target_ref: ScaleTargetRef = Field(description="What is scaled.")
    mode: Mode = Field(
        Mode.DRY_RUN,
        description="How far decisions reach: DryRun only says what it would do, ScaleUpOnly never "
        "lets go, Enforce does both. The operator's --max-mode stands above it.",
    )
    preset: Preset | None = Field(
        None, description="Defaults of a kind of workload. What is written in the policy wins."
    )
    demand: DemandSpec = Field(description="The concurrency to be carried.")
    capacity: CapacitySpec = Field(
        CapacitySpec(), description="What one replica carries, and how long it takes to have one."
    )
    replicas: LimitSettings = Field(description="The range that replicas stay in.")
    forecast: ForecastSpec = Field(ForecastSpec(), description="How demand is foreseen.")
    policies: Policies = Field(
        Policies(),
        description="Settings of the policies, by name. Those that keep a workload safe always "
        "apply, with their defaults where they are not named.",
    )
    plugins: dict[str, dict[str, Any]] = Field(
        {}, description="Settings of policies that other packages bring, by the policy's name."
    )

    def signals(self) -> Mapping[str, SignalSpec]:
        """Every signal of the demand by its name, each with what one replica carries of it."""
        return {name: self._filled(signal) for name, signal in self._named()}

    def _named(self) -> Iterable[tuple[str, SignalSpec]]:
        if self.demand.signals is not None:
            yield from self.demand.signals.items()
            return
        said = {name: getattr(self.demand, name) for name in ("query", *Source.model_fields)}
        yield SINGLE, SignalSpec.model_construct(**said)

    def _filled(self, signal: SignalSpec) -> SignalSpec:
        if signal.measured:
            return signal
        names = ("per_replica", "per_replica_query")
        return signal.model_copy(update={name: getattr(self.capacity, name) for name in names})

    @property
    def lead_time(self) -> float:
        """Seconds from the request for a replica until it carries its full share."""
        return self.capacity.lead_time + self.capacity.warmup

    def written(self, policy: type[Policy[Any]]) -> PolicySettings | None:
        """The settings of a built-in policy; None where the spec does not name it."""
        found: PolicySettings | None = getattr(self.policies, to_snake(policy.name))
        return found

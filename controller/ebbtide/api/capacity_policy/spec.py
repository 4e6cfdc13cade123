"""CapacityPolicy: what an SRE says about the capacity of one workload."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import Field
from pydantic.alias_generators import to_snake

from ebbtide.api.capacity_policy.demand import SINGLE, DemandSpec, SignalSpec, Source
from ebbtide.api.capacity_policy.forecast import ForecastSpec
from ebbtide.api.capacity_policy.lead_time import LeadTime
from ebbtide.api.capacity_policy.objective import ObjectiveSpec, Tuning
from ebbtide.api.capacity_policy.other_hands import BesideOthers
from ebbtide.api.capacity_policy.presets import Preset, presets
from ebbtide.api.capacity_policy.settings_by_phase import LimitsByPhase, Policies, least_replicas
from ebbtide.api.fields.field_types import Amount, Name, PromQL
from ebbtide.api.fields.rules import Rule, Spec, at_most_one
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.observation import Mode
from ebbtide_policies.quantities import Duration


class ScaleTargetRef(Spec):
    """A scalable object in the policy's namespace."""

    api_version: Name = Field(description="Its API version, like apps/v1.")
    kind: Name = Field(description="Its kind, like Deployment: anything with a scale subresource.")
    name: Name = Field(description="Its name.")


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
    lead_time: LeadTime = Field(
        60.0,
        description="Time from the request for a replica until it is Ready. Auto: as it was "
        "measured over recent boots.",
    )
    lead_time_fallback: Duration = Field(
        60.0, description="With leadTime: Auto, what counts until enough boots were measured."
    )
    warmup: Duration = Field(
        0.0, description="Time from Ready until a replica carries its full share."
    )
    cost_per_hour: float | None = Field(
        None, ge=0, description="What one replica costs in an hour, in a currency of your own."
    )

    @property
    def measured(self) -> bool:
        """Whether the lead time is to be measured."""
        return math.isnan(self.lead_time)


_MEASURING = [
    name
    for name, preset in presets().items()
    if {"perReplica", "perReplicaQuery"} & preset.get("capacity", {}).keys()
]
"""The presets that say what one replica carries."""


class CapacityPolicySpec(BesideOthers):
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
        Rule(
            "(!has(self.replicas.min) || self.replicas.min > 0)"
            " && (!has(self.replicas.when) || self.replicas.when.all(phase,"
            " !has(self.replicas.when[phase].min) || self.replicas.when[phase].min > 0))"
            " || (has(self.demand.signals) ? self.demand.signals.all(name,"
            " has(self.demand.signals[name].independent)"
            " && self.demand.signals[name].independent)"
            " : has(self.demand.independent) && self.demand.independent)",
            "replicas.min: 0 needs independent: true beside the query of the demand: one that "
            "comes from the pods is silent when there are none",
            lambda spec: (
                least_replicas(spec.replicas) > 0
                or all(signal.independent for signal in spec.signals().values())
            ),
        ),
        Rule(
            "!has(self.tuning) || self.tuning != 'Apply' || has(self.objective)",
            "tuning: Apply needs an objective, which says what the settings are to keep",
            lambda spec: spec.tuning is not Tuning.APPLY or spec.objective is not None,
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
    replicas: LimitsByPhase = Field(description="The range that replicas stay in.")
    forecast: ForecastSpec = Field(ForecastSpec(), description="How demand is foreseen.")
    objective: ObjectiveSpec | None = Field(
        None,
        description="What may go wrong. The settings of the policies follow from it; what is "
        "written in the policy itself wins, and all of it wins over the preset.",
    )
    tuning: Tuning = Field(
        Tuning.SUGGEST,
        description="What becomes of the settings that keep the objective at the least cost, which "
        "are chosen once a day by a replay of the workload's own last weeks: Suggest publishes "
        "them in status.tuning, Apply puts them in force, at most once a day and never around an "
        "event. What is written in the policy itself wins over what is put in force; what is "
        "suggested may differ from it.",
    )
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
        """Seconds from the request for a replica until it carries its full share, as written."""
        said = self.capacity
        return (said.lead_time_fallback if said.measured else said.lead_time) + said.warmup

    def written(self, policy: type[Policy[Any]]) -> PolicySettings | None:
        """The settings of a built-in policy; None where the spec does not name it."""
        found: PolicySettings | None = getattr(self.policies, _field(policy.name))
        return found


_field = cache(to_snake)
"""The attribute of a policy's settings, by its name in YAML."""

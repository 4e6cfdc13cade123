"""The status of a CapacityPolicy: what the operator saw, decided, did, and has to remember.

The API server drops what is not described here. Where a value may be new to an older schema, the
schema says no more than its type: a status that is refused could not be written at all.
"""

from typing import Annotated, Any

from pydantic import Field

from ebbtide.api.status.boots import LeadTimeStatus, PrewarmStatus
from ebbtide.api.status.other_hands import HandStatus, MinimumStatus
from ebbtide.api.status.parts import Moment, Part
from ebbtide.api.status.sessions import SessionsStatus
from ebbtide.api.status.tuning import AttemptStatus, TuningStatus

MOST_BOUNDS = 50
MOST_DECISIONS = 20
MOST_NEXT = 8


Memories = Annotated[
    dict[str, dict[str, Any]], Field(description="What policies remember, by the policy's name.")
]


class Replicas(Part):
    """The numbers of replicas; in DryRun those of the shadow."""

    current: int | None = Field(None, description="Replicas asked for now.")
    ready: int | None = Field(None, description="Replicas that are Ready.")
    desired: int | None = Field(None, description="Replicas that the last decision asks for.")
    want: int | None = Field(
        None, description="Replicas that it would ask for, if pace allowed them at once."
    )


class BoundStatus(Part):
    """One limit on the number of replicas, and why."""

    policy: str = Field(description="Name of the policy that set it.")
    reason: str = Field(description="Why, as one CamelCase word.")
    message: str = Field("", description="Why, as a sentence.")
    kind: str = Field(description="Floor, GuaranteedFloor, SoftCeiling, HardCeiling or a pace.")
    replicas: float | None = Field(None, description="The limit. Nothing: it is not known.")


class StepStatus(Part):
    """One change of the number of replicas."""

    at: Moment = Field(description="When.")
    before: int = Field(alias="from", description="Replicas before.")
    after: int = Field(alias="to", description="Replicas after.")


class DecisionStatus(StepStatus):
    """A change of the number of replicas, and why."""

    phase: str = Field("", description="Phase at that moment.")
    reason: str = Field("", description="Reason of the bound that decided.")
    message: str = Field("", description="The same as a sentence.")


class IntentStatus(DecisionStatus):
    """A change of the number of replicas that may or may not have been made."""

    settled: bool | None = Field(
        None, description="Whether the API server has refused it, or can only refuse it now."
    )
    follows: bool | None = Field(
        None, description="Whether a minimum only follows the fleet: it is no step."
    )
    memory: Memories | None = Field(
        None, description="What policies remembered before it, by the policy's name."
    )


class NextStepStatus(StepStatus):
    """A step down that is to come."""

    reason: str = Field("", description="Reason of the bound that will decide its size.")


class BootStatus(Part):
    """Replicas of the shadow that are booting."""

    at: Moment = Field(description="When they will be Ready.")
    replicas: int = Field(description="How many they are.")


class ShadowStatus(Part):
    """The fleet that there would be by now, if DryRun wrote its decisions."""

    replicas: int = Field(description="Replicas of the shadow.")
    boots: tuple[BootStatus, ...] = Field((), description="Replicas of it that are booting.")
    memory: Memories = Field(default_factory=dict)
    last_step: StepStatus | None = Field(None, description="Its last step.")


class Condition(Part):
    """One aspect of the workload's state, as in every Kubernetes object."""

    type: str = Field(description="Name of the condition.", max_length=316)
    status: str = Field(
        description="Whether it holds.", json_schema_extra={"enum": ["True", "False", "Unknown"]}
    )
    reason: str = Field(description="Why, as one CamelCase word.")
    message: str = Field("", description="Why, as a sentence.")
    last_transition_time: Moment = Field(description="When its status changed last.")
    observed_generation: int | None = Field(
        None, description="Generation of the spec that it speaks of."
    )


class ChoiceStatus(Part):
    """The forecaster that `Auto` chose for a signal."""

    model: str = Field(description="Its name.")
    message: str = Field("", description="Why.")
    chosen_at: Moment = Field(description="The newest minute that it was chosen by.")


class CapacityPolicyStatus(Part):
    """What the operator saw, decided, did, and has to remember."""

    phase: str | None = Field(None, description="Peace, Prewarm, War or Ebb.")
    phase_since: Moment | None = Field(None, description="When this phase began.")
    heartbeat: Moment | None = Field(None, description="When the operator last looked.")
    mode: str | None = Field(None, description="The mode in force, after the operator's maximum.")
    observed_generation: int | None = Field(None, description="Generation of the spec it obeys.")
    demand: float | None = Field(
        None, description="Present demand of the signal that needs the most replicas."
    )
    forecast: dict[str, ChoiceStatus] = Field(
        {}, description="What forecast.model: Auto chose, by the name of the signal."
    )
    target_uid: str | None = Field(
        None,
        description="The object that all this is of; one made again under its name is another.",
    )
    replicas: Replicas | None = Field(
        None, description="Numbers of replicas; in DryRun those of the shadow."
    )
    binding: BoundStatus | None = Field(None, description="The bound that decided.")
    held_since: Moment | None = Field(
        None, description="Since when that bound keeps more replicas than are wanted."
    )
    bounds: tuple[BoundStatus, ...] = Field(
        (),
        description="Every bound of the last decision, the binding one first.",
        json_schema_extra={"maxItems": MOST_BOUNDS},
    )
    memory: Memories = Field(default_factory=dict)
    last_step: StepStatus | None = Field(None, description="The last step that was taken.")
    next_steps: tuple[NextStepStatus, ...] = Field(
        (),
        description="The next steps down, if demand goes as is foreseen and nothing stands against "
        "them. They are reckoned anew whenever the status is written.",
        json_schema_extra={"maxItems": MOST_NEXT},
    )
    intent: IntentStatus | None = Field(
        None, description="A step that was decided, and may or may not have been taken."
    )
    shadow: ShadowStatus | None = Field(
        None, description="The fleet that DryRun would have by now."
    )
    sessions: SessionsStatus | None = Field(
        None, description="The pods on the way down; absent while none is marked."
    )
    lead_time: LeadTimeStatus | None = Field(
        None, description="The lead time as it was measured, for leadTime: Auto."
    )
    prewarm: PrewarmStatus | None = Field(
        None, description="Whether the fleet will be ready in time for the next event."
    )
    tuning: TuningStatus | None = Field(
        None, description="The settings that the workload's own past speaks for."
    )
    tuning_attempt: AttemptStatus | None = Field(
        None,
        description="The last replay of that past, until something comes of one: on record before "
        "it is begun, so that a successor waits before it tries what may have ended its "
        "predecessor.",
    )
    actuator: str | None = Field(
        None, description="How decisions reach the fleet. Nothing: by Scale."
    )
    minimum: MinimumStatus | None = Field(
        None, description="The minimum that AutoscalerFloor writes decisions to."
    )
    hand: HandStatus | None = Field(
        None, description="What somebody else changed, while it counts."
    )
    overrides: tuple[str, ...] = Field(
        (), description="CapacityOverrides in force, as namespace/name."
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        description="What is well and what is not.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    decisions: tuple[DecisionStatus, ...] = Field(
        (),
        description="The last decisions, the newest last; in DryRun those of the shadow.",
        json_schema_extra={"maxItems": MOST_DECISIONS},
    )

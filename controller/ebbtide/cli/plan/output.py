"""A plan as JSON, in a form that is published: docs/schema/plan.schema.json is made from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pydantic import Field, TypeAdapter

from ebbtide.cli.output import Output, known, moment
from ebbtide.cli.report.changes import changes
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.experience import Fared
from ebbtide.planning.scoring.score import Score
from ebbtide.planning.scoring.tiers import TierScore
from ebbtide_policies.observation import Phase


class ScoreOutput(Output):
    """What a way of scaling cost, and whom it failed."""

    idle: float = Field(ge=0, description="Ready replicas above demand, in replica-hours.")
    replica_hours: float = Field(ge=0, description="Replicas paid for.")
    cost: float = Field(ge=0, description="The same in money; 0 where no price is known.")
    shortfall: float = Field(
        ge=0, description="Demand above what ready replicas carry, in replica-minutes."
    )
    worst_shortfall: float = Field(ge=0, description="The highest shortfall of a tick, replicas.")
    unserved: float = Field(ge=0, le=1, description="Shortfall as a share of demand.")
    disruptions: int = Field(ge=0, description="Live sessions on pods that were removed or lost.")
    events: int = Field(ge=0, description="Changes of the replicas asked for.")
    largest_drop: float = Field(ge=0, description="Most replicas let go within 60 seconds.")
    breached: float | None = Field(
        ge=0,
        description="Minutes in which a signal of experience was beyond its limit; null: none that "
        "has one is modelled.",
    )


class TierOutput(Output):
    """What one tier of users got."""

    share: float = Field(gt=0, le=1, description="Its share of the demand.")
    shortfall: float = Field(ge=0, description="What it was short of, in demand-minutes.")
    worst_minute: float = Field(ge=0, description="Its highest demand unserved at a tick.")
    unserved: float = Field(ge=0, le=1, description="Shortfall as a share of its demand.")


class FaredOutput(Output):
    """What a modelled signal of experience came to."""

    worst: float | None = Field(description="The worst value of a tick; null: it said nothing.")
    limit: float | None = Field(description="Its limit; null: it has none of its own.")
    breached: float = Field(ge=0, description="Minutes beyond its limit.")


class StepOutput(Output):
    """A change of replicas."""

    at: datetime = Field(description="When it was decided, in UTC.")
    before: int = Field(ge=0, alias="from", description="Replicas before it.")
    to: int = Field(ge=0, description="Replicas after it.")
    phase: Phase = Field(description="The phase at that moment.")
    reason: str = Field(min_length=1, description="The reason code of the bound that decided.")
    message: str = Field(description="The same as a sentence.")


class PlanOutput(Output):
    """What came out for one workload."""

    workload: str = Field(pattern="^.+/.+$", description="namespace/name of the CapacityPolicy.")
    score: ScoreOutput = Field(description="What Ebbtide would have cost.")
    static_peak: ScoreOutput = Field(description="A fleet that always has what its peak needs.")
    demand_minutes_short: float = Field(
        ge=0, description="The shortfall in demand of the first signal times minutes."
    )
    phases: dict[Phase, float] = Field(description="Hours in each phase.")
    tiers: dict[str, TierOutput] = Field(description="By tier, the most valuable first.")
    experience: dict[str, FaredOutput] = Field(
        description="By signal of experienceGate, those that are modelled."
    )
    remarks: list[str] = Field(description="What a replay can't know.")
    steps: list[StepOutput] = Field(description="Every change of replicas.")


PLANS = TypeAdapter(list[PlanOutput])
"""What `ebbtide plan --json` prints: one entry a workload."""


def score_output(told: Score) -> ScoreOutput:
    """A score for programs."""
    return ScoreOutput(**asdict(told))


def tier_outputs(tiers: Mapping[str, TierScore]) -> dict[str, TierOutput]:
    """Tiers for programs."""
    return {name: TierOutput(**one._asdict()) for name, one in tiers.items()}


def experience_outputs(fared: Mapping[str, Fared]) -> dict[str, FaredOutput]:
    """What modelled signals came to, for programs."""
    return {
        name: FaredOutput(worst=known(worst), limit=known(limit), breached=breached)
        for name, (worst, limit, breached) in fared.items()
    }


def step_outputs(frames: Sequence[Frame]) -> list[StepOutput]:
    """Every change of replicas, for programs."""
    return [
        StepOutput(
            at=moment(frame.now),
            before=frame.current,
            to=frame.desired,
            phase=frame.phase,
            reason=frame.reason,
            message=frame.message,
        )
        for frame in changes(frames)
    ]


def text_of(plans: Sequence[PlanOutput]) -> str:
    """Plans as text."""
    return PLANS.dump_json(list(plans), by_alias=True, indent=1).decode()

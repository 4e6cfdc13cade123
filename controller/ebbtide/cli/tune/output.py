"""What tuning found as JSON, in a form that is published: docs/schema/tune.schema.json."""

from pydantic import Field, JsonValue

from ebbtide.cli.output import Output, known
from ebbtide.cli.tune.page import Tuned
from ebbtide.planning.tuning.judgement import Candidate, Measured


class MeasuredOutput(Output):
    """What came of a variant."""

    replica_hours: float = Field(ge=0, description="Replicas paid for.")
    beside_bound: float | None = Field(
        ge=0,
        description="The same over that of the clairvoyant bound; null: nothing was needed, so "
        "that is none.",
    )
    unserved: float = Field(ge=0, le=1, description="Shortfall as a share of demand.")
    changes_a_day: float = Field(ge=0, description="Changes of the replicas asked for.")
    disruptions: int = Field(
        ge=0, description="Live sessions cut off; 0 where the scenario has none."
    )
    breached: float | None = Field(
        ge=0,
        description="Minutes in which a signal of experience was beyond its limit; null: none that "
        "has one is modelled.",
    )


class CandidateOutput(Output):
    """A variant that no other one beats in both cost and service."""

    changed: dict[str, JsonValue] = Field(
        alias="set", description="The fields that it sets, below `spec`."
    )
    recommended: bool = Field(description="Whether it is the one that is recommended.")
    searched: MeasuredOutput = Field(description="On the demand that was searched.")
    held_back: MeasuredOutput = Field(description="On the demand that was held back.")


class TuneOutput(Output):
    """What came out of a search."""

    workload: str = Field(description="namespace/name of the CapacityPolicy.")
    objective: float = Field(gt=0, le=1, description="Share of demand that may go unserved.")
    variants: int = Field(ge=1, description="How many were tried.")
    not_modelled: list[str] = Field(description="What the replay left out.")
    remarks: list[str] = Field(description="What of the demand is doubtful.")
    evidence: str = Field(description="What speaks for the recommended one, as a sentence.")
    front: list[CandidateOutput] = Field(
        description="The front of cost, service, disruptions and breaches, cheapest first."
    )


def output(tuned: Tuned) -> TuneOutput:
    """What tuning found, for programs."""
    return TuneOutput(
        workload=tuned.workload,
        objective=tuned.objective,
        variants=len(tuned.variants),
        not_modelled=list(tuned.left_out),
        remarks=list(map(str, tuned.remarks)),
        evidence=str(tuned.evidence()),
        front=[_candidate(tuned, one) for one in tuned.candidates],
    )


def _candidate(tuned: Tuned, one: Candidate) -> CandidateOutput:
    return CandidateOutput(
        changed={".".join(edit.path): edit.value for edit in tuned.variants[one.variant]},
        recommended=one.recommended,
        searched=_measured(one.searched),
        held_back=_measured(one.held_back),
    )


def _measured(found: Measured) -> MeasuredOutput:
    return MeasuredOutput(
        replica_hours=float(found.replica_hours),
        beside_bound=known(float(found.beside_bound)),
        unserved=float(found.unserved),
        changes_a_day=float(found.changes),
        disruptions=int(found.disruptions),
        breached=known(float(found.breached)),
    )

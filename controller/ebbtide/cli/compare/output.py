"""A comparison as JSON, in a form that is published: docs/schema/compare.schema.json."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from ebbtide.cli.compare.page import Moment
from ebbtide.cli.output import Output, moment
from ebbtide.cli.plan.output import ScoreOutput, score_output
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.score import Score
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase


class DecidedOutput(Output):
    """What one policy decided at a moment."""

    replicas: int = Field(ge=0, description="Replicas that it asked for.")
    phase: Phase = Field(description="The phase that it was in.")
    reason: str = Field(min_length=1, description="The reason code of the bound that decided.")
    message: str = Field(description="The same as a sentence.")


class DifferenceOutput(Output):
    """A stretch of time in which the policies differ."""

    begin: datetime = Field(alias="from", description="When it begins, in UTC.")
    to: datetime = Field(description="When it ends.")
    at: datetime = Field(description="When they differ most within it.")
    policies: dict[str, DecidedOutput] = Field(description="What each decided then, by its name.")


class CompareOutput(Output):
    """What came out."""

    scores: dict[str, ScoreOutput] = Field(
        description="By name: the policies as they were written; then the HPA that is best in "
        "hindsight, with its target as a share of the target load, "
        "`static peak`, and `clairvoyant`, the bound."
    )
    differences: list[DifferenceOutput] = Field(
        description="Where the policies differ most, the widest difference first."
    )
    remarks: list[str] = Field(description="What a replay can't know.")


def output(
    scores: Mapping[str, Score], moments: Sequence[Moment], remarks: Sequence[Message]
) -> CompareOutput:
    """A comparison for programs."""
    return CompareOutput(
        scores={name: score_output(one) for name, one in scores.items()},
        differences=[_difference(one) for one in moments],
        remarks=list(map(str, remarks)),
    )


def _difference(stretch: Moment) -> DifferenceOutput:
    return DifferenceOutput(
        begin=moment(stretch.begin),
        to=moment(stretch.end),
        at=moment(next(iter(stretch.at.values())).now),
        policies={name: _decided(frame) for name, frame in stretch.at.items()},
    )


def _decided(frame: Frame) -> DecidedOutput:
    return DecidedOutput(
        replicas=frame.desired, phase=frame.phase, reason=frame.reason, message=frame.message
    )

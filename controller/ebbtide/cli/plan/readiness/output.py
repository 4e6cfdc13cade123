"""Readiness as JSON, in a form that is published: docs/schema/plan-from-cluster.schema.json."""

from collections.abc import Sequence
from datetime import datetime
from math import isnan

from pydantic import Field

from ebbtide.cli.output import Output, known, moment
from ebbtide.cli.plan.output import PlanOutput
from ebbtide.cli.plan.readiness.report import Most, Peak, Range, Readiness
from ebbtide.planning.readiness.walls import FARTHEST, Kind, Lack


class LackOutput(Output):
    """What is missing before one wall."""

    wall: Kind = Field(description="The kind of wall.")
    name: str = Field(description="The quota, or the workload.")
    resource: str = Field(description="What of: cpu, limits.memory, pods, ...")
    missing: float = Field(ge=0, description="So much is missing.")
    there: float = Field(ge=0, description="How much there is in all; of pods, those that fit.")
    nodes: int = Field(ge=0, description="Of nodes: so many more would do.")
    like: str = Field(description="Of nodes: more of this one.")


class CarriesOutput(Output):
    """How far the cluster goes as it is."""

    times: float | None = Field(
        description="The largest multiple of all planned peaks at once that fits; null: no wall "
        f"is in sight up to {FARTHEST:g} times."
    )
    walls: list[LackOutput] = Field(description="What stands behind it.")


class WorkloadOutput(Output):
    """The planned peak of one workload."""

    workload: str = Field(description="namespace/name of the CapacityPolicy.")
    peak: int = Field(ge=0, description="The most replicas that it will need.")
    at: datetime | None = Field(description="When, in UTC.")
    event: str | None = Field(description="The announced event that needs them; null: the replay.")
    grows_from: datetime | None = Field(description="From when the fleet grows for the event.")
    at_most: int | None = Field(
        description="Replicas that it can grow to beside the peaks of the others; null: no target."
    )
    carries: float | None = Field(description="The demand that these carry, where that is known.")
    walls: list[LackOutput] = Field(description="What stops it there.")
    pods_on_new_nodes: int = Field(ge=0, description="Pods that wait until a node is made.")


class PeakOutput(Output):
    """One of a range of peaks, all workloads together."""

    times: float = Field(gt=0, description="So many times the recorded demand.")
    replicas: int = Field(ge=0, description="Replicas at the peak.")
    replica_hours: float = Field(ge=0, description="What being ready for it takes.")
    cost: float = Field(ge=0, description="The same in money; 0 where no price is known.")
    unserved: float = Field(ge=0, le=1, description="Most of the demand of a workload unserved.")
    missing: list[LackOutput] = Field(description="What would be missing.")


class ReadinessOutput(Output):
    """Whether a namespace is ready for its planned peak."""

    namespace: str = Field(description="What was planned.")
    ready: bool = Field(description="Whether nothing is missing.")
    missing: list[LackOutput] = Field(description="What is missing before the planned peak.")
    carries: CarriesOutput = Field(description="What the cluster carries at most.")
    workloads: list[WorkloadOutput] = Field(description="Each with its peak.")
    peaks: list[PeakOutput] = Field(description="A range of peaks, or the only one.")
    remarks: list[str] = Field(description="What could not be read, or is not reckoned with.")
    plans: list[PlanOutput] = Field(description="What `plan --json` prints of the first peak.")


def text_of(ready: Readiness, plans: Sequence[PlanOutput]) -> str:
    """The plans as they are without a cluster, and what stands before them, as text."""
    return _output(ready, plans).model_dump_json(by_alias=True, indent=1)


def _output(ready: Readiness, plans: Sequence[PlanOutput]) -> ReadinessOutput:
    times = ready.times if ready.times < FARTHEST else None
    return ReadinessOutput(
        namespace=ready.state.namespace,
        ready=not ready.lacks,
        missing=_lacks(ready.lacks),
        carries=CarriesOutput(times=times, walls=_lacks(ready.behind)),
        workloads=[
            _workload(peak, ready.most.get(key), ready.new_nodes.get(key, 0))
            for key, peak in ready.peaks.items()
        ],
        peaks=[_peak(one) for one in ready.ranges],
        remarks=list(map(str, ready.state.remarks)),
        plans=list(plans),
    )


def _workload(peak: Peak, most: Most | None, new_nodes: int) -> WorkloadOutput:
    return WorkloadOutput(
        workload=peak.workload,
        peak=peak.replicas,
        at=_moment(peak.at),
        event=peak.event or None,
        grows_from=_moment(peak.begins),
        at_most=most.replicas if most else None,
        carries=known(most.demand) if most else None,
        walls=_lacks(most.lacks) if most else [],
        pods_on_new_nodes=new_nodes,
    )


def _peak(one: Range) -> PeakOutput:
    return PeakOutput(
        times=one.times,
        replicas=one.replicas,
        replica_hours=one.replica_hours,
        cost=one.cost,
        unserved=one.unserved,
        missing=_lacks(one.lacks),
    )


def _lacks(lacks: Sequence[Lack]) -> list[LackOutput]:
    return [
        LackOutput(
            wall=lack.kind,
            name=lack.name,
            resource=lack.resource,
            missing=lack.missing,
            there=lack.there,
            nodes=lack.nodes,
            like=lack.like,
        )
        for lack in lacks
    ]


def _moment(at: float) -> datetime | None:
    return None if isnan(at) else moment(at)

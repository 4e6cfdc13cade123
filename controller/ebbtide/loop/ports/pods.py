"""A pod as the API server has it, and the marks on it that Ebbtide reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Annotation: among pods that are equally ready, a ReplicaSet lets those of the least cost go."""
DRAIN = "ebbtide.dev/drain"
"""Label of Ebbtide's: a pod that carries it is to get no new sessions."""
DRAIN_SINCE = "ebbtide.dev/drain-since"
"""Annotation of Ebbtide's: the moment of that label."""
DRAINED = "ebbtide.dev/drained"
"""Annotation of the pod's own: it says `true` once it takes no more sessions."""
WRITER = "ebbtide"
"""The field manager of all that Ebbtide writes."""
ZONE = "topology.kubernetes.io/zone"
"""Label of nodes, and in newer clusters of pods."""


class Unschedulable(NamedTuple):
    """Why a pod has no node yet, and since when."""

    since: float
    """Epoch seconds."""
    reason: str
    """As the scheduler says it, like `Unschedulable`."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod of a target. Moments are epoch seconds."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    created: float
    phase: str = "Running"
    """Pending, Running, Succeeded, Failed or Unknown."""
    scheduled_since: float | None = None
    """When it got a node; None while it has none."""
    ready_since: float | None = None
    """When it became Ready; None while it is not."""
    unready_since: float | None = None
    """When it ceased to be Ready; None while it is, or where it never was."""
    unschedulable: Unschedulable | None = None
    waiting: str = ""
    """Why a container waits, like `ImagePullBackOff`; empty when none does."""
    terminating_since: float | None = None
    """When its deletion was asked for; None while it is not."""
    node: str = ""
    zone: str = ""
    """Empty where it can't be read."""
    owner: str = ""
    """The kind of its controller, like `ReplicaSet`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    deletion_cost_by: str = ""
    """The field manager that has set its deletion cost; empty when there is none."""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def active(self) -> bool:
        """Whether it counts as a replica: it has neither ended nor is it on its way out."""
        return self.terminating_since is None and self.phase not in {"Succeeded", "Failed"}

    @property
    def deletion_cost(self) -> str | None:
        """The deletion cost as it stands there; None where there is none."""
        return self.annotations.get(DELETION_COST)


class Marks(NamedTuple):
    """Labels and annotations to be set on a pod; None takes one away."""

    labels: Mapping[str, str | None] = {}
    annotations: Mapping[str, str | None] = {}

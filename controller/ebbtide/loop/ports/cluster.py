"""Where workloads are, and are scaled, as the loop needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Owner, Ref
from ebbtide.loop.ports.pods import Marks, Pod

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A scalable object as the API server has it now."""

    ref: Ref
    uid: str
    resource_version: str
    replicas: int
    ready: int
    rollout: bool = False
    paused: bool = False
    pod_selector: str = ""
    failing: str = ""
    """What its controller says when it can't create pods, such as a quota; empty when it can."""
    owners: tuple[Owner, ...] = ()
    """Who has written its replicas, the latest first; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One of Ebbtide's own objects, its spec and status as plain JSON."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Json = field(default_factory=dict)
    status: Json = field(default_factory=dict)
    deleting: bool = False
    """Whether it was asked to go; it stays while it has finalizers."""
    finalizers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the cluster holds at one tick."""

    policies: Sequence[Resource] = ()
    calendars: Sequence[Resource] = ()
    overrides: Sequence[Resource] = ()
    profiles: Sequence[Resource] = ()
    """EventProfiles, where a calendar names one."""
    targets: Mapping[Ref, Target | ClusterUnavailable] = field(default_factory=dict)
    """Every target of a policy: as it is, or why it can't be read."""
    autoscalers: Sequence[Autoscaler] = ()


class Announcement(NamedTuple):
    """A Kubernetes event about one CapacityPolicy."""

    about: Resource
    reason: str
    message: str
    warning: bool = False
    action: str = "Decide"


class Cluster(Protocol):
    """Where workloads are, and are scaled."""

    def survey(self) -> Survey:
        """List policies, what people say, the targets, and other autoscalers.

        Raises:
            ClusterUnavailable: the API server did not answer.

        """

    def write_status(self, policy: Resource, status: Json) -> Resource:
        """Replace the status of a policy if it is still as read; returns it as it is now.

        Raises:
            Conflict: the object has changed since it was read.
            ClusterUnavailable: the API server did not answer.

        """

    def patch_scale(self, target: Target, replicas: int) -> None:
        """Set the replicas of a target if they are still those that were read.

        Raises:
            Conflict: somebody else has changed them.
            ClusterUnavailable: the API server did not answer; the write may have happened.

        """

    def fence(self, target: Target, lost: str) -> Target:
        """Move a target on whose replicas are still as read, and change nothing of it.

        So a write that was sent before, and has not arrived, is refused. `lost` names that write.
        Returns the target as it is now.

        Raises:
            Conflict: somebody else has changed its replicas.
            ClusterUnavailable: the API server did not answer; the write may have happened.

        """

    def pods(self, target: Target) -> Sequence[Pod]:
        """List the pods of a target by its selector, those that end included.

        Not for every workload at every tick: only where a decision needs to see pods.

        Raises:
            ClusterUnavailable: the API server did not answer, or the target has no selector.

        """

    def mark_pod(self, pod: Pod, marks: Marks) -> Pod:
        """Set labels and annotations of a pod that is as it was read; returns it as it is now.

        Raises:
            Conflict: the pod has changed since it was read.
            NotFound: it is gone.
            ClusterUnavailable: the API server did not answer; the write may have happened.

        """

    def patch_minimum(
        self, autoscaler: Autoscaler, replicas: int | None, held: Held | None
    ) -> Autoscaler:
        """Set the minimum of an autoscaler if it is still the one that was read.

        `held` stays on the autoscaler, written in the same breath; None takes it away. Returns the
        autoscaler as it is now.

        Raises:
            Conflict: somebody else has changed it.
            ClusterUnavailable: the API server did not answer; the write may have happened.

        """

    def set_finalizer(self, policy: Resource, name: str, present: bool) -> Resource:
        """Put a finalizer on a policy that is still as read, or take it away.

        Raises:
            Conflict: the object has changed since it was read.
            ClusterUnavailable: the API server did not answer.

        """

    def announce(self, event: Announcement) -> None:
        """Write a Kubernetes event. A failure is logged and stops nothing."""

"""The embedded twin of an API server: objects, targets with simulated pods, conflicts, failures."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ebbtide.adapters.embedded_pods import EmbeddedPods
from ebbtide.adapters.embedded_workload import EmbeddedWorkload
from ebbtide.errors import ClusterUnavailable, Conflict, NotFound
from ebbtide.loop.pods import Marks, Pod
from ebbtide.loop.ports import Announcement, Autoscaler, Json, Ref, Resource, Survey, Target
from ebbtide.planning.plant import Census, Plant

_POLICY = "CapacityPolicy"


class Call(NamedTuple):
    """One call on the API server, as a test sees it before and after it takes effect."""

    verb: str
    """`list`, `get` (one target), `pods`, `status`, `mark`, `scale` or `event`."""
    name: str
    """`namespace/name` of the object; empty for a list."""
    done: bool
    """Whether it has taken effect: an error raised then hides a write that has happened."""


class ScaleChange(NamedTuple):
    """One write of `spec.replicas`."""

    at: float
    ref: Ref
    before: int
    after: int
    by: str


class SimulatedCluster:
    """An API server with one plant behind each target.

    Every change counts one resource version up for the whole cluster, as etcd does. Objects are
    stored as JSON and never change afterwards: a write makes a new one. `watcher` is called around
    every call and may raise, to simulate a failure or a controller that is killed.
    """

    def __init__(
        self, now: Callable[[], float], watcher: Callable[[Call], None] = lambda _: None
    ) -> None:
        """Begin empty; `now` tells the simulated time."""
        self._now = now
        self._version = 0
        self._objects: dict[tuple[str, str, str], Resource] = {}
        self._workloads: dict[Ref, EmbeddedWorkload] = {}
        self.watcher = watcher
        self.autoscalers: list[Autoscaler] = []
        self.changes: list[ScaleChange] = []
        self.announcements: list[Announcement] = []

    # --- what a person, a test or the demo does

    def add_target(
        self, ref: Ref, plant: Plant, offered: Callable[[float], float] = lambda _: 0.0
    ) -> None:
        """Put a scalable object with its pods into the cluster; `offered`: sessions at a moment."""
        count = plant.pods.asked_at.size
        uid = f"target-{self._next()}"
        self._workloads[ref] = EmbeddedWorkload(
            uid, plant, EmbeddedPods(ref, plant), count, offered, version=self._version
        )
        self.advance()

    def remove_target(self, ref: Ref) -> None:
        """Delete a scalable object with its pods."""
        del self._workloads[ref]

    def apply(self, wanted: Resource) -> Resource:
        """Create an object or replace its spec and labels, as `kubectl apply` does."""
        key = (wanted.kind, wanted.namespace, wanted.name)
        old = self._objects.get(key)
        spec = _as_json(wanted.spec)
        if old is None:
            uid, generation, status = f"object-{self._version}", 1, _as_json(wanted.status)
        else:
            uid, status = old.uid, old.status
            generation = old.generation + (spec != old.spec)
        return self._store(
            replace(wanted, uid=uid, generation=generation, spec=spec, status=status)
        )

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        del self._objects[kind, namespace, name]

    def get(self, kind: str, namespace: str, name: str) -> Resource:
        """Answer an object as it is now."""
        return self._objects[kind, namespace, name]

    def scale(self, ref: Ref, replicas: int, by: str = "kubectl") -> None:
        """Set replicas as somebody else does."""
        workload = self._workloads[ref]
        change = ScaleChange(self._now(), ref, workload.replicas, replicas, by)
        self.changes.append(change)
        workload.replicas = replicas
        workload.version = self._next()
        self._move(workload)

    def advance(self) -> None:
        """Let all pods live up to now; surveys and writes do so by themselves."""
        for workload in self._workloads.values():
            self._move(workload)

    def census(self, ref: Ref) -> Sequence[Census]:
        """Answer the fleet of a target at every moment it was moved on to, one entry a moment."""
        return self._workloads[ref].census

    # --- what the loop does

    def survey(self) -> Survey:
        """List everything, with the targets of all policies."""
        self.watcher(Call("list", "", done=False))
        self.advance()
        policies = self._listed(_POLICY)
        targets = {ref: self._target(ref) for ref in map(_target_of, policies) if ref}
        survey = Survey(
            policies=policies,
            calendars=self._listed("EventCalendar"),
            overrides=self._listed("CapacityOverride"),
            profiles=self._listed("EventProfile"),
            targets=targets,
            autoscalers=tuple(self.autoscalers),
        )
        self.watcher(Call("list", "", done=True))
        return survey

    def write_status(self, policy: Resource, status: Json) -> Resource:
        """Replace the status of a policy if its resource version is still the one that was read."""
        self.watcher(Call("status", policy.key, done=False))
        stored = self._objects.get((policy.kind, policy.namespace, policy.name))
        if stored is None:
            raise NotFound(f"{policy.kind} {policy.key} is gone")
        if (stored.uid, stored.resource_version) != (policy.uid, policy.resource_version):
            raise Conflict(f"{policy.kind} {policy.key} has changed since it was read")
        written = self._store(replace(stored, status=_as_json(status)))
        self.watcher(Call("status", policy.key, done=True))
        return written

    def patch_scale(self, target: Target, replicas: int) -> None:
        """Set the replicas of a target if they are still those that were read.

        A resource version that moved on alone is no conflict: the real adapter reads once more.
        """
        name = f"{target.ref.namespace}/{target.ref.name}"
        self.watcher(Call("scale", name, done=False))
        workload = self._found(target.ref)
        if (workload.uid, workload.replicas) != (target.uid, target.replicas):
            raise Conflict(f"{target.ref.kind} {name} has {workload.replicas} replicas by now")
        self.scale(target.ref, replicas, by="ebbtide")
        self.watcher(Call("scale", name, done=True))

    def pods(self, target: Target) -> Sequence[Pod]:
        """List the pods of a target, those that end included."""
        name = f"{target.ref.namespace}/{target.ref.name}"
        self.watcher(Call("pods", name, done=False))
        return self._found(target.ref).pods.listed()

    def mark_pod(self, pod: Pod, marks: Marks) -> Pod:
        """Set labels and annotations of a pod that is as it was read."""
        self.watcher(Call("mark", pod.key, done=False))
        owner = next((w.pods for w in self._workloads.values() if w.pods.holds(pod)), None)
        if owner is None:
            raise NotFound(f"pod {pod.key} is gone")
        marked = owner.mark(pod, marks, by="ebbtide")
        self.watcher(Call("mark", pod.key, done=True))
        return marked

    def book(self, ref: Ref) -> EmbeddedPods:
        """Answer the pods of a target, for whoever marks them or counts their sessions."""
        return self._found(ref).pods

    def announce(self, event: Announcement) -> None:
        """Keep an event; a failure is swallowed, as nothing depends on events."""
        try:
            self.watcher(Call("event", event.about.key, done=False))
        except ClusterUnavailable:
            return
        self.announcements.append(event)

    # --- how it does it

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _store(self, resource: Resource) -> Resource:
        stored = replace(resource, resource_version=str(self._next()))
        self._objects[stored.kind, stored.namespace, stored.name] = stored
        return stored

    def _listed(self, kind: str) -> Sequence[Resource]:
        return tuple(one for key, one in sorted(self._objects.items()) if key[0] == kind)

    def _found(self, ref: Ref) -> EmbeddedWorkload:
        workload = self._workloads.get(ref)
        if workload is None:
            raise NotFound(f"{ref.kind} {ref.namespace}/{ref.name} is not there")
        return workload

    def _target(self, ref: Ref) -> Target | ClusterUnavailable:
        """Read one target, or say why it can't be read."""
        try:
            self.watcher(Call("get", f"{ref.namespace}/{ref.name}", done=False))
            workload = self._found(ref)
        except ClusterUnavailable as error:
            return error
        return Target(
            ref=ref,
            uid=workload.uid,
            resource_version=str(workload.version),
            replicas=workload.replicas,
            ready=workload.ready,
        )

    def _move(self, workload: EmbeddedWorkload) -> None:
        """Move the pods of one target on, and count its version up when their readiness changed."""
        if workload.move(self._now()):
            workload.version = self._next()


def _as_json(value: Json) -> Json:
    """Make the copy that an API server would keep; refuses what JSON can't hold."""
    copy: Json = json.loads(json.dumps(value, allow_nan=False))
    return copy


def _target_of(policy: Resource) -> Ref | None:
    """Answer what a policy scales; None when its spec doesn't say."""
    told: Any = policy.spec.get("scaleTargetRef", {})
    try:
        return Ref(told["apiVersion"], told["kind"], policy.namespace, told["name"])
    except (KeyError, TypeError):
        return None

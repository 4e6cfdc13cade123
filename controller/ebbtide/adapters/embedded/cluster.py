"""The embedded twin of an API server: objects, targets with simulated pods, conflicts, failures."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from ebbtide.adapters.embedded.autoscalers import SimulatedAutoscalers
from ebbtide.adapters.embedded.objects import SimulatedObjects
from ebbtide.adapters.embedded.parts import Call, ScaleChange, as_json, target_of
from ebbtide.adapters.embedded.pods import EmbeddedPods
from ebbtide.adapters.embedded.workload import EmbeddedWorkload
from ebbtide.api.kinds import CAPACITY_OVERRIDE, CAPACITY_POLICY, EVENT_CALENDAR, EVENT_PROFILE
from ebbtide.errors import ClusterUnavailable, Conflict, NotFound
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Owner, Ref
from ebbtide.loop.ports.cluster import Announcement, Json, Resource, Survey, Target
from ebbtide.loop.ports.pods import Marks, Pod
from ebbtide.planning.simulated_fleet.plant import Census, Plant
from ebbtide_policies.lanes import UNKNOWN, Lanes


class SimulatedCluster(SimulatedObjects):
    """An API server with one plant behind each target.

    Every change counts one resource version up for the whole cluster, as etcd does. Objects are
    stored as JSON and never change afterwards: a write makes a new one. `watcher` is called around
    every call and may raise, to simulate a failure or a controller that is killed.
    """

    def __init__(
        self, now: Callable[[], float], watcher: Callable[[Call], None] = lambda _: None
    ) -> None:
        """Begin empty; `now` tells the simulated time."""
        super().__init__(now)
        self._workloads: dict[Ref, EmbeddedWorkload] = {}
        self.watcher = watcher
        self.autoscalers = SimulatedAutoscalers()
        self.changes: list[ScaleChange] = []
        self.announcements: list[Announcement] = []

    # --- what a person, a test or the demo does

    def add_target(
        self, ref: Ref, plant: Plant, offered: Callable[[float], float] = lambda _: 0.0
    ) -> None:
        """Put a scalable object with its pods into the cluster; `offered`: sessions at a moment."""
        count = plant.pods.asked_at.size
        uid = f"target-{self._next()}"
        workload = EmbeddedWorkload(
            uid, plant, EmbeddedPods(ref, plant), count, offered, version=self._version
        )
        self._workloads[ref] = workload
        self._move(workload)

    def remove_target(self, ref: Ref) -> None:
        """Delete a scalable object with its pods."""
        del self._workloads[ref]

    def scale(self, ref: Ref, replicas: int, by: str = "kubectl", applied: bool = False) -> None:
        """Set replicas as somebody else does; `applied`: by a file that declares them."""
        workload = self._workloads[ref]
        workload.owners = (Owner(by, applied),)
        change = ScaleChange(self._now(), ref, workload.replicas, replicas, by)
        self.changes.append(change)
        workload.replicas = replicas
        workload.version = self._next()
        self._move(workload)

    def own(self, ref: Ref, *owners: Owner) -> None:
        """Say who has written the replicas of a target, the latest first."""
        self._workloads[ref].owners = owners

    def version_of(self, ref: Ref) -> str:
        """Answer the resource version of a target now."""
        return str(self._workloads[ref].version)

    def advance(self) -> None:
        """Let all pods live up to now; surveys and writes do so by themselves."""
        for ref, replicas, kind in list(self.autoscalers.moves(self._now(), self._replicas)):
            self.scale(ref, replicas, by=kind)
        for workload in self._workloads.values():
            self._move(workload)

    def census(self, ref: Ref) -> Sequence[Census]:
        """Answer the fleet of a target at every moment it was moved on to, one entry a moment."""
        return self._workloads[ref].census

    def ready_at(self, ref: Ref, moments: Lanes) -> Lanes:
        """Answer how many replicas were ready at some moments; NaN before the target was there."""
        census = self._workloads[ref].census
        last = [bisect_right(census, at, key=attrgetter("now")) - 1 for at in moments.tolist()]
        return np.array([census[i].ready if i >= 0 else UNKNOWN for i in last])

    # --- what the loop does

    def survey(self) -> Survey:
        """List everything, with the targets of all policies."""
        self.watcher(Call("list", "", done=False))
        self.advance()
        policies = self._listed(CAPACITY_POLICY.name)
        targets = {ref: self._target(ref) for ref in map(target_of, policies) if ref}
        survey = Survey(
            policies=policies,
            calendars=self._listed(EVENT_CALENDAR.name),
            overrides=self._listed(CAPACITY_OVERRIDE.name),
            profiles=self._listed(EVENT_PROFILE.name),
            targets=targets,
            autoscalers=tuple(self.autoscalers),
        )
        self.watcher(Call("list", "", done=True))
        return survey

    def write_status(self, policy: Resource, status: Json) -> Resource:
        """Replace the status of a policy if its resource version is still the one that was read."""
        self.watcher(Call("status", policy.key, done=False))
        written = self._store(replace(self._as_read(policy), status=as_json(status)))
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

    def fence(self, target: Target, lost: str) -> Target:
        """Move a target on whose replicas are still as read; `lost` makes no difference here."""
        name = f"{target.ref.namespace}/{target.ref.name}"
        self.watcher(Call("fence", name, done=False))
        workload = self._found(target.ref)
        if (workload.uid, workload.replicas) != (target.uid, target.replicas):
            raise Conflict(f"{target.ref.kind} {name} has {workload.replicas} replicas by now")
        workload.version = self._next()
        self.watcher(Call("fence", name, done=True))
        return replace(target, resource_version=str(workload.version))

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

    def patch_minimum(
        self, autoscaler: Autoscaler, replicas: int | None, held: Held | None
    ) -> Autoscaler:
        """Set the minimum of an autoscaler that is still as read."""
        name = f"{autoscaler.namespace}/{autoscaler.name}"
        self.watcher(Call("minimum", name, done=False))
        written = self.autoscalers.patch(autoscaler, replicas, held)
        self.watcher(Call("minimum", name, done=True))
        return written

    def set_finalizer(self, policy: Resource, name: str, present: bool) -> Resource:
        """Put a finalizer on a policy that is still as read, or take it away."""
        self.watcher(Call("finalizer", policy.key, done=False))
        stored = self._as_read(policy)
        others = tuple(each for each in stored.finalizers if each != name)
        written = self._store(replace(stored, finalizers=(*others, *([name] * present))))
        if written.deleting and not written.finalizers:
            del self._objects[written.kind, written.namespace, written.name]
        self.watcher(Call("finalizer", policy.key, done=True))
        return written

    def announce(self, event: Announcement) -> None:
        """Keep an event; a failure is swallowed, as nothing depends on events."""
        try:
            self.watcher(Call("event", event.about.key, done=False))
        except ClusterUnavailable:
            return
        self.announcements.append(event)

    # --- how it does it

    def _replicas(self, ref: Ref) -> int:
        """Answer the replicas of a target; none where it is not there."""
        workload = self._workloads.get(ref)
        return workload.replicas if workload else 0

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
            return error.kept()
        return Target(
            ref=ref,
            uid=workload.uid,
            resource_version=str(workload.version),
            replicas=workload.replicas,
            ready=workload.ready,
            owners=workload.owners,
        )

    def _move(self, workload: EmbeddedWorkload) -> None:
        """Move the pods of one target on, and count its version up when their readiness changed."""
        if workload.move(self._now()):
            workload.version = self._next()

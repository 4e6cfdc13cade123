"""Fulfils the loop's `Cluster` on a real Kubernetes API server."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import FIELD_MANAGER, ApiServer
from ebbtide.adapters.kubernetes.autoscalers import as_now, minimum_patch, place_of, untouched
from ebbtide.adapters.kubernetes.events import Occurrence, event_body, occurrence
from ebbtide.adapters.kubernetes.own_objects import EVERYWHERE, OwnObjects, Scope
from ebbtide.adapters.kubernetes.pods import Pods
from ebbtide.adapters.kubernetes.rights import may
from ebbtide.adapters.kubernetes.targets import Targets
from ebbtide.errors import Conflict, EbbtideError, NotLeading
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Ref
from ebbtide.loop.ports.cluster import Announcement, Json, Resource, Survey, Target
from ebbtide.loop.ports.loose_json import mapping, whole
from ebbtide.loop.ports.pods import Marks, Pod

_LOG = logging.getLogger(__name__)


class KubernetesCluster:
    """Reads workloads and scales them; writes only while leadership is certain.

    Args:
        server: the API server.
        may_write: whether leadership is certain at this very moment; asked before every write.
        now: epoch seconds, for the time of events.
        instance: the name of this process in events: its pod.
        scope: the namespaces under care.

    """

    def __init__(
        self,
        server: ApiServer,
        *,
        may_write: Callable[[], bool],
        now: Callable[[], float],
        instance: str = "ebbtide",
        scope: Scope = EVERYWHERE,
    ) -> None:
        self._server = server
        self._may_write = may_write
        self._now = now
        self._instance = instance
        self._own = OwnObjects(server, scope)
        self._targets = Targets(server, scope)
        self._pods = Pods(server)

    def survey(self) -> Survey:
        """List policies, what people say, the targets, and other autoscalers."""
        policies = self._own.policies()
        calendars, overrides = self._own.calendars(), self._own.overrides()
        fleets = self._targets.survey(policies)
        return Survey(
            policies=policies,
            calendars=calendars,
            overrides=overrides,
            profiles=self._own.profiles(calendars),
            targets=fleets.targets,
            autoscalers=fleets.autoscalers,
        )

    def write_status(self, policy: Resource, status: Json) -> Resource:
        """Replace the status of a policy if it is still as read; returns it as it is now."""
        self._be_certain(f"the status of {policy.key}")
        return self._own.replace_status(policy, status)

    def patch_scale(self, target: Target, replicas: int) -> None:
        """Set the replicas of a target if they are still those that were read.

        A rollout moves the resourceVersion all the time. So a conflict is looked at once: where
        the replicas are untouched the write is sent once more.
        """
        place = self._targets.scale(target.ref)
        try:
            self._scale(place, target.resource_version, replicas)
        except Conflict as conflict:
            scale = self._server.get(place)
            if not _untouched(scale, target):
                raise Conflict(_overtaken(scale, target, replicas)) from conflict
            self._scale(place, str(mapping(scale["metadata"])["resourceVersion"]), replicas)

    def fence(self, target: Target, lost: str) -> Target:
        """Move a target on whose replicas are still as read, and change nothing of it."""
        place = self._targets.scale(target.ref)
        scale = self._server.get(place)
        if not _untouched(scale, target):
            raise Conflict(_overtaken(scale, target, target.replicas))
        self._be_certain(f"the scale of {target.ref}")
        version = mapping(scale["metadata"])["resourceVersion"]
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": place.name, "resourceVersion": version},
            "spec": {"replicas": target.replicas},
        }
        fenced = self._server.apply_scale(place, body, f"{FIELD_MANAGER}-fence-{lost}")
        metadata = mapping(fenced.get("metadata"))
        return replace(target, resource_version=str(metadata.get("resourceVersion")))

    def pods(self, target: Target) -> Sequence[Pod]:
        """List the pods of a target by its selector, those that end included."""
        return self._pods.of(target)

    def mark_pod(self, pod: Pod, marks: Marks) -> Pod:
        """Set labels and annotations of a pod that is as it was read; returns it as it is now."""
        self._be_certain(f"a mark on pod {pod.key}")
        return self._pods.mark(pod, marks)

    def patch_minimum(
        self, autoscaler: Autoscaler, replicas: int | None, held: Held | None
    ) -> Autoscaler:
        """Set the minimum of an autoscaler if it is still the one that was read.

        Its controller moves the resourceVersion with every look. So a conflict is looked at once:
        where nothing else has changed the write is sent once more.
        """
        place = place_of(autoscaler)
        try:
            return self._minimum(autoscaler, autoscaler.resource_version, replicas, held)
        except Conflict as conflict:
            item = self._server.get(place)
            if not untouched(item, autoscaler):
                raise Conflict(
                    f"{autoscaler} was changed by somebody else since it was read; its minimum is "
                    f"not set to {replicas}; decided anew at the next tick"
                ) from conflict
            version = str(mapping(item.get("metadata")).get("resourceVersion"))
            return self._minimum(autoscaler, version, replicas, held)

    def set_finalizer(self, policy: Resource, name: str, present: bool) -> Resource:
        """Put a finalizer on a policy that is still as read, or take it away."""
        self._be_certain(f"the finalizers of {policy.key}")
        others = [each for each in policy.finalizers if each != name]
        return self._own.set_finalizers(policy, [*others, *([name] if present else [])])

    def announce(self, event: Announcement) -> None:
        """Write a Kubernetes event. A failure is logged and stops nothing."""
        place = Place("events.k8s.io", "v1", "events", event.about.namespace)
        try:
            self._be_certain(f"an event about {event.about.key}")
            self._server.create(place, event_body(event, self._instance, self._now()))
        except EbbtideError as error:
            _LOG.warning(
                "event not written: %s",
                error,
                extra={"workload": event.about.key, "reason": event.reason},
            )

    def may_scale(self, ref: Ref) -> tuple[bool, str]:
        """Whether this account may scale an object, and how the right is called.

        Raises:
            ClusterUnavailable: the API server did not answer, or the kind can't be scaled.

        """
        place = self._targets.scale(ref)
        return may(self._server, "patch", place), f"patch {place.resource} in {ref.namespace}"

    def get_policy(self, namespace: str, name: str) -> Resource:
        """Return one CapacityPolicy."""
        return self._own.policy(namespace, name)

    def list_policies(self) -> Sequence[Resource]:
        """List the CapacityPolicies under care."""
        return self._own.policies()

    def list_events(self, namespace: str) -> Sequence[Occurrence]:
        """List what was told of policies in a namespace; an empty one is all of them."""
        items = self._server.items(Place("events.k8s.io", "v1", "events", namespace))
        return [found for item in items if (found := occurrence(item)) is not None]

    def list_overrides(self) -> Sequence[Resource]:
        """List the CapacityOverrides that count."""
        return self._own.overrides()

    def write_override(
        self, namespace: str, name: str, spec: Json, labels: Mapping[str, str]
    ) -> Resource:
        """Create a CapacityOverride; the server completes a name that ends with a dash."""
        self._be_certain(f"an override in {namespace}")
        return self._own.create_override(namespace, name, spec, labels)

    def write_profile(self, namespace: str, name: str, spec: Json) -> Resource:
        """Create an EventProfile."""
        self._be_certain(f"the profile {namespace}/{name}")
        return self._own.create_profile(namespace, name, spec)

    def delete_override(self, namespace: str, name: str) -> None:
        """Delete a CapacityOverride."""
        self._be_certain(f"the override {namespace}/{name}")
        self._own.delete_override(namespace, name)

    def _scale(self, place: Place, resource_version: str, replicas: int) -> None:
        self._be_certain(f"the scale of {place.namespace}/{place.name}")
        body = {"metadata": {"resourceVersion": resource_version}, "spec": {"replicas": replicas}}
        self._server.patch_scale(place, body)

    def _minimum(
        self, autoscaler: Autoscaler, version: str, replicas: int | None, held: Held | None
    ) -> Autoscaler:
        self._be_certain(f"the minimum of {autoscaler}")
        patch = minimum_patch(autoscaler, version, replicas, held)
        return as_now(self._server.patch(place_of(autoscaler), patch), autoscaler)

    def _be_certain(self, what: str) -> None:
        if not self._may_write():
            raise NotLeading(f"did not write {what}: leadership is not certain any more")


def _untouched(scale: Json, target: Target) -> bool:
    """Whether a scale still is that of the same object, with the replicas that were seen."""
    same = mapping(scale.get("metadata")).get("uid") == target.uid
    return same and _replicas(scale) == target.replicas


def _replicas(scale: Json) -> int:
    return whole(mapping(scale.get("spec")).get("replicas")) or 0


def _overtaken(scale: Json, target: Target, replicas: int) -> str:
    ref = target.ref
    if _replicas(scale) == target.replicas:
        return (
            f"{ref.kind} {ref.namespace}/{ref.name} was deleted and made again since it was read; "
            f"not set to {replicas} replicas; decided anew at the next tick"
        )
    return (
        f"{ref.kind} {ref.namespace}/{ref.name} was changed by somebody else from "
        f"{target.replicas} to {_replicas(scale)} replicas; not set to {replicas}; decided anew "
        "at the next tick"
    )

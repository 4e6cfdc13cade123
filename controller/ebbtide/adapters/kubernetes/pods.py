"""Pods at the API server: listed by the selector of their target, marked with a precondition."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.adapters.kubernetes.own_objects import name_of, node_of
from ebbtide.api.timestamps import epoch_or_none
from ebbtide.errors import ClusterUnavailable, Forbidden
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.loose_json import mapping, maps
from ebbtide.loop.ports.pods import DELETION_COST, ZONE, Marks, Pod, Unschedulable

log = logging.getLogger(__name__)


class Pods:
    """Lists and marks pods; knows nothing of leadership.

    Of nodes it remembers the zones, which never change: they are listed anew only when a pod is on
    a node that is not known yet.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._zones: dict[str, str] = {}
        self._blind = False

    def of(self, target: Target) -> list[Pod]:
        """Return the pods of a target.

        Raises:
            ClusterUnavailable: the API server did not answer, or the target has no selector.

        """
        if not target.pod_selector:
            raise ClusterUnavailable(
                f"the pods of {target.ref} can't be listed: its scale subresource names no "
                "selector; the CRD of its kind needs labelSelectorPath"
            )
        items = self._server.pods(target.ref.namespace, target.pod_selector)
        self._learn_zones(items)
        return [pod(item, self._zones) for item in items]

    def mark(self, known: Pod, marks: Marks) -> Pod:
        """Set labels and annotations of a pod if it still is the one that was read."""
        metadata: Json = {"uid": known.uid, "resourceVersion": known.resource_version}
        metadata |= {name: dict(given) for name, given in marks._asdict().items() if given}
        answer = self._server.patch_pod(known.namespace, known.name, {"metadata": metadata})
        return pod(answer, self._zones)

    def _learn_zones(self, items: Iterable[Json]) -> None:
        """Read the nodes' zones where a pod needs one; without the right to, zones are unknown."""
        nodes = {node_of(item) for item in items if not _labels(item).get(ZONE)}
        if self._blind or nodes <= {"", *self._zones}:
            return
        try:
            found = self._server.nodes()
        except ClusterUnavailable as error:
            self._blind = isinstance(error, Forbidden)
            log.warning("pods are not balanced over zones: %s", error)
            return
        known = {name_of(node): _labels(node).get(ZONE, "") for node in found}
        self._zones = dict.fromkeys(nodes, "") | known


def pod(item: Json, zones: Mapping[str, str]) -> Pod:
    """Return what the API server gave as a pod; what is missing or odd is empty."""
    metadata, status = mapping(item.get("metadata")), mapping(item.get("status"))
    conditions = {str(each.get("type")): each for each in maps(status.get("conditions"))}
    ready, scheduled = conditions.get("Ready", {}), conditions.get("PodScheduled", {})
    labels, annotations = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    node = node_of(item)
    created = epoch_or_none(metadata.get("creationTimestamp")) or 0.0
    return Pod(
        namespace=str(metadata.get("namespace") or ""),
        name=name_of(item),
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        created=created,
        phase=str(status.get("phase") or "Unknown"),
        scheduled_since=_since(scheduled, "True", created) if node else None,
        ready_since=_since(ready, "True", created),
        unready_since=_unready(ready, status),
        unschedulable=_unschedulable(scheduled, created),
        waiting=_waiting(status),
        terminating_since=_terminating(metadata),
        node=node,
        zone=labels.get(ZONE) or zones.get(node, ""),
        owner=_owner(metadata),
        labels=labels,
        annotations=annotations,
        deletion_cost_by=_manager(metadata) if DELETION_COST in annotations else "",
    )


def _since(condition: Json, status: str, otherwise: float) -> float | None:
    if condition.get("status") != status:
        return None
    return epoch_or_none(condition.get("lastTransitionTime")) or otherwise


def _unready(ready: Json, status: Json) -> float | None:
    """When a pod ceased to be Ready: one whose containers have never started never was."""
    started = any(
        each.get("started") or mapping(each.get("state")).get("running")
        for each in maps(status.get("containerStatuses"))
    )
    return _since(ready, "False", 0.0) if started else None


def _unschedulable(scheduled: Json, created: float) -> Unschedulable | None:
    since = _since(scheduled, "False", created)
    if since is None:
        return None
    message = str(scheduled.get("message") or "")
    return Unschedulable(since, str(scheduled.get("reason") or "Unschedulable"), message)


def _waiting(status: Json) -> str:
    """The first reason for which a container waits; that of an init container before others."""
    kinds = ("initContainerStatuses", "containerStatuses")
    containers = [each for kind in kinds for each in maps(status.get(kind))]
    waits = [mapping(mapping(each.get("state")).get("waiting")) for each in containers]
    return next((str(wait["reason"]) for wait in waits if wait.get("reason")), "")


def _terminating(metadata: Json) -> float | None:
    """When deletion was asked for: the timestamp that the API server keeps is that of its end."""
    end = epoch_or_none(metadata.get("deletionTimestamp"))
    if end is None:
        return None
    grace = metadata.get("deletionGracePeriodSeconds")
    return end - grace if isinstance(grace, int) else end


def _owner(metadata: Json) -> str:
    owners = maps(metadata.get("ownerReferences"))
    return next((str(each.get("kind") or "") for each in owners if each.get("controller")), "")


def _manager(metadata: Json) -> str:
    """Who has set the deletion cost; several managers may hold the same value."""
    holders = [
        str(each.get("manager") or "")
        for each in maps(metadata.get("managedFields"))
        if f"f:{DELETION_COST}" in _fields(each)
    ]
    return ", ".join(sorted(set(holders))) or "unknown"


def _fields(entry: Json) -> Json:
    fields = mapping(mapping(entry.get("fieldsV1")).get("f:metadata"))
    return mapping(fields.get("f:annotations"))


def _texts(value: Any) -> Mapping[str, str]:
    return {str(key): str(text) for key, text in mapping(value).items()}


def _labels(item: Json) -> Mapping[str, str]:
    return _texts(mapping(item.get("metadata")).get("labels"))

"""Ebbtide's own objects at the API server: policies, calendars, profiles, overrides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.api.kinds import (
    API_VERSION,
    CAPACITY_OVERRIDE,
    CAPACITY_POLICY,
    EVENT_CALENDAR,
    EVENT_PROFILE,
    GROUP,
    KINDS,
    VERSION,
    Kind,
)
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.ports.loose_json import items, mapping, whole


class Scope(NamedTuple):
    """Which namespaces are under care."""

    namespaces: tuple[str, ...] = ()
    """Empty: all of them, read by one list of the whole cluster."""
    home: str = ""
    """The operator's own namespace: its calendars and overrides hold for all."""

    @property
    def heard(self) -> tuple[str, ...]:
        """Return the namespaces whose calendars and overrides count."""
        if not self.namespaces or not self.home:
            return self.namespaces
        return tuple(dict.fromkeys((*self.namespaces, self.home)))


EVERYWHERE = Scope()


class OwnObjects:
    """Lists and writes Ebbtide's own objects; knows nothing of leadership."""

    def __init__(self, server: ApiServer, scope: Scope = EVERYWHERE) -> None:
        self._server = server
        self._scope = scope

    def policies(self) -> Sequence[Resource]:
        """List the CapacityPolicies under care."""
        return self._listed(CAPACITY_POLICY, self._scope.namespaces)

    def calendars(self) -> Sequence[Resource]:
        """List the EventCalendars that count."""
        return self._listed(EVENT_CALENDAR, self._scope.heard)

    def profiles(self, calendars: Iterable[Resource]) -> Sequence[Resource]:
        """List the EventProfiles that count, where one of these calendars names any."""
        named = any(names_a_profile(calendar.spec) for calendar in calendars)
        return self._listed(EVENT_PROFILE, self._scope.heard) if named else ()

    def overrides(self) -> Sequence[Resource]:
        """List the CapacityOverrides that count."""
        return self._listed(CAPACITY_OVERRIDE, self._scope.heard)

    def policy(self, namespace: str, name: str) -> Resource:
        """Return one CapacityPolicy."""
        return resource(CAPACITY_POLICY, self._server.get(_place(CAPACITY_POLICY, namespace, name)))

    def replace_status(self, known: Resource, status: Json) -> Resource:
        """Replace the status of a resource if it still is the one that was read."""
        kind = KINDS[known.kind]
        place = _place(kind, known.namespace, known.name, "status")
        # An update, not a patch: a merge patch would keep every key that has vanished. The uid
        # refuses an object that was deleted and made again under the same name.
        metadata = {
            "namespace": known.namespace,
            "name": known.name,
            "uid": known.uid,
            "resourceVersion": known.resource_version,
        }
        body = {**_head(kind), "metadata": metadata, "status": status}
        return resource(kind, self._server.replace(place, body))

    def set_finalizers(self, known: Resource, finalizers: Sequence[str]) -> Resource:
        """Set the finalizers of a resource if it still is the one that was read."""
        kind = KINDS[known.kind]
        place = _place(kind, known.namespace, known.name)
        metadata = {"resourceVersion": known.resource_version, "finalizers": list(finalizers)}
        return resource(kind, self._server.patch(place, {"metadata": metadata}))

    def create_override(
        self, namespace: str, name: str, spec: Json, labels: Mapping[str, str]
    ) -> Resource:
        """Create a CapacityOverride; the server completes a name that ends with a dash."""
        called = "generateName" if name.endswith("-") else "name"
        metadata = {called: name, "namespace": namespace, "labels": dict(labels)}
        return self._created(CAPACITY_OVERRIDE, metadata, spec)

    def create_profile(self, namespace: str, name: str, spec: Json) -> Resource:
        """Create an EventProfile."""
        return self._created(EVENT_PROFILE, {"name": name, "namespace": namespace}, spec)

    def delete_override(self, namespace: str, name: str) -> None:
        """Delete a CapacityOverride."""
        self._server.delete(_place(CAPACITY_OVERRIDE, namespace, name))

    def _created(self, kind: Kind, metadata: Json, spec: Json) -> Resource:
        body = {**_head(kind), "metadata": metadata, "spec": spec}
        name = metadata.get("name") or metadata["generateName"]
        place = _place(kind, metadata["namespace"], name)
        return resource(kind, self._server.create(place, body))

    def _listed(self, kind: Kind, namespaces: tuple[str, ...]) -> list[Resource]:
        return [
            resource(kind, item)
            for namespace in namespaces or ("",)
            for item in self._server.items(_place(kind, namespace))
        ]


def resource(kind: Kind, item: Json) -> Resource:
    """Return what the API server gave as a resource; what is missing or odd is empty."""
    metadata = mapping(item.get("metadata"))
    return Resource(
        kind=kind.name,
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        uid=str(metadata.get("uid") or ""),
        generation=whole(metadata.get("generation")) or 0,
        resource_version=str(metadata.get("resourceVersion") or ""),
        labels=mapping(metadata.get("labels")),
        spec=mapping(item.get("spec")),
        status=mapping(item.get("status")),
        deleting=bool(metadata.get("deletionTimestamp")),
        finalizers=tuple(map(str, metadata.get("finalizers") or ())),
    )


def names_a_profile(calendar: Json) -> bool:
    """Whether the spec of a calendar, understood or not, says `like` anywhere."""
    events = mapping(calendar.get("events")).values()
    expected = (mapping(event).get("expect") for event in events)
    return any("like" in mapping(one) for told in expected for one in items(told))


def name_of(item: Json) -> str:
    """Return the name of an object; empty where it has none."""
    return str(mapping(item.get("metadata")).get("name") or "")


def node_of(pod: Json) -> str:
    """Return the name of the node that a pod is on; empty before it is on one."""
    return str(mapping(pod.get("spec")).get("nodeName") or "")


def _head(kind: Kind) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind.name}


def _place(kind: Kind, namespace: str, name: str = "", subresource: str = "") -> Place:
    return Place(GROUP, VERSION, kind.plural, namespace, name, subresource)

"""Reads the objects that policies scale: one list a kind where that will do, else one by one."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ebbtide.adapters.kubernetes import autoscalers
from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.adapters.kubernetes.scalable_objects import from_object, from_scale
from ebbtide.errors import ClusterUnavailable, Forbidden, NotFound
from ebbtide.loop.ports.autoscalers import Autoscaler, Ref
from ebbtide.loop.ports.cluster import Json, Resource, Target
from ebbtide.loop.ports.loose_json import mapping

Found = Target | ClusterUnavailable
Listing = Mapping[str, Json] | ClusterUnavailable
"""The objects of one namespace by name, or why they can't be listed."""

_LISTED = {
    ("apps/v1", "Deployment"): "deployments",
    ("apps/v1", "ReplicaSet"): "replicasets",
    ("apps/v1", "StatefulSet"): "statefulsets",
}


class Fleets(NamedTuple):
    """Everything that is scaled, by us or by another autoscaler."""

    targets: Mapping[Ref, Found]
    autoscalers: tuple[Autoscaler, ...]


class Targets:
    """Reads targets and autoscalers; remembers only the plurals of kinds."""

    def __init__(self, server: ApiServer, scope: Scope) -> None:
        self._server = server
        self._anywhere = not scope.namespaces
        self._plurals: dict[tuple[str, str], str] = dict(_LISTED)

    def survey(self, policies: Iterable[Resource]) -> Fleets:
        """Read the targets of these policies, and who else scales them.

        Where autoscalers can't be listed a second writer can't be ruled out, so the targets of
        that namespace count as unreadable.
        """
        refs = {ref for policy in policies if (ref := target_of(policy)) is not None}
        namespaces = {ref.namespace for ref in refs}
        listings = self._across(autoscalers.HPAS, namespaces)
        unsafe = dict(_unlisted(refs, listings))
        keda = self._keda(namespaces)
        unsafe |= {ref: listing for ref, listing in _unlisted(refs, keda) if ref not in unsafe}
        found = autoscalers.autoscalers(_items(listings), _items(keda), refs)
        return Fleets({**self._read(refs - unsafe.keys()), **unsafe}, found)

    def _keda(self, namespaces: Collection[str]) -> Mapping[str, Listing]:
        """List ScaledObjects. Where KEDA is not installed, or hidden, there are none to list.

        What is hidden is seen all the same: KEDA makes an HPA for each, which names its maker.
        """
        listings = self._across(autoscalers.SCALED_OBJECTS, namespaces)
        return {
            where: {} if isinstance(listing, NotFound | Forbidden) else listing
            for where, listing in listings.items()
        }

    def scale(self, ref: Ref) -> Place:
        """Return where the scale of an object is found.

        Raises:
            NotFound: the API server serves no such kind, or the kind has no scale.

        """
        place = _place(ref, self._plural(ref))
        return place._replace(subresource="scale")

    def _read(self, refs: Collection[Ref]) -> dict[Ref, Found]:
        found: dict[Ref, Found] = {}
        for kind, plural in _LISTED.items():
            alike = [ref for ref in refs if (ref.api_version, ref.kind) == kind]
            if alike:
                place = _place(alike[0], plural)._replace(namespace="", name="")
                listings = self._across(place, {ref.namespace for ref in alike})
                found |= {ref: _pick(ref, listings[ref.namespace]) for ref in alike}
        return found | {ref: self._one(ref) for ref in refs if ref not in found}

    def _one(self, ref: Ref) -> Found:
        try:
            place = self.scale(ref)
            scale = self._server.get(place)
            return from_scale(ref, scale, self._server.get(place._replace(subresource="")))
        except NotFound as error:
            self._plurals.pop((ref.api_version, ref.kind), None)  # it may be served anew, renamed
            return error.kept()
        except ClusterUnavailable as error:
            return error.kept()

    def _across(self, place: Place, namespaces: Collection[str]) -> dict[str, Listing]:
        """List several namespaces, by one list of the whole cluster where that is allowed."""
        if self._anywhere and len(namespaces) > 1:
            try:
                return _by_namespace(self._server.items(place), namespaces)
            except Forbidden:
                pass  # granted namespace by namespace, perhaps
            except ClusterUnavailable as error:
                return dict.fromkeys(namespaces, error.kept())
        return {each: self._within(place._replace(namespace=each)) for each in namespaces}

    def _within(self, place: Place) -> Listing:
        try:
            return _by_namespace(self._server.items(place), (place.namespace,))[place.namespace]
        except ClusterUnavailable as error:
            return error.kept()

    def _plural(self, ref: Ref) -> str:
        kind = (ref.api_version, ref.kind)
        if kind not in self._plurals:
            self._plurals[kind] = self._discovered(ref)
        return self._plurals[kind]

    def _discovered(self, ref: Ref) -> str:
        """Ask the API server for the plural of a kind that has a scale."""
        group, _, version = ref.api_version.partition("/")
        if not version:
            raise NotFound(
                f"{ref.api_version} {ref.kind} {ref.namespace}/{ref.name} can't be scaled: kinds "
                "of the core group are not supported"
            )
        kinds = self._server.kinds(group, version)
        names = {str(each.get("name")) for each in kinds}
        for each in kinds:
            plural = str(each.get("name"))
            if each.get("kind") == ref.kind and f"{plural}/scale" in names:
                return plural
        raise NotFound(
            f"{ref.kind} of {ref.api_version} can't be scaled: the API server serves no such kind "
            "with a scale subresource; check spec.scaleTargetRef"
        )


def target_of(policy: Resource) -> Ref | None:
    """Return the object that a policy scales; None when its spec does not name one."""
    ref = mapping(policy.spec.get("scaleTargetRef"))
    named = ref.get("kind") and ref.get("name")
    return autoscalers.ref_of(ref, policy.namespace) if named else None


def _place(ref: Ref, plural: str) -> Place:
    group, _, version = ref.api_version.partition("/")
    return Place(group, version, plural, ref.namespace, ref.name)


def _pick(ref: Ref, listing: Listing) -> Found:
    if isinstance(listing, ClusterUnavailable):
        return listing
    item = listing.get(ref.name)
    if item is None:
        return NotFound(
            f"{ref.kind} {ref.namespace}/{ref.name} is not there: create it, or correct "
            "spec.scaleTargetRef"
        )
    try:
        return from_object(ref, item)
    except ClusterUnavailable as error:
        return error.kept()


def _by_namespace(items: Iterable[Json], namespaces: Iterable[str]) -> dict[str, Listing]:
    found: dict[str, dict[str, Json]] = {namespace: {} for namespace in namespaces}
    for item in items:
        metadata = mapping(item.get("metadata"))
        if metadata.get("namespace") in found:
            found[metadata["namespace"]][str(metadata.get("name"))] = item
    return dict(found)


def _unlisted(
    refs: Iterable[Ref], listings: Mapping[str, Listing]
) -> Iterable[tuple[Ref, ClusterUnavailable]]:
    """Return the targets in namespaces whose objects can't be listed, each with the reason."""
    for ref in refs:
        listing = listings[ref.namespace]
        if isinstance(listing, ClusterUnavailable):
            yield ref, listing


def _items(listings: Mapping[str, Listing]) -> Iterable[Json]:
    for listing in listings.values():
        if isinstance(listing, Mapping):
            yield from listing.values()

"""Reads what limits the fleets of a namespace: quotas, the room on nodes, node pools, pods.

It speaks as the person who runs the command. What that person may not read limits nothing here, and
is told as a remark, with the right that is missing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.adapters.kubernetes.own_objects import name_of, node_of
from ebbtide.adapters.kubernetes.pod_shape import asks, may_be_on, quantities, tied
from ebbtide.errors import ClusterUnavailable, NotFound
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.loose_json import mapping
from ebbtide.planning.readiness.site import LIMITS, PODS, Fleet, Node, Pool, Quota, Shape, Site
from ebbtide_policies.message import Message

NODE_POOLS = Place("karpenter.sh", "v1", "nodepools")
_REQUESTS = "requests."
_COUNT = f"count/{PODS}"
_OURS = {"NotTerminating", "NotBestEffort"}
"""Scopes of a quota that the pods of a fleet are in."""
_ENDED = {"Succeeded", "Failed"}


class Scaled(NamedTuple):
    """A target, and what its policy allows at most."""

    target: Target
    most: int


class Surveyor:
    """Reads a site once; `remarks` tells what could not be seen, or is not reckoned with."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        self._server = server
        self._namespace = namespace
        self.remarks: list[Message] = []

    def site(self, scaled: Mapping[str, Scaled]) -> Site:
        """What limits these targets, by the workloads that scale them."""
        nodes = self._nodes()
        open_nodes = [node for node in nodes or () if _is_open(node)]
        return Site(
            fleets=[self._fleet(key, one, open_nodes) for key, one in scaled.items()],
            quotas=self._quotas(),
            nodes=None if nodes is None else self._rooms(open_nodes),
            pools=self._pools(),
        )

    def _nodes(self) -> Sequence[Json] | None:
        try:
            return self._server.nodes()
        except ClusterUnavailable as error:
            self._blind(Message("the room on nodes"), error)
            return None

    def _rooms(self, nodes: Iterable[Json]) -> Sequence[Node] | None:
        """The room on nodes, the fullest first; None where it is not known who is on them."""
        try:
            pods = self._server.all_pods()
        except ClusterUnavailable as error:
            self._blind(Message("the room on nodes"), error)
            return None
        found = _rooms(nodes, [pod for pod in pods if not _ended(pod)])
        return sorted(found, key=lambda node: node.free.get("cpu", 0.0))

    def _quotas(self) -> Sequence[Quota]:
        try:
            items = self._server.quotas(self._namespace)
        except ClusterUnavailable as error:
            self._blind(Message("quotas"), error)
            return ()
        for item in items:
            if not _concerns_us(item):
                scoped = Message("ResourceQuota {} has scopes: not reckoned with", (name_of(item),))
                self.remarks.append(scoped)
        return [_quota(item) for item in items if _concerns_us(item)]

    def _pools(self) -> Sequence[Pool]:
        """Karpenter's NodePools; where it is not installed, nodes are those that are there."""
        try:
            return [_pool(item) for item in self._server.items(NODE_POOLS)]
        except NotFound:
            return ()
        except ClusterUnavailable as error:
            self._blind("NodePools", error)
            return ()

    def _fleet(self, workload: str, scaled: Scaled, nodes: Iterable[Json]) -> Fleet:
        target = scaled.target
        pods = self._pods(workload, target)
        spec = mapping(_newest(pods).get("spec"))
        if not spec:
            self.remarks.append(
                Message(
                    "{}: {} has no pod that tells what one asks for: quotas and nodes are not "
                    "reckoned with",
                    (workload, target.ref),
                )
            )
        elif tied(spec):
            self.remarks.append(
                Message(
                    "{}: its pods keep apart from each other by a rule that is not reckoned with: "
                    "fewer may find a node",
                    (workload,),
                )
            )
        return Fleet(
            workload=workload,
            replicas=target.replicas,
            most=scaled.most,
            shape=_shape(spec, nodes) if spec else None,
            pods=len(pods),
            placed=sum(bool(node_of(pod)) for pod in pods),
        )

    def _pods(self, workload: str, target: Target) -> Sequence[Json]:
        if not target.pod_selector:
            return ()
        try:
            pods = self._server.pods(target.ref.namespace, target.pod_selector)
        except ClusterUnavailable as error:
            self._blind(Message("the pods of {}", (workload,)), error)
            return ()
        return [pod for pod in pods if not _ended(pod)]

    def _blind(self, what: str | Message, error: ClusterUnavailable) -> None:
        said = Message("left out: {}: {}", (what, error.said))
        if said not in self.remarks:
            self.remarks.append(said)


def _shape(spec: Json, nodes: Iterable[Json]) -> Shape:
    return Shape(asks(spec), frozenset(name_of(node) for node in nodes if may_be_on(spec, node)))


def _rooms(nodes: Iterable[Json], pods: Iterable[Json]) -> Sequence[Node]:
    used: dict[str, Counter[str]] = {}
    daemons: dict[str, Counter[str]] = {}
    for pod in pods:
        wanted = {k: v for k, v in asks(mapping(pod.get("spec"))).items() if LIMITS not in k}
        for counted in (used, daemons) if _is_daemon(pod) else (used,):
            counted.setdefault(node_of(pod), Counter()).update(wanted)
    return [_room(node, used, daemons) for node in nodes]


def _room(
    node: Json, used: Mapping[str, Mapping[str, float]], daemons: Mapping[str, Mapping[str, float]]
) -> Node:
    name, there = name_of(node), quantities(mapping(node.get("status")).get("allocatable"))
    return Node(
        name=name,
        all=_without(there, daemons.get(name, {})),
        free=_without(there, used.get(name, {})),
    )


def _without(there: Mapping[str, float], taken: Mapping[str, float]) -> Mapping[str, float]:
    return {name: max(0.0, much - taken.get(name, 0.0)) for name, much in there.items()}


def _is_open(node: Json) -> bool:
    """Whether a node takes new pods at all."""
    conditions = mapping(node.get("status")).get("conditions")
    ready = any(
        (mapping(one).get("type"), mapping(one).get("status")) == ("Ready", "True")
        for one in (conditions if isinstance(conditions, list) else ())
    )
    return ready and mapping(node.get("spec")).get("unschedulable") is not True


def _concerns_us(quota: Json) -> bool:
    spec = mapping(quota.get("spec"))
    return not spec.get("scopeSelector") and set(spec.get("scopes") or ()) <= _OURS


def _quota(item: Json) -> Quota:
    """A quota, by the names that a pod's asks have."""
    status, spec = mapping(item.get("status")), mapping(item.get("spec"))
    hard: dict[str, float] = {}
    for name, much in quantities(status.get("hard") or spec.get("hard")).items():
        said = _said(name)
        hard[said] = min(much, hard.get(said, much))
    used = {_said(name): much for name, much in quantities(status.get("used")).items()}
    return Quota(name_of(item), hard, used)


def _said(name: str) -> str:
    return PODS if name == _COUNT else name.removeprefix(_REQUESTS)


def _pool(item: Json) -> Pool:
    limits = quantities(mapping(item.get("spec")).get("limits"))
    there = quantities(mapping(item.get("status")).get("resources"))
    return Pool(name_of(item), _without(limits, there))


def _newest(pods: Iterable[Json]) -> Json:
    """The newest pod that stays: it is of the template that comes next."""

    def age(pod: Json) -> tuple[bool, str]:
        metadata = mapping(pod.get("metadata"))
        return "deletionTimestamp" not in metadata, str(metadata.get("creationTimestamp"))

    return max(pods, key=age, default={})


def _ended(pod: Json) -> bool:
    return mapping(pod.get("status")).get("phase") in _ENDED


def _is_daemon(pod: Json) -> bool:
    owners = mapping(pod.get("metadata")).get("ownerReferences")
    return any(mapping(one).get("kind") == "DaemonSet" for one in owners or ())

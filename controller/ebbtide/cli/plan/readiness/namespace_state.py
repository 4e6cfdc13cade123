"""What a namespace runs now, read as the person who asks, and understood as the loop does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ebbtide.api.capacity_policy.settings_by_phase import most_replicas
from ebbtide.api.kinds import EVENT_PROFILE
from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.models import installed
from ebbtide.cli.simulation.manifests import manifest_of
from ebbtide.errors import Forbidden, InvalidInput
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.observing.guidance_reader import GuidanceReader
from ebbtide.loop.ports.cluster import Resource, Survey, Target
from ebbtide.loop.workload import Workload, WorkloadReader, in_force
from ebbtide.planning.readiness.site import Site
from ebbtide_policies.message import Message

if TYPE_CHECKING:
    from ebbtide.adapters.kubernetes.api_server import ApiServer


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceState:
    """What runs in a namespace now, and what limits it."""

    namespace: str
    now: float
    workloads: Mapping[str, Workload]
    targets: Mapping[str, Target]
    guidance: Guidance
    site: Site
    manifests: Sequence[Manifest]
    """Policies, calendars and profiles, as a file would have them."""
    remarks: Sequence[Message]
    """What could not be read, or is not reckoned with."""


def read_namespace(server: "ApiServer", where: str, home: str, now: float) -> NamespaceState:
    """Read `NAMESPACE`, or one `NAMESPACE/POLICY` of it; `home` is the operator's own namespace.

    Raises:
        InvalidInput: there is no policy, or one that can't be understood.
        ClusterUnavailable: the API server did not answer.

    """
    from ebbtide.adapters.kubernetes.site import Scaled, Surveyor

    namespace, _, only = where.partition("/")
    surveyor = Surveyor(server, namespace)
    survey = _surveyed(server, namespace, home, surveyor.remarks)
    policies = [p for p in survey.policies if only in ("", p.name) and not p.deleting]
    workloads = _understood(policies, where)
    targets = _targets(workloads, survey, surveyor.remarks)
    scaled = {k: Scaled(t, most_replicas(workloads[k].spec.replicas)) for k, t in targets.items()}
    guidance = GuidanceReader(home).of(survey)
    for workload in workloads.values():
        names = [word.name for word in guidance.overrides_for(workload, now)]
        surveyor.remarks += [
            Message("{}: override {} is left out", (workload.key, name)) for name in names
        ]
    beside = (*survey.calendars, *survey.profiles)
    return NamespaceState(
        namespace=namespace,
        now=now,
        workloads=workloads,
        targets=targets,
        guidance=guidance,
        site=surveyor.site(scaled),
        manifests=[
            *(manifest_of(replace(one, spec=in_force(one).written)) for one in policies),
            *(manifest_of(one) for one in _said_here(beside, namespace)),
        ],
        remarks=surveyor.remarks,
    )


def _surveyed(server: "ApiServer", namespace: str, home: str, remarks: list[Message]) -> Survey:
    """Survey a namespace; without what the operator's own says, where that may not be read."""
    from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
    from ebbtide.adapters.kubernetes.own_objects import Scope

    def look(at: str) -> Survey:
        scope = Scope((namespace,), at)
        return KubernetesCluster(
            server, may_write=lambda: False, now=lambda: 0.0, scope=scope
        ).survey()

    try:
        return look(home)
    except Forbidden as error:
        found = look("")
        where = Message("what is said in namespace {}", (home,))
        remarks.append(Message("left out: {}: {}", (where, error.said)))
        return found


def _understood(policies: Sequence[Resource], where: str) -> Mapping[str, Workload]:
    found = WorkloadReader(installed()).of(policies)
    if not found:
        raise InvalidInput(f"there is no CapacityPolicy in {where}; `ebbtide plan FILE` plans one")
    for key, workload in found.items():
        if isinstance(workload, InvalidInput):
            raise InvalidInput(f"{key}: {workload}") from workload
    return {key: one for key, one in sorted(found.items()) if isinstance(one, Workload)}


def _targets(
    workloads: Mapping[str, Workload], survey: Survey, remarks: list[Message]
) -> Mapping[str, Target]:
    found = {}
    for key, workload in workloads.items():
        target = survey.targets.get(workload.target)
        if isinstance(target, Target):
            found[key] = target
        else:
            why = target.said if target else Message("it is not there")
            remarks.append(
                Message(
                    "{}: {} can't be read, so nothing limits it: {}", (key, workload.target, why)
                )
            )
    return found


def _said_here(beside: Sequence[Resource], namespace: str) -> Iterator[Resource]:
    """What holds in a namespace, the words of the operator's own as if they were said here."""
    here = {(one.kind, one.name) for one in beside if one.namespace == namespace}
    for one in beside:
        if one.namespace == namespace:
            yield one
        elif one.kind != EVENT_PROFILE.name:
            yield replace(one, namespace=namespace, name=f"{one.namespace}.{one.name}")
        elif (one.kind, one.name) not in here:
            yield replace(one, namespace=namespace)

"""A policy of a file, understood as the loop understands one of a cluster."""

from ebbtide.api.compose import Plugins, compose
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_policy
from ebbtide.loop.ports import Resource
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Phase


def workload_of(manifest: Manifest, plugins: Plugins) -> Workload:
    """The workload of a policy, with its settings in every phase.

    Raises:
        InvalidInput: the policy can't be understood.

    """
    spec = parse_policy(manifest.spec)
    settings = {phase: compose(spec, plugins, phase) for phase in Phase}
    resource = Resource(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        labels=manifest.labels,
        spec=dict(manifest.spec),
    )
    return Workload(resource, spec, settings[Phase.PEACE], spec.signals(), by_phase=settings)

"""What stands in a file, as the loop has it of a cluster."""

from ebbtide.api.compose import Plugins
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_policy
from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.workload import Workload, understood


def resource_of(manifest: Manifest) -> Resource:
    """The object that a manifest makes."""
    return Resource(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        labels=manifest.labels,
        spec=dict(manifest.spec),
    )


def workload_of(manifest: Manifest, plugins: Plugins) -> Workload:
    """The workload of a policy.

    Raises:
        InvalidInput: the policy can't be understood.

    """
    return understood(resource_of(manifest), parse_policy(manifest.spec), plugins)

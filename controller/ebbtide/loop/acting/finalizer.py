"""What keeps a policy there until all that was written for it elsewhere has been put back."""

from dataclasses import replace

from ebbtide.loop.ports.cluster import Cluster
from ebbtide.loop.workload import Workload

FINALIZER = "ebbtide.dev/put-back"
"""Keeps a policy until minimums are as they were, and pods carry no marks any more."""


def with_finalizer(cluster: Cluster, workload: Workload) -> Workload:
    """Return the workload once its policy can't go without a word.

    Raises:
        ClusterUnavailable: it could not be written.

    """
    resource = workload.resource
    if FINALIZER in resource.finalizers:
        return workload
    return replace(workload, resource=cluster.set_finalizer(resource, FINALIZER, True))

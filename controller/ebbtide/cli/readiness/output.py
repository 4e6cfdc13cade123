"""Readiness for programs: what `ebbtide plan --from-cluster --json` prints beside the plans."""

import json
import math

from ebbtide.api.moments import clock
from ebbtide.cli.readiness.report import Most, Peak, Readiness
from ebbtide.planning.walls import FARTHEST, Lack

Json = dict[str, object]


def text_of(ready: Readiness, plans: str) -> str:
    """The plans as they are without a cluster (JSON), and what stands before them."""
    said: Json = {
        "namespace": ready.standing.namespace,
        "ready": not ready.lacks,
        "missing": [_lack(one) for one in ready.lacks],
        "carries": {
            "times": ready.times if ready.times < FARTHEST else None,
            "walls": [_lack(one) for one in ready.behind],
        },
        "workloads": [
            _workload(peak, ready.most.get(key), ready.new_nodes.get(key, 0))
            for key, peak in ready.peaks.items()
        ],
        "peaks": [
            {
                "times": one.times,
                "replicas": one.replicas,
                "replicaHours": one.replica_hours,
                "cost": one.cost,
                "unserved": one.unserved,
                "missing": [_lack(lack) for lack in one.lacks],
            }
            for one in ready.ranges
        ],
        "remarks": list(ready.standing.remarks),
        "plans": json.loads(plans),
    }
    return json.dumps(said, indent=1)


def _workload(peak: Peak, most: Most | None, new_nodes: int) -> Json:
    said: Json = {"workload": peak.workload, "peak": peak.replicas, "at": _moment(peak.at)}
    if peak.event:
        said |= {"event": peak.event, "growsFrom": _moment(peak.begins)}
    if most:
        demand = None if math.isnan(most.demand) else most.demand
        walls = [_lack(one) for one in most.lacks]
        said |= {"atMost": most.replicas, "carries": demand, "walls": walls}
    return said | {"podsOnNewNodes": new_nodes}


def _lack(lack: Lack) -> Json:
    said: Json = {
        "wall": lack.kind.value,
        "name": lack.name,
        "resource": lack.resource,
        "missing": lack.missing,
        "there": lack.there,
    }
    return said | ({"nodes": lack.nodes, "like": lack.like} if lack.nodes else {})


def _moment(at: float) -> str | None:
    return None if math.isnan(at) else clock(at, "%Y-%m-%dT%H:%M:%SZ")

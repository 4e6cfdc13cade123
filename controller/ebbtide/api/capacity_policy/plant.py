"""What settings are chosen for beside an objective: the demand, and the fleet that meets it."""

import hashlib
import json

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec

_CAPACITY = {"per_replica", "per_replica_query", "lead_time", "lead_time_fallback", "warmup"}
_DIGITS = 12


def plant_of(spec: CapacityPolicySpec) -> str:
    """A fingerprint of the queries, of what a replica carries, its lead time, and the limits.

    What is not written has no part in it: a field that comes with another version changes nothing.
    """
    said = [
        spec.capacity.model_dump(mode="json", include=_CAPACITY, exclude_defaults=True),
        spec.demand.model_dump(mode="json", exclude_defaults=True),
        spec.replicas.model_dump(mode="json", exclude_defaults=True),
    ]
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

"""What the embedded twin of an API server is made of: calls, workloads, and what JSON can hold."""

import json
from typing import Any, NamedTuple

from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Json, Resource


class Call(NamedTuple):
    """One call on the API server, as a test sees it before and after it takes effect."""

    verb: str
    """One of `list`, `get` (one target), `pods`, `status`, `mark`, `scale`, `fence`, `minimum`,
    `finalizer` and `event`."""
    name: str
    """`namespace/name` of the object; empty for a list."""
    done: bool
    """Whether it has taken effect: an error raised then hides a write that has happened."""


class ScaleChange(NamedTuple):
    """One write of `spec.replicas`."""

    at: float
    ref: Ref
    before: int
    after: int
    by: str


def as_json(value: Json) -> Json:
    """Make the copy that an API server would keep; refuses what JSON can't hold."""
    copy: Json = json.loads(json.dumps(value, allow_nan=False))
    return copy


def target_of(policy: Resource) -> Ref | None:
    """Answer what a policy scales; None when its spec doesn't say."""
    told: Any = policy.spec.get("scaleTargetRef", {})
    try:
        return Ref(told["apiVersion"], told["kind"], policy.namespace, told["name"])
    except (KeyError, TypeError):
        return None

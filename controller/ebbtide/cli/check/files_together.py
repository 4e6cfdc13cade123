"""What files say of one another: two policies of one target, and words that reach nobody."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ebbtide.api.kinds import CAPACITY_OVERRIDE, CAPACITY_POLICY, EVENT_CALENDAR, EVENT_PROFILE
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_calendar, parse_policy
from ebbtide.api.yaml_text import Path
from ebbtide.cli.check.remarks import Remark
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.manifests import announced, guidance_of, resource_of, workload_of
from ebbtide.loop.observing.conflicts import Claims
from ebbtide.loop.ports.cluster import Survey
from ebbtide.planning.linting.findings import Finding, Severity
from ebbtide_policies.observation import Mode

_AT_FIRST = -math.inf
"""A moment at which no override has ended."""
_HEARD = (
    "it has to be in the namespace of one, or in the operator's own, and its selector to name "
    "labels of that one"
)


def remarks_together(manifests: Sequence[Manifest]) -> Iterator[Remark]:
    """Everything that files have to say against one another."""
    yield from _rivalries([one for one in manifests if one.kind == CAPACITY_POLICY.name])
    yield from _shapeless(manifests)
    yield from _unheard(manifests)


# --- two policies of one target ---------------------------------------------------------------


def _rivalries(policies: Sequence[Manifest]) -> Iterator[Remark]:
    """Each policy of a target that one before it has, as the loop finds those that write."""
    claims = Claims(Survey(policies=[resource_of(_enforced(one)) for one in policies]))
    before: dict[str, Manifest] = {}
    for manifest in policies:
        workload = workload_of(manifest, plugins())
        rivals = [before[key] for key in claims.rivals(workload) if key in before]
        if rivals:
            worst = next(filter(_writes, rivals), rivals[0])
            yield _rivalry(manifest, worst, str(workload.target))
        before[manifest.key] = manifest


def _enforced(manifest: Manifest) -> Manifest:
    return replace(manifest, spec={**manifest.spec, "mode": Mode.ENFORCE.value})


def _rivalry(manifest: Manifest, other: Manifest, target: str) -> Remark:
    there = f"{other.path}:{other.line('scaleTargetRef')}"
    found = f"{manifest.key} scales {target}, and so does {other.key} ({there})"
    severity, todo = Severity.NOTE, "leave one in DryRun, or name another target"
    if _writes(manifest) and _writes(other):
        severity, found = Severity.ERROR, f"{found}: neither would ever write"
        todo = "delete one of them, name another target, or leave one in DryRun"
    return Remark(manifest, Finding(("scaleTargetRef",), severity, found, todo))


def _writes(policy: Manifest) -> bool:
    return parse_policy(policy.spec).mode is not Mode.DRY_RUN


# --- what is named and is not there -----------------------------------------------------------


def _shapeless(manifests: Sequence[Manifest]) -> Iterator[Remark]:
    """Events like an earlier one, whose shape is in none of these files."""
    there = sorted({one.name for one in manifests if one.kind == EVENT_PROFILE.name})
    for manifest in (one for one in manifests if one.kind == EVENT_CALENDAR.name):
        for name, event in parse_calendar(manifest.spec).events.items():
            for i, expected in enumerate(event.expect):
                if expected.like and expected.like not in there:
                    at = ("events", name, "expect", i, "like")
                    yield Remark(manifest, _no_shape(at, manifest.namespace, expected.like, there))


def _no_shape(at: Path, namespace: str, name: str, there: Sequence[str]) -> Finding:
    found = (
        f"no EventProfile {namespace}/{name} is among these files: without it the event is "
        "reckoned as one level"
    )
    others = f", or name another one ({', '.join(there)})" if there else ""
    todo = f"capture or add it{others}; live one of the operator's own namespace counts as well"
    return Finding(at, Severity.WARNING, found, todo)


# --- what is said and reaches nobody ----------------------------------------------------------


def _unheard(manifests: Sequence[Manifest]) -> Iterator[Remark]:
    """Events and overrides that are about no policy, where there are policies."""
    policies = [one for one in manifests if one.kind == CAPACITY_POLICY.name]
    for manifest in manifests if policies else ():
        for at, what in _said_to_nobody(manifest, policies):
            found = f"{what} is about no CapacityPolicy of these files"
            yield Remark(manifest, Finding(at, Severity.NOTE, found, _HEARD))


def _said_to_nobody(manifest: Manifest, policies: Sequence[Manifest]) -> Iterator[tuple[Path, str]]:
    if manifest.kind == EVENT_CALENDAR.name:
        events = parse_calendar(manifest.spec).events
        heard = {each.name for one in policies for each in announced(one, [manifest]).events}
        yield from ((("events", name), f"event {name}") for name in events if name not in heard)
    if manifest.kind == CAPACITY_OVERRIDE.name:
        guidance = guidance_of([manifest])
        workloads = (workload_of(one, plugins()) for one in policies)
        if not any([*guidance.overrides_for(one, _AT_FIRST)] for one in workloads):
            yield ("selector",), f"override {manifest.name}"

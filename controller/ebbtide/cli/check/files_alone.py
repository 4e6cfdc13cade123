"""What a policy says against itself, whatever its past: an objective of which nothing can tell."""

from collections.abc import Iterator, Sequence

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.check.remarks import Remark
from ebbtide.planning.linting.findings import Finding, Severity
from ebbtide.planning.tuning.objective import least_history, needed_days
from ebbtide_policies.quantities import show_duration, show_share


def remarks_alone(manifests: Sequence[Manifest]) -> Iterator[Remark]:
    """Everything that policies have to say against themselves."""
    for manifest in manifests:
        if manifest.kind == CAPACITY_POLICY.name:
            for finding in _untold(parse_policy(manifest.spec)):
                yield Remark(manifest, finding)


def _untold(spec: CapacityPolicySpec) -> Iterator[Finding]:
    """An objective for which less of the past is read than it takes, as the status tells it."""
    if spec.objective is None:
        return
    unserved, history = spec.objective.unserved, spec.forecast.history
    least = least_history(history, unserved)
    if least is not None:
        found = (
            f"{needed_days(unserved):.1f} days of demand speak for an unserved share of "
            f"{show_share(unserved)}, and {show_duration(history)} never tell of so many: its "
            "settings stay those that kept it on other workloads"
        )
        todo = f"raise it to {least}d or more"
        yield Finding(("forecast", "history"), Severity.WARNING, found, todo)

"""The variants of a policy that a sweep can replay."""

from collections.abc import Sequence

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.compose import Plugins, compose
from ebbtide.planning.sweeping.lanes import Policies, Variant
from ebbtide_policies.contract import PolicySettings
from ebbtide_policies.observation import Phase
from ebbtide_policies.registry import ALWAYS, SPOKEN
from ebbtide_policies.sessions import SessionsSettings

SWEPT = frozenset(policy.name for policy in (*ALWAYS, *SPOKEN))
"""Policies that need nothing but demand and fleet."""


def swept(spec: CapacityPolicySpec, plugins: Plugins) -> Variant:
    """The policies of a variant that a sweep can replay, in each phase if that changes any."""
    each = {phase: _swept(spec, plugins, phase) for phase in Phase}
    peace = [policy.settings for policy in each[Phase.PEACE]]
    changed = any([policy.settings for policy in one] != peace for one in each.values())
    return each if changed else each[Phase.PEACE]


def _swept(spec: CapacityPolicySpec, plugins: Plugins, phase: Phase) -> Policies:
    return tuple(policy for policy in compose(spec, plugins, phase) if policy.name in SWEPT)


def left_out(spec: CapacityPolicySpec, plugins: Plugins) -> Sequence[str]:
    """The policies that a sweep can't replay; sessions that name no query say nothing anyway."""
    said = (policy for policy in compose(spec, plugins) if policy.name not in SWEPT)
    return sorted(policy.name for policy in said if _speaks(policy.settings))


def _speaks(settings: PolicySettings) -> bool:
    return not isinstance(settings, SessionsSettings) or settings.query is not None

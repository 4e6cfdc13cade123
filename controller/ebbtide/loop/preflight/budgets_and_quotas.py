"""Disruption budgets and quotas that a way down or up meets, for preflight."""

from collections.abc import Iterable
from typing import NamedTuple

from ebbtide.api.capacity_policy.settings_by_phase import least_replicas, most_replicas
from ebbtide.loop.preflight.checks import Check, Verdict
from ebbtide.loop.workload import Workload


class Budget(NamedTuple):
    """A PodDisruptionBudget that covers the pods of a target."""

    name: str
    keeps: str
    """What it asks for, as it is written: `minAvailable: 90%`."""
    fixed: int | None = None
    """The pods that have to be there, where it says so as a number; else unknown."""
    never: bool = False
    """Whether it lets no pod be evicted, however many there are."""
    allowed: int = 0
    """How many may be evicted at this moment."""


class Quota(NamedTuple):
    """A limit on the pods of a namespace."""

    name: str
    hard: int
    used: int


def budget_checks(workload: Workload, budgets: Iterable[Budget]) -> Iterable[Check]:
    """Say what disruption budgets mean for the way down: steps ignore them, evictions do not."""
    for budget in budgets:
        yield _budget(workload, budget)


def _budget(workload: Workload, budget: Budget) -> Check:
    name, least = "disruption budget", least_replicas(workload.spec.replicas)
    said = f"{budget.name} ({budget.keeps})"
    if budget.never:
        found = (
            f"{said} lets no pod be evicted: steps down ignore it, but no node can be drained, so "
            "what a descent frees on nodes stays paid for"
        )
        return Check(name, Verdict.LOOK, found, "write maxUnavailable: 5% in its place")
    if budget.fixed is not None and budget.fixed >= max(least, 1):
        found = (
            f"{said}: at {budget.fixed} replicas or fewer no pod can be evicted and no node "
            f"drained, and this policy goes down to {least}; steps down themselves ignore it"
        )
        todo = "write maxUnavailable: 5%, which shrinks with the fleet"
        return Check(name, Verdict.LOOK, found, todo)
    found = (
        f"{said}: {budget.allowed} may be evicted now, when nodes are drained; steps down don't ask"
    )
    return Check(name, Verdict.WELL, found)


def quota_checks(workload: Workload, replicas: int, quotas: Iterable[Quota]) -> Iterable[Check]:
    """Say which quotas would stop a rise before it is at `replicas.max`."""
    most = most_replicas(workload.spec.replicas)
    for quota in quotas:
        room = max(0, quota.hard - quota.used)
        told = f"{quota.name} leaves room for {room} more pods"
        if room >= most - replicas:
            yield Check("quota", Verdict.WELL, f"{told}; that is enough for replicas.max ({most})")
            continue
        found = f"{told}: {replicas + room} replicas, where replicas.max is {most}"
        yield Check("quota", Verdict.LOOK, found, "raise it before the next event, or lower max")

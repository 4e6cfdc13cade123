"""Whom a shortfall hits: users in tiers, of which the most valuable are served first."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ebbtide.planning.scoring.score import Course
from ebbtide_policies.demand import MINUTE


class TierScore(NamedTuple):
    """What one tier of users got."""

    share: float
    """Its share of the demand."""
    shortfall: float
    """What it was short of, in demand-minutes (viewer-minutes, say)."""
    worst_minute: float
    """Its highest demand that went unserved at one tick."""
    unserved: float
    """Shortfall as a share of its own demand."""


def by_tier(
    course: Course, per_replica: float, tiers: Mapping[str, float]
) -> Mapping[str, TierScore]:
    """Deal out what ready replicas carry over tiers, given as shares in order of value.

    Each tier is the same share of demand at every moment, and is served before those that follow.
    """
    found: dict[str, TierScore] = {}
    served_before = 0.0
    for name, share in tiers.items():
        mine, before = share * course.demand, served_before * course.demand
        left = np.clip(course.ready - before, 0.0, mine)
        short = np.nan_to_num((mine - left) * per_replica)
        total = float(np.nansum(mine) * per_replica)
        found[name] = TierScore(
            share=share,
            shortfall=float(short.sum() * course.tick / MINUTE),
            worst_minute=float(short.max(initial=0.0)),
            unserved=float(short.sum() / total) if total else 0.0,
        )
        served_before += share
    return found

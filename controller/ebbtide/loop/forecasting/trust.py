"""Whether a forecast is followed: not after it was worse than persistence for a while.

Between what is worse and what is no worse lies a strip in which nothing changes, and either has to
last: so trust does not flap.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ebbtide.api.capacity_policy.forecast import TrustSpec


@dataclass(frozen=True, slots=True)
class Trust:
    """What is thought of the forecasts of one signal."""

    kept: bool = True
    turning: float | None = None
    """Since when the record has spoken against what is thought; None: it does not."""
    ratio: float = math.nan
    """Error against that of persistence, over all minutes ahead; NaN while it is not known."""
    ratios: Mapping[int, float] | None = None
    """The same by minutes ahead."""

    def after(
        self, ratio: float, ratios: Mapping[int, float], wanted: TrustSpec, now: float
    ) -> "Trust":
        """What is thought once the minute `now` (of the data) has been scored."""
        worse = ratio > 1.0 + wanted.worse_by
        against = worse if self.kept else ratio <= no_worse(wanted)
        seen = replace(self, ratio=ratio, ratios=ratios)
        if not against:
            return replace(seen, turning=None)
        since = now if self.turning is None else self.turning
        if now - since < wanted.after:
            return replace(seen, turning=since)
        return replace(seen, kept=not self.kept, turning=None)


def no_worse(wanted: TrustSpec) -> float:
    """The error against that of persistence at which trust comes back: half of what it bears."""
    return 1.0 + wanted.worse_by / 2


def at_first(ratio: float, ratios: Mapping[int, float], wanted: TrustSpec) -> Trust:
    """What is thought of a forecast by what its forecaster measured while it learnt."""
    return Trust(not ratio > 1.0 + wanted.worse_by, None, ratio, ratios)


def why_not_followed(trust: Trust, wanted: TrustSpec) -> str:
    """Why a forecast is not followed, with the numbers."""
    steps = ", ".join(
        f"{ratio:.2f} at {ahead} min"
        for ahead, ratio in (trust.ratios or {}).items()
        if not math.isnan(ratio)
    )
    return (
        f"its error of the last {wanted.over / 3600:g} h is {trust.ratio:.2f} times that of "
        f"persistence ({steps}); it is followed again after {wanted.after / 60:g} min at "
        f"{no_worse(wanted):.2f} or less"
    )

"""How fast a fleet may grow, and how long that takes."""

from dataclasses import dataclass

import numpy as np

from ebbtide_policies.lanes import Number, whole


@dataclass(frozen=True, slots=True)
class ScaleUp:
    """How fast the fleet may grow: in one period the larger of a share and a count."""

    share: Number = 1.0
    replicas: Number = 4.0
    period: Number = 15.0
    tick: Number = 0.0
    """Seconds from one decision to the next, at which alone anything is added; 0: at any time."""

    def highest(self, start: Number) -> Number:
        """The most replicas that a period which began with `start` may reach; at least one more.

        A share is rounded up, as the HPA does.
        """
        return start + np.maximum(whole(start * self.share), np.maximum(1.0, self.replicas))

    def seconds_between(self, start: Number, goal: Number) -> Number:
        """Time from the first to the last patch on the way up from `start` to `goal`.

        The growth of the larger of both laws is bounded from below by either, so the shorter time
        of the two is an upper bound, and no loop is needed. From nothing, the first period counts.
        """
        missing = np.maximum(goal - start, 0.0)
        by_count = missing / np.maximum(1.0, self.replicas)
        ratio = np.maximum(goal, 1.0) / np.maximum(start, 1.0)
        by_share = np.log(np.maximum(ratio, 1.0)) / np.log1p(np.maximum(self.share, 1e-9))
        by_share = by_share + np.where(np.less(start, 1.0), 1.0, 0.0)
        periods = np.ceil(np.minimum(by_count, by_share) - 1e-9)
        gaps: Number = np.maximum(periods - 1, 0.0)
        return gaps * self._between_patches

    @property
    def _between_patches(self) -> Number:
        """A period does not end before the first decision after it."""
        ticks = whole(self.period / np.maximum(self.tick, 1e-9))
        return np.maximum(self.period, ticks * self.tick)


AS_HPA = ScaleUp()
"""The pace that an HPA has by default."""

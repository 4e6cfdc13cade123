"""The clairvoyant bound: the fewest replicas that leave nothing unserved, had one known it all.

A replica is ready one lead time after it is asked for, and one that is let go is gone at once: so a
fleet carries the demand at `t` if it never asked for less in the lead time before. Bridging a gap
that is shorter than the lead time costs less than booting anew, and what is asked for at `t` need
only be the highest demand of [t, t + lead]. A limit on the way up moves part of it to earlier.

Each of these rules says "no less than", and gets no weaker when another number grows. Of all fleets
that obey them there is therefore one that is the smallest at every tick at once: this one.
"""

from dataclasses import dataclass

import numpy as np

from ebbtide.planning.windows import highest_ahead
from ebbtide_policies.lanes import NOTHING, Lanes, Number, whole
from ebbtide_policies.scale_up import ScaleUp

_HAIR = 1e-6
"""What `whole` forgives: a share that is this close above a whole number is that number."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast a fleet may grow, in ticks: within so many of them it may add `times` as much."""

    pace: ScaleUp
    ticks: int = 1
    times: int = 1

    @classmethod
    def of(cls, pace: ScaleUp, tick: float) -> "Growth":
        """What `rate` allows at a pace, a tick being so many seconds.

        Its periods begin with a rise. So the end of one and the beginning of the next may lie
        within the length of one, which may add twice as much; where a period is a tick, only once.
        """
        ticks = max(1, int(float(pace.period) // tick))
        return cls(pace, ticks, times=1 if ticks == 1 else 2)


def least_replicas(
    demand: Lanes, lead: int, *, growth: Growth | None = None, least: float = 1
) -> Lanes:
    """Fewest replicas to ask for at every tick so that nothing is unserved.

    `demand` is in replicas at target load, one entry a tick, NaN where it is unknown and asks for
    nothing; `lead` is in ticks. Without `growth` a fleet may grow at once. The fleet of the first
    tick was there before it.
    """
    needed = np.fmax(whole(demand), least)  # which takes the least where demand is NaN
    asked = highest_ahead(needed, lead)
    return asked if growth is None else _in_time(asked, growth)


def _in_time(asked: Lanes, growth: Growth) -> Lanes:
    """Raise what is asked for early enough to be there within the limit, from the end backwards."""
    found = asked.tolist()
    for at in range(len(found) - 2, -1, -1):
        goal = max(found[at + 1 : at + 1 + growth.ticks])
        for _ in range(growth.times):
            if goal > found[at]:  # else it is there already
                goal = float(least_start(goal, growth.pace))
        found[at] = max(found[at], goal)
    return np.array(found)


def least_start(goal: Number, scale_up: ScaleUp) -> Number:
    """The smallest fleet from which one period may reach `goal`: the inverse of `highest`."""
    by_count = goal - np.maximum(1.0, scale_up.replicas)
    by_share = np.floor((goal - 1 + _HAIR) / (1 + scale_up.share)) + 1
    start: Number = np.maximum(np.minimum(by_count, by_share), NOTHING)
    return start

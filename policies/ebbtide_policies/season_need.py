"""`seasonNeed`: the floor of habits, of what comes back day after day at the same time."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy
from ebbtide_policies.lanes import NOTHING, every, where
from ebbtide_policies.need import NeedSettings, near
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Duration, Share


class SeasonNeedSettings(NeedSettings):
    """How far the season is trusted."""

    trust: Share = Field(
        0.0,
        le=2,
        description="Share that counts of what came on two of the last days at this time of day. "
        "0%: the season is not trusted, as it costs where days do not repeat.",
    )
    days: int = Field(7, ge=2, le=27, description="So many of the last days are looked at.")
    margin: Duration = Field(
        180.0, le=7200, description="How much earlier or later than on those days it may come."
    )


class SeasonNeed(Policy[SeasonNeedSettings]):
    """A floor for what days repeat: batch jobs, and peaks that are too steep to react to.

    What came on one day only is no season; what came on two may come again.
    """

    name = "seasonNeed"
    Settings = SeasonNeedSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor a signal, where the season is trusted."""
        chosen = self.settings
        if every(np.equal(chosen.trust, 0.0)):
            return
        for demand in seen.demand:
            peak = demand.repeated(chosen.days, chosen.margin, seen.lead_time + chosen.margin)
            floor = near(
                chosen.trust * peak * (1 + chosen.headroom), seen.fleet.current, chosen.tolerance
            )
            yield Bound(
                Kind.FLOOR,
                where(np.isnan(floor), NOTHING, floor),
                self.name,
                "SeasonNeed",
                "{}: two of the last {:.0f} days asked for {:.1f} replicas at this time of day",
                (demand.name, chosen.days, peak),
            )

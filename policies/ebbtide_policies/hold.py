"""`hold`: when the data is in doubt, capacity stays."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, Flag, where
from ebbtide_policies.observation import Demand, Observation
from ebbtide_policies.quantities import Duration, Share


class HoldSettings(PolicySettings):
    """What makes demand doubtful, and for how long."""

    stale_after: Duration = Field(
        180.0, gt=0, description="Demand older than this is unknown, not unchanged."
    )
    believable_drop: Share = Field(
        0.5, gt=0, le=1, description="A larger share lost in one minute is suspicious."
    )
    window: Duration = Field(
        300.0, gt=0, description="How long a suspicion, or a gap in the data, holds capacity."
    )
    complete: Share = Field(
        0.6, le=1, description="Least share of the window's minutes that has to be known."
    )


class Hold(Policy[HoldSettings]):
    """No way down on doubt. It always applies, named in the YAML or not.

    What can't be compared is in doubt too.
    """

    name = "hold"
    Settings = HoldSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """For each signal one pace for each kind of doubt."""
        if not seen.demand:
            yield self._pace(seen, True, "DemandUnknown", "no demand is known")
        for demand in seen.demand:
            yield from self._doubts(seen, demand)

    def _doubts(self, seen: Observation, demand: Demand) -> Iterable[Bound]:
        chosen, name = self.settings, demand.name
        drop, covered = demand.largest_drop(chosen.window), demand.covered(chosen.window)
        yield self._pace(
            seen,
            np.isnan(demand.present()) | np.logical_not(demand.age <= chosen.stale_after),
            "DemandUnknown",
            "{}: the newest known minute is {:.0f} s old",
            name,
            demand.age,
        )
        silent = np.isnan(demand.alive)
        said = "{}: the metrics source does not answer, or not whether its targets do"
        yield self._pace(seen, silent, "MetricsUnavailable", said, name)
        yield self._pace(
            seen,
            np.logical_not(silent | (demand.alive >= demand.alive_at_least)),
            "ScrapeTargetsMissing",
            "{}: {:.0%} of the scrape targets answer, {:.0%} are asked for",
            name,
            demand.alive,
            demand.alive_at_least,
        )
        yield self._pace(
            seen,
            np.logical_not(drop <= chosen.believable_drop),
            "DemandSuspicious",
            "{}: {:.0%} of demand went within one minute of the last {:.0f} s",
            name,
            drop,
            chosen.window,
        )
        yield self._pace(
            seen,
            np.logical_not(covered >= chosen.complete),
            "DemandIncomplete",
            "{}: {:.0%} of the last {:.0f} s are known",
            name,
            covered,
            chosen.window,
        )

    def _pace(
        self, seen: Observation, doubt: Flag, reason: str, detail: str, *values: object
    ) -> Bound:
        replicas = where(doubt, seen.fleet.current, NOTHING)
        return Bound(Kind.PACE_DOWN, replicas, self.name, reason, detail, values)

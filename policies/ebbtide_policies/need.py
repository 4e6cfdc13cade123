"""`forecastNeed`, `presentNeed`, `stabilization`: the floors that demand itself asks for."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import NOTHING, UNLIMITED, Number, every, where, whole
from ebbtide_policies.observation import Demand, Observation, foreseen
from ebbtide_policies.quantities import Duration, Share


class NeedSettings(PolicySettings):
    """What the floors of demand have in common."""

    headroom: Share = Field(0.0, description="Spare share on top of the need.")
    tolerance: Share = Field(
        0.03, lt=1, description="A need this close to current replicas asks for no change."
    )


def near(need: Number, current: Number, tolerance: Number) -> Number:
    """Round a need up to whole replicas, or to current ones where these are close enough.

    A fleet that follows every breath of demand cuts sessions off for nothing.
    """
    floor = whole(need)
    close = np.abs(floor - current) <= tolerance * current
    return where(close, current, floor)


class ForecastNeedSettings(NeedSettings):
    """How high in the forecast the fleet has to reach."""

    quantile: float = Field(0.9, gt=0, lt=1, description="Quantile of the forecast to carry.")


class ForecastNeed(Policy[ForecastNeedSettings]):
    """A floor for what demand may become before another replica could be ready.

    None where the forecast has expired or is not trusted: presentNeed decides there.
    """

    name = "forecastNeed"
    Settings = ForecastNeedSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor a signal."""
        chosen = self.settings
        for demand in seen.demand:
            ahead = foreseen(demand, chosen.quantile, seen.lead_time)
            need = ahead * (1 + chosen.headroom)
            floor = near(need, seen.fleet.current, chosen.tolerance)
            yield Bound(
                Kind.FLOOR,
                where(np.isnan(floor), NOTHING, floor),
                self.name,
                "ForecastNeed",
                "{}: the forecast's {:.3g} quantile reaches {:.1f} replicas within {:.0f} s",
                (demand.name, chosen.quantile, ahead, seen.lead_time),
            )


class PresentNeedSettings(NeedSettings):
    """How the reactive floor reads the present."""

    headroom: Share = Field(0.1, description="Spare share on top of the present need.")
    slope_window: Duration = Field(
        120.0, gt=0, description="Time over which the present trend is measured."
    )
    width: float = Field(
        0.0,
        ge=0,
        le=100,
        description="So many times the usual surge on top: how far demand rose of late within the "
        "lead time. It is wide while demand is restless, and narrow while it is calm.",
    )
    width_window: Duration = Field(
        3600.0, ge=60, le=86400, description="Time over which the usual surge is measured."
    )


LATELY = 1800.0
"""Seconds. Demand that was there within them and comes back is no news: it is not outgrown."""
_WON_WITHIN = 0.5
"""Share of the while within which new ground was won: what leaps has only begun to be there."""


class Trend(NamedTuple):
    """Demand now, and where it is going."""

    present: Number
    slope: Number
    """Change per second, over a while."""
    before: Number
    """The highest that it had been lately, before that while."""
    gained: Number
    """Change per second over the same while, beyond the highest before."""

    def after(self, seconds: Number) -> Number:
        """Demand after `seconds`, if it goes on rising; no fall is followed.

        What comes back from a dip, an outage or a metric at nought climbs steeply, and ends where
        it was: up to there the slope is followed, and beyond it no faster than new ground is won.
        """
        most = np.maximum(self.present, self.before) + self.gained * seconds
        return np.minimum(self.present + np.maximum(0.0, self.slope) * seconds, most)


def trend(demand: Demand, seconds: Number) -> Trend:
    """The trend of the last `seconds`; where nothing was known before them, all is new ground."""
    present, slope = demand.present(), demand.slope(seconds)
    known = demand.peak(LATELY, seconds)
    before = where(np.isnan(known), present, known)
    gained = np.maximum(0.0, present - before) / (_WON_WITHIN * seconds)
    return Trend(
        present,
        where(np.isnan(slope), 0.0, slope),  # one known minute has no slope, but a level
        before,
        where(np.isnan(known), UNLIMITED, gained),
    )


class PresentNeed(Policy[PresentNeedSettings]):
    """The fast reactive floor: demand now, where its trend leads, and how far it usually surges.

    The newest minute is known late, so the trend has to bridge its age as well; but it is not
    followed for longer than it was watched, lest stale data grow into a need of their own.
    """

    name = "presentNeed"
    Settings = PresentNeedSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor a signal."""
        for demand in seen.demand:
            need = self._need(demand, seen.lead_time)
            yield Bound(
                Kind.FLOOR,
                near(need, seen.fleet.current, self.settings.tolerance),
                self.name,
                "PresentNeed",
                "{}: its level now and its trend for {:.0f} s more ask for {:.1f} replicas",
                (demand.name, seen.lead_time, need),
            )

    def _need(self, demand: Demand, lead_time: Number) -> Number:
        window = self.settings.slope_window
        reach = lead_time + np.clip(demand.age, 0.0, window)
        risen = trend(demand, window).after(reach) * (1 + self.settings.headroom)
        return risen + self._spare(demand, lead_time)

    def _spare(self, demand: Demand, lead_time: Number) -> Number:
        """The width; a surge counts from the minute that is known to the end of the lead time."""
        chosen = self.settings
        if every(np.equal(chosen.width, 0.0)):
            return NOTHING
        surge = demand.surge(lead_time + MINUTE, chosen.width_window)
        return chosen.width * where(np.isnan(surge), 0.0, surge)


class StabilizationSettings(NeedSettings):
    """How long a need is remembered."""

    window: Duration = Field(60.0, description="The highest need of this time stays a floor.")
    headroom: Share = Field(0.05, description="Spare share on top of that need.")


class Stabilization(Policy[StabilizationSettings]):
    """The highest need of a window stays a floor; it is rebuilt from the history of demand."""

    name = "stabilization"
    Settings = StabilizationSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor a signal."""
        chosen = self.settings
        for demand in seen.demand:
            peak = demand.peak(chosen.window)
            yield Bound(
                Kind.FLOOR,
                near(peak * (1 + chosen.headroom), seen.fleet.current, chosen.tolerance),
                self.name,
                "ScaleDownStabilized",
                "{}: in the last {:.0f} s it reached {:.1f} replicas",
                (demand.name, chosen.window, peak),
            )

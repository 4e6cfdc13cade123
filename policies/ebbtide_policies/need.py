"""`forecastNeed`, `presentNeed`, `stabilization`: the floors that demand itself asks for."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, Number, where, whole
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
        300.0, gt=0, description="Time over which the present trend is measured."
    )


def trending(present: Number, slope: Number, seconds: Number) -> Number:
    """Demand after `seconds`, if it goes on rising; no fall is followed."""
    return present + np.maximum(0.0, slope) * seconds


class PresentNeed(Policy[PresentNeedSettings]):
    """The fast reactive floor: demand now, and where its slope leads within the lead time.

    The newest minute is known late, so the slope has to bridge its age as well; but a trend is not
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
                "{}: now, and its slope over {:.0f} s, ask for {:.1f} replicas",
                (demand.name, seen.lead_time, need),
            )

    def _need(self, demand: Demand, lead_time: Number) -> Number:
        slope = demand.slope(self.settings.slope_window)
        slope = where(np.isnan(slope), 0.0, slope)  # one known minute has no slope, but a level
        late = np.clip(demand.age, 0.0, self.settings.slope_window)
        return trending(demand.present(), slope, lead_time + late) * (1 + self.settings.headroom)


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

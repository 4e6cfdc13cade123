"""`rate`: how fast a fleet may grow; by default as fast as the HPA."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import (
    Bound,
    Kind,
    Memory,
    Policy,
    PolicySettings,
    stored_number,
)
from ebbtide_policies.lanes import Flag, Number, as_number, every, opposite, reached, where
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Count, Duration, Share
from ebbtide_policies.scale_up import ScaleUp
from ebbtide_policies.strictness import Stricter, chosen, recalled, remembered


class RateSettings(PolicySettings):
    """The pace of scaling up: in one period the larger of a share and a count may be added."""

    share: Share = Field(1.0, description="Share of the fleet that one period may add.")
    replicas: Count = Field(4.0, ge=1, description="Replicas that one period may always add.")
    period: Duration = Field(15.0, gt=0, description="Length of a period.")

    @property
    def pace(self) -> ScaleUp:
        """The same as numbers."""
        return ScaleUp(self.share, self.replicas, self.period)


_STRICTER: Stricter = {"share": np.minimum, "replicas": np.minimum, "period": np.maximum}
"""Every setting; of two values the one that adds less."""
_LASTING = "period"


class Rate(Policy[RateSettings]):
    """A pace-up: no more than the larger of a share and a count in one period.

    Memory: the moment `at` which the present period began, and with how many replicas (`start`).
    A period begins with the first rise after the last one ended. For one period after an edit the
    stricter of old and new counts (`strictness`), so that no edit lets a period add both.
    """

    name = "rate"
    Settings = RateSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One pace-up; where it limits, it lifts when the period that runs, or begins now, ends."""
        counting = self._counting(seen, memory)
        runs = _runs(seen, memory, counting)
        start = where(runs, memory["start"], seen.fleet.current)
        begun = where(runs, memory["at"], as_number(seen.now))
        yield Bound(
            Kind.PACE_UP,
            counting.pace.highest(start),
            self.name,
            "ScaleUpLimit",
            "from {:.0f} replicas, {:.0f} s may add {:.0%} or {:.0f}, whichever is more",
            (start, counting.period, counting.share, counting.replicas),
            until=begun + counting.period,
        )

    def _counting(self, seen: Observation, memory: Memory) -> RateSettings:
        return chosen(self.settings, memory, seen.now, _STRICTER, _LASTING)

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        """Take the stored memory if it is sound; else a period begins now."""
        at, start = stored_number(stored, "at"), stored_number(stored, "start")
        sound = every(reached(seen.now, at)) and not np.isnan(start)
        told = stored if sound else None
        was = recalled(self.settings, told, seen.now, _STRICTER, _LASTING)
        if not sound:
            return {"at": as_number(seen.now), "start": seen.fleet.current, **was}
        return {"at": at, "start": start, **was}

    def remember(self, seen: Observation, memory: Memory, replicas: Number) -> Memory:
        """Open a period with the first rise after the last one."""
        memory = remembered(self.settings, memory, seen.now, _STRICTER, _LASTING)
        runs = _runs(seen, memory, self._counting(seen, memory))
        opens = (replicas > seen.fleet.current) & opposite(runs)
        return {
            **memory,
            "at": where(opens, as_number(seen.now), memory["at"]),
            "start": where(opens, seen.fleet.current, memory["start"]),
        }


def pace_of(policies: Iterable[Policy[Any]], tick: float) -> ScaleUp:
    """The pace that a workload's policies allow where one decides every so many seconds."""
    rate = next((one.settings for one in policies if isinstance(one, Rate)), RateSettings())
    return replace(rate.pace, tick=tick)


def _runs(seen: Observation, memory: Memory, counting: RateSettings) -> Flag:
    return seen.now - memory["at"] < counting.period

"""`hold`: when the data is in doubt, capacity stays."""

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.event_calendar import announced_end
from ebbtide_policies.lanes import NOTHING, Flag, Number, opposite, some, where
from ebbtide_policies.observation import Demand, Observation
from ebbtide_policies.quantities import Duration, Share
from ebbtide_policies.strictness import Stricter, chosen, recalled, remembered


class HoldSettings(PolicySettings):
    """What makes demand doubtful, and for how long."""

    stale_after: Duration = Field(
        180.0, gt=0, description="Demand older than this is unknown, not unchanged."
    )
    believable_drop: Share = Field(
        0.5, gt=0, le=1, description="A larger share lost in one minute is suspicious."
    )
    suspicion: Duration = Field(
        60.0, description="How long a suspicious drop has to last until it is believed."
    )
    near_zero: Share = Field(
        0.02, lt=1, description="Demand below this share of its recent peak has vanished."
    )
    vanished: Duration = Field(
        900.0,
        description="How far back that peak is looked for: so long what vanished is not believed.",
    )
    window: Duration = Field(
        300.0,
        gt=0,
        description="How long capacity is held after a gap in the data: as long as the range "
        "over which the query averages.",
    )
    complete: Share = Field(
        0.6, le=1, description="Least share of the window's minutes that has to be known."
    )
    outage: Duration = Field(
        120.0,
        ge=60,
        description="A gap this long is an outage. Averages are low in the window after it.",
    )


_STRICTER: Stricter = {
    "staleAfter": np.minimum,
    "believableDrop": np.minimum,
    "suspicion": np.maximum,
    "nearZero": np.maximum,
    "vanished": np.maximum,
    "window": np.maximum,
    "complete": np.maximum,
    "outage": np.minimum,
}
"""Every setting; of two values the one that doubts more."""
_LASTING = "window"
_AGREES = 0.5
"""A signal bears out another one's fall if it has lost at least this part of the same share."""


def borne_out(seen: Observation, fallen: Demand, share: Number, seconds: Number) -> Flag:
    """Whether another signal, known and fresh, fell as well: by half of that share or more.

    One that has been zero all along did not fall.
    """
    believed: Flag = False
    for other in seen.demand:
        if other.name == fallen.name:
            continue
        known = (other.alive >= other.alive_at_least) & (other.age <= fallen.age)
        peak = other.peak(seconds)
        fell = (other.present() <= (1 - _AGREES * share) * peak) & (peak > 0)
        believed = believed | (known & fell)
    return believed


class Hold(Policy[HoldSettings]):
    """No way down on doubt. It always applies, named in the YAML or not.

    What can't be compared is in doubt too. A steep fall is believed at once where another signal of
    the demand bears it out; and one that does not end near zero, after the announced end of an
    event.

    Memory: what was set, as whoever edits it, or turns a phase, does not end a doubt by it: for one
    window the stricter of old and new counts (`strictness`).
    """

    name = "hold"
    Settings = HoldSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """For each signal one pace for each kind of doubt."""
        if not seen.demand:
            yield self._pace(seen, True, "DemandUnknown", "no demand is known")
        counting = chosen(self.settings, memory, seen.now, _STRICTER, _LASTING)
        for demand in seen.demand:
            yield from self._source(seen, demand, counting)
            yield from self._gaps(seen, demand, counting)
            yield from self._falls(seen, demand, counting)

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        """Take what was set from the stored memory if it is sound."""
        return recalled(self.settings, stored, seen.now, _STRICTER, _LASTING)

    def remember(self, seen: Observation, memory: Memory, replicas: Number) -> Memory:
        """Keep what is set, and for a while what was."""
        return remembered(self.settings, memory, seen.now, _STRICTER, _LASTING)

    def _source(self, seen: Observation, demand: Demand, counting: HoldSettings) -> Iterable[Bound]:
        """Whether the metrics source, and what it scrapes, answers."""
        name = demand.name
        yield self._pace(
            seen,
            np.isnan(demand.present()) | opposite(demand.age <= counting.stale_after),
            "DemandUnknown",
            "{}: the newest known minute is {:.0f} s old",
            name,
            demand.age,
        )
        silent = np.isnan(demand.alive)
        said = "{}: its query, or that for alive, has no sound answer; MetricsAvailable says why"
        yield self._pace(seen, silent, "MetricsUnavailable", said, name)
        yield self._pace(
            seen,
            opposite(silent | (demand.alive >= demand.alive_at_least)),
            "ScrapeTargetsMissing",
            "{}: {:.0%} of the scrape targets answer, {:.0%} are asked for",
            name,
            demand.alive,
            demand.alive_at_least,
        )

    def _gaps(self, seen: Observation, demand: Demand, counting: HoldSettings) -> Iterable[Bound]:
        """Whether enough minutes are known, and none of them average over an outage."""
        covered = demand.covered(counting.window)
        yield self._pace(
            seen,
            opposite(covered >= counting.complete),
            "DemandIncomplete",
            "{}: {:.0%} of the last {:.0f} s are known",
            demand.name,
            covered,
            counting.window,
        )
        gap = demand.gap(counting.window)
        yield self._pace(
            seen,
            opposite(gap < counting.outage),
            "DemandRecovering",
            "{}: averages over {:.0f} s are low after a gap of {:.0f} s",
            demand.name,
            counting.window,
            gap,
        )

    def _falls(self, seen: Observation, demand: Demand, counting: HoldSettings) -> Iterable[Bound]:
        """Whether it fell in a way that is more often a fault than a fact."""
        name = demand.name
        drop = demand.largest_drop(counting.suspicion)
        announced = seen.now - announced_end(seen) <= counting.vanished
        lately = counting.suspicion + 60.0
        steep = opposite(drop <= counting.believable_drop)
        yield self._pace(
            seen,
            steep & opposite(announced | borne_out(seen, demand, drop, lately)),
            "DemandSuspicious",
            "{}: {:.0%} of demand went within one minute of the last {:.0f} s",
            name,
            drop,
            counting.suspicion,
        )
        peak = demand.peak(counting.vanished)
        gone = demand.present() < counting.near_zero * peak
        yield self._pace(
            seen,
            gone & opposite(borne_out(seen, demand, 1.0, counting.vanished)),
            "DemandVanished",
            "{}: next to nothing is left of {:.1f} replicas in the last {:.0f} s",
            name,
            peak,
            counting.vanished,
        )

    def _pace(
        self, seen: Observation, doubt: Flag, reason: str, detail: str, *values: object
    ) -> Bound:
        replicas = where(doubt, seen.fleet.current, NOTHING) if some(doubt) else NOTHING
        return Bound(Kind.PACE_DOWN, replicas, self.name, reason, detail, values)

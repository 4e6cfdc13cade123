"""The past of one workload, as its policy is held against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes

_DAY = 1440
_NEAR = 0.1
"""Share of the way between top and bottom within which demand counts as there."""
_FLAT = 0.2
"""A day whose demand falls by a smaller share than this has no ebb."""


def most_of_an_ordinary_day(days: Lanes) -> float:
    """The highest of the medians of the same minutes of some days, (days, minutes).

    NaN where none of them is known.
    """
    known = days[:, ~np.isnan(days).all(axis=0)]
    return float(np.nanmedian(known, axis=0).max()) if known.size else UNKNOWN


class Ebb(NamedTuple):
    """One fall of demand, from the top of a day to the next one's; in replicas and seconds."""

    top: float
    bottom: float
    falls: float
    """From the top to the bottom, nearly."""
    stays: float
    """Near the bottom, before it rises again."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """Demand of every signal, one value a minute on one grid; NaN where it is unknown."""

    start: float
    """Epoch seconds of the first minute."""
    demands: Mapping[str, Lanes]
    """By signal, in units of its own."""
    per_replica: Mapping[str, float]
    """What one replica carries of each signal; NaN where that is behind a query."""
    ready: Lanes | None = None
    """Replicas that were Ready; None where nobody has counted them."""
    apart: float = MINUTE
    """Seconds from one recorded value to the next; between them it is drawn from point to point."""

    @cached_property
    def need(self) -> Lanes:
        """Replicas at target load, the largest signal deciding; NaN where none is known."""
        needs = [minutes / self.per_replica[name] for name, minutes in self.demands.items()]
        largest: Lanes = np.fmax.reduce(needs)
        return largest

    @property
    def known(self) -> bool:
        """Whether any need is known at all."""
        return not bool(np.isnan(self.need).all())

    @property
    def end(self) -> float:
        """Epoch seconds at which the last minute ends."""
        return self.moment(self.need.size)

    def usual(self, begin: float, end: float) -> float:
        """The highest need of the same hours of an ordinary day; NaN where none is known."""
        hours = np.arange(begin, min(end, begin + DAY), MINUTE)
        days = np.full((-(-self.need.size // _DAY), _DAY), UNKNOWN)
        days.ravel()[: self.need.size] = self.need
        return most_of_an_ordinary_day(days[:, ((hours - self.start) // MINUTE).astype(int) % _DAY])

    def moment(self, row: int) -> float:
        """Epoch seconds of a minute."""
        return self.start + MINUTE * row

    @cached_property
    def ebbs(self) -> Sequence[Ebb]:
        """The falls of the need, one a day; of a past shorter than two days its largest."""
        size = self.need.size
        days = [range(at, min(size, at + _DAY)) for at in range(0, size, _DAY)]
        tops = [at for day in days if (at := _highest(self.need, day)) is not None]
        ends = [*tops[1:], size - 1][: len(tops)]
        found = (_ebb(self.need, top, end) for top, end in zip(tops, ends, strict=True))
        return [each for each in found if each is not None]


def typical(ebbs: Sequence[Ebb]) -> Ebb:
    """The median of some falls."""
    return Ebb(*np.median(np.array(ebbs), axis=0).tolist())


def _highest(need: Lanes, rows: range) -> int | None:
    part = need[rows.start : rows.stop]
    if np.isnan(part).mean() > 1 / 2:
        return None
    return rows.start + int(np.nanargmax(part))


def _ebb(need: Lanes, top: int, end: int) -> Ebb | None:
    """The fall after a top, if there is one that is known."""
    part = need[top : end + 1]
    if part.size < 2 or np.isnan(part).all():  # noqa: PLR2004  # a fall needs two minutes
        return None
    bottom = int(np.nanargmin(part))
    high, low = float(part[0]), float(part[bottom])
    if not high - low > _FLAT * high:
        return None
    near = _NEAR * (high - low)
    left = int(np.flatnonzero(part[: bottom + 1] >= high - near)[-1])
    there = int(np.flatnonzero(part[: bottom + 1] <= low + near)[0])
    rises = np.flatnonzero(part[bottom:] > low + near)
    back = bottom + int(rises[0]) if rises.size else part.size - 1
    return Ebb(high, low, max(1, there - left) * MINUTE, (back - there) * MINUTE)


def share_unknown(minutes: Lanes) -> float:
    """Share of the minutes that are unknown, from the first known one on."""
    known = np.flatnonzero(~np.isnan(minutes))
    return float(np.isnan(minutes[known[0] :]).mean()) if known.size else UNKNOWN


def gaps(minutes: Lanes) -> Sequence[tuple[int, int]]:
    """Rows (from, up to) of the gaps between known minutes."""
    known = np.flatnonzero(~np.isnan(minutes))
    jumps = np.flatnonzero(np.diff(known) > 1)
    return [(int(known[at]) + 1, int(known[at + 1])) for at in jumps]

"""One event as it was announced of several series: at one time, by one shape, of any size."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Announcement, Floats


class SharedEvent(NamedTuple):
    """What was announced of some series, one announcement each, which differ in size alone."""

    each: Sequence[Announcement]
    times: Floats
    """A multiple of the usual, (N,); NaN where nothing is said."""
    level: Floats
    """Demand at the peak."""
    peak: Floats
    """With a shape: the demand at the peak of the earlier event, times what is said of this one."""

    @classmethod
    def of(cls, each: Sequence[Announcement]) -> "SharedEvent":
        """The event of announcements that are alike but for their size."""
        sizes = np.array([(one.times, one.level, one.peak) for one in each]).T
        return cls(each, *sizes)

    def picked(self, columns: NDArray[np.int_]) -> "SharedEvent":
        """That of some of the series."""
        each = [self.each[i] for i in columns.tolist()]
        return SharedEvent(each, self.times[columns], self.level[columns], self.peak[columns])

    @property
    def start(self) -> float:
        """When it starts."""
        return self.each[0].start

    @property
    def end(self) -> float:
        """When it ends."""
        return self.each[0].end

    @property
    def shaped(self) -> bool:
        """Whether its course is known."""
        return len(self.each[0].shape) > 1

    def course(self, moments: Floats) -> Floats:
        """The shape at some moments, (moments, 1)."""
        return self.each[0].course(moments)[:, None]

    def during(self, moments: Floats) -> NDArray[np.bool_]:
        """Which moments are of the event."""
        return self.each[0].during(moments)

    def sized(self, usual: Floats, otherwise: Floats) -> Floats:
        """Demand where so much is usual, (..., N): as it was said, or as many times the usual.

        Where the usual is not known it is taken for something else, (N,).
        """
        times = np.where(np.isnan(self.times), 1.0, self.times)
        found = times * np.where(np.isnan(usual), otherwise, usual)
        return np.where(np.isnan(self.level), found, self.level)


def alike(events: Sequence[Announcement]) -> Hashable:
    """The same for series whose events can be taken together: they differ in size alone."""
    return tuple((event.start, event.end, event.shape) for event in events)

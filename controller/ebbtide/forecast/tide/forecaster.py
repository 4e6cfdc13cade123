"""`Tide`: an online mix of simple experts, with widths that keep themselves right.

What it knows of a series follows from the last four weeks of its history: it learns from 22 days,
row by row, and of those before it remembers the demand. While a history goes on it learns
the new rows only; for any other it begins anew, and foresees nearly the same as if it had gone on,
since all that it learns fades.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.adjustments.ebb import ebbed
from ebbtide.forecast.adjustments.event_experts import Memory
from ebbtide.forecast.adjustments.slump import slumped
from ebbtide.forecast.adjustments.special_days import with_special_days
from ebbtide.forecast.adjustments.surge import surged
from ebbtide.forecast.contract import (
    LEAST_HISTORY,
    MINUTE,
    NEVER_CHANGED,
    NO_CONTEXT,
    RECENT_MINUTES,
    Context,
    Forecast,
    Forecaster,
    History,
    Measured,
    Rows,
)
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.group import Group, begun

KEPT_SECONDS = 7200.0
KEPT = 64
"""Groups of series that are kept, if their last row is that close to the newest."""


class Tide:
    """The default forecaster."""

    name = "Tide"
    tolerance = 0.01
    """The share by which a successor may be off."""

    def __init__(self, *, ebbs: bool = True) -> None:
        """Without `ebbs`, what an event left behind is foreseen as anything else."""
        self._ebbs = ebbs
        self.groups: list[Group] = []
        """What it knows, from what was asked for last on."""
        self._events = Memory()
        self.learnt = 0
        """Rows of series that it has learnt: what it costs."""

    def join(self, others: Sequence[Forecaster]) -> None:
        """Go on with the series of others too, which are not asked any more."""
        for other in others:
            if isinstance(other, Tide):
                self.groups += other.groups
                self.learnt += other.learnt

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` rows."""
        clocks = [known.clock for known in context.series] or [NEVER_CHANGED]
        plain = Frame(round(history.grid / MINUTE), horizon)
        frames = {clock: plain._replace(clock=clock) for clock in sorted(set(clocks))}
        if len(frames) == 1:
            return self._by_one_clock(history, context, frames[clocks[0]])
        columns = [np.flatnonzero([each == clock for each in clocks]) for clock in frames]
        made = [
            self._by_one_clock(
                history._replace(minutes=history.minutes[:, some]), context.picked(some), frame
            )
            for some, frame in zip(columns, frames.values(), strict=True)
        ]
        return _woven(made, np.argsort(np.concatenate(columns)))

    def _by_one_clock(self, history: History, context: Context, frame: Frame) -> Forecast:
        """The same of series that go by the same clock."""
        group = self._group(history, frame)
        present, values = _present(history), group.foresee()
        if np.count_nonzero(present) < present.size:
            values[:, :, ~present] = np.nan
        made = Forecast(
            origin=history.end,
            values=values,
            ordinary=group.ordinary(history),
            trusted=present & (group.learnt() >= LEAST_HISTORY),
            measured=_measured(group),
        )
        made = surged(slumped(made, history, frame.clock), history, frame.clock)
        made = with_special_days(made, history, context)
        made = ebbed(made, history, frame.clock) if self._ebbs else made
        return heed(made, history, context, self._events)

    def _group(self, history: History, frame: Frame) -> Group:
        """What is known of these series; it is kept, with what is known of others."""
        group = self._caught_up(history, frame)
        near = [g for g in self.groups if abs(g.end - group.end) <= KEPT_SECONDS]
        self.groups = [group, *near[: KEPT - 1]]
        return group

    def _caught_up(self, history: History, frame: Frame) -> Group:
        """What is known of these series, brought up to the end of their history."""
        group = self._recognized(history, frame)
        if group is None:
            group = begun(history, frame)
            self.learnt += history.minutes.size
        self.learnt += group.go_on(history)
        return group

    def _recognized(self, history: History, frame: Frame) -> Group | None:
        """A group that knows all of these series; or one that is made where some know most.

        Those that others know are joined to it, as those of a minute in which they were late; what
        nobody knows is begun.
        """
        found: list[tuple[Group, Rows]] = []
        for group in self.groups:
            asked = group.asked(history, frame)
            if asked is None:
                continue
            if group.knows(asked) and all(group.end >= other.end for other, _ in found):
                self.groups.remove(group)  # not kept if it fails halfway
                return group
            places = group.places(asked)
            found += [(group, places)] if np.any(places >= 0) else []
        known = np.count_nonzero(np.any([places >= 0 for _, places in found], axis=0))
        if 2 * known <= history.minutes.shape[1]:
            return None
        group, places = max(found, key=lambda each: each[0].end)
        if np.unique(places[places >= 0]).size == group.size:
            self.groups.remove(group)  # all of it goes on
        return group.rearranged(places, history, lambda past: self._caught_up(past, frame))


def _woven(parts: Sequence[Forecast], order: Rows) -> Forecast:
    """One forecast of the series of several, put in order."""

    def together(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.asarray(np.concatenate(arrays, axis=-1)[..., order])

    measured = [part.measured for part in parts if part.measured]
    return Forecast(
        origin=parts[0].origin,
        values=together([part.values for part in parts]),
        ordinary=together([part.ordinary for part in parts]),
        trusted=together([part.trusted for part in parts]),
        measured=Measured(
            measured[0].ahead,
            together([each.own for each in measured]),
            together([each.plain for each in measured]),
        ),
    )


def _measured(group: Group) -> Measured:
    """Its errors of late, in those of persistence."""
    worse = group.worse().astype(float)
    return Measured(group.frame.anchors, worse, np.ones_like(worse))


def _present(history: History) -> NDArray[np.bool_]:
    """Where something is known of the last hours: after a longer gap there is no present."""
    rows = max(1, round(RECENT_MINUTES * MINUTE / history.grid))
    last = history.minutes[-1]
    if not np.count_nonzero(np.isnan(last)):
        return np.ones(last.shape, bool)
    return np.asarray(~np.isnan(history.minutes[-rows:]).all(axis=0))

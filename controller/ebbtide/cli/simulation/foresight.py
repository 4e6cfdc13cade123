"""All forecasts that the live loop would have made over a recording, once for many replays."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.forecast import ForecastSpec
from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.cli.models import HOUSE, makers
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import SeriesContext
from ebbtide.loop.forecasting.forecasts import Forecasting, Foresight
from ebbtide.loop.forecasting.series_context import context_of
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.ports.background import AtOnce
from ebbtide.loop.ports.metrics import Span
from ebbtide.planning.sweeping.seen_demand import DELAY, Recorded
from ebbtide.planning.sweeping.seen_forecasts import Forecasts, end_to_end
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes

REACH = 3600.0
"""Seconds that policies look ahead where nothing is said: enough to win capacity back."""


class Announced(NamedTuple):
    """What a calendar says of the demand to come."""

    events: Sequence[ExpectedEvent] = ()
    days: tuple[str, Mapping[int, str]] = ("UTC", MappingProxyType({}))
    """The time zone of days, and those of a kind of their own."""
    first: bool = True
    """Whether the signal is the first of its workload, of which demands in numbers are told."""

    def at(self, newest: float, spec: ForecastSpec) -> SeriesContext:
        """The same as a forecaster wants it at some moment."""
        span = Span(newest - spec.history, newest + spec.horizon)
        return context_of(self.events, self.days, span, first=self.first, time_zone=spec.time_zone)


NOTHING_SAID = Announced()


class Ticks(NamedTuple):
    """When the loop looks, and what it sees by then."""

    now: Lanes
    """Epoch seconds of the ticks."""
    delay: float = DELAY
    """Seconds until a minute can be read."""
    reach: float = REACH
    """Seconds from a tick on that policies look ahead, at most."""


def foreseen(
    recorded: Recorded,
    spec: ForecastSpec,
    ticks: Ticks,
    told: Callable[[int, int], None] | None = None,
    announced: Announced = NOTHING_SAID,
) -> Forecasts:
    """Forecast at each tick what is new by then, by the loop's own forecasting.

    `told` hears how many minutes are done, and of how many; `announced` is what a calendar says.

    Raises:
        InvalidInput: nothing can be foreseen, as nothing is known.

    """
    [found] = foreseen_each([recorded], spec, ticks, told, announced)
    return found


def foreseen_each(
    recordings: Sequence[Recorded],
    spec: ForecastSpec,
    ticks: Ticks,
    told: Callable[[int, int], None] | None = None,
    announced: Announced = NOTHING_SAID,
) -> Sequence[Forecasts]:
    """Forecast recordings of the same minutes side by side, each as if it were alone."""
    forecasting = Forecasting(makers(), AtOnce(), tuple(HOUSE))
    made: list[list[_Made]] = [[] for _ in recordings]
    looks = _looks(recordings[0], ticks)
    for done, look in enumerate(looks, start=1):
        columns = [
            Column(
                key=(f"recording-{place}", "demand"),
                newest=one.start + MINUTE * look.until,
                minutes=look.window(one.minutes, int(spec.history // MINUTE)),
                model=spec.model,
                horizon=spec.horizon,
                trust=spec.trust,
                context=announced.at(one.start + MINUTE * look.until, spec),
            )
            for place, one in enumerate(recordings)
        ]
        forecasting.refresh(columns)
        for column, before in zip(columns, made, strict=True):
            found = forecasting.of(column.key)
            if found and not (before and before[-1].foresight is found):
                before.append(_Made(look.now, found))
        if told:
            told(done, len(looks))
    if not all(made):
        raise InvalidInput("nothing is known of the demand, so nothing can be foreseen")
    return [_gathered(one, ticks) for one in made]


class _Look(NamedTuple):
    """The first tick at which a minute has begun, or can be read."""

    now: float
    until: int
    """The row of the minute that has begun."""
    known: int
    """The row of the newest minute that can be read."""

    def window(self, minutes: Lanes, rows: int) -> Lanes:
        """So many minutes, of which the last ones may not be known yet."""
        first = max(0, self.until + 1 - rows)
        read = minutes[first : self.known + 1]
        return np.concatenate((read, np.full(self.until + 1 - first - read.size, UNKNOWN)))


def _looks(recorded: Recorded, ticks: Ticks) -> Sequence[_Look]:
    since = ticks.now - recorded.start
    until = np.floor(since / MINUTE).astype(np.int64)
    known = np.floor((since - ticks.delay) / MINUTE).astype(np.int64)
    known = np.clip(known, -1, recorded.minutes.size - 1)
    news = np.diff(until, prepend=until[0] - 1) + np.diff(known, prepend=known[0]) > 0
    each = zip(ticks.now[news].tolist(), until[news].tolist(), known[news].tolist(), strict=True)
    return [_Look(*one) for one in each]


class _Made(NamedTuple):
    """A forecast, and the tick at which it was made."""

    now: float
    foresight: Foresight


def _gathered(made: Sequence[_Made], ticks: Ticks) -> Forecasts:
    """The forecasts, each for as long as it is in force and the reach beyond."""
    outlooks = [one.foresight.outlook for one in made]
    ordinary = [one.foresight.ordinary for one in made]
    rows: dict[bytes, int] = {}
    day = [rows.setdefault(one.tobytes(), len(rows)) for one in ordinary]
    since, origins = np.array([one.now for one in made]), np.array([one.origin for one in outlooks])
    kept = np.append(since[1:], ticks.now[-1]) + ticks.reach - origins
    steps = np.ceil(kept / MINUTE).astype(np.int64).tolist()
    each = [one.values[:, :kept] for one, kept in zip(outlooks, steps, strict=True)]
    values, first = end_to_end(each)
    return Forecasts(
        levels=outlooks[0].levels,
        since=since,
        origins=origins,
        values=values,
        first=first,
        steps=outlooks[0].values.shape[1],
        trusted=np.array([one.foresight.trusted for one in made]),
        days=np.stack([ordinary[day.index(row)] for row in range(len(rows))]),
        day=np.array(day),
    )

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
from ebbtide.loop.forecasting.cohort import Column
from ebbtide.loop.forecasting.forecasts import Forecasting, Foresight
from ebbtide.loop.forecasting.series_context import context_of
from ebbtide.loop.ports.background import AtOnce
from ebbtide.loop.ports.metrics import Span
from ebbtide.planning.sweeping.seen_demand import Recorded
from ebbtide.planning.sweeping.seen_forecasts import Forecasts
from ebbtide_policies.demand import MINUTE

REACH = 3600.0
"""Seconds of each forecast that are kept: more than it takes to win capacity back."""


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


def foreseen(
    recorded: Recorded,
    spec: ForecastSpec,
    since: float,
    told: Callable[[int, int], None] | None = None,
    announced: Announced = NOTHING_SAID,
) -> Forecasts:
    """Forecast each minute from `since` (epoch seconds) on by the loop's own forecasting.

    `told` hears how many minutes are done, and of how many; `announced` is what a calendar says.

    Raises:
        InvalidInput: nothing can be foreseen, as nothing is known.

    """
    [found] = foreseen_each([recorded], spec, since, told, announced)
    return found


def foreseen_each(
    recordings: Sequence[Recorded],
    spec: ForecastSpec,
    since: float,
    told: Callable[[int, int], None] | None = None,
    announced: Announced = NOTHING_SAID,
) -> Sequence[Forecasts]:
    """Forecast recordings of the same minutes side by side, each as if it were alone."""
    start, rows = recordings[0].start, recordings[0].minutes.size
    first = max(0, int((since - start) // MINUTE))
    kept, forecasting = int(spec.history // MINUTE), Forecasting(makers(), AtOnce(), tuple(HOUSE))
    made: list[list[Foresight]] = [[] for _ in recordings]
    for row in range(first, rows):
        columns = [
            Column(
                key=(f"recording-{place}", "demand"),
                newest=start + MINUTE * row,
                minutes=one.minutes[max(0, row + 1 - kept) : row + 1],
                model=spec.model,
                horizon=spec.horizon,
                trust=spec.trust,
                context=announced.at(start + MINUTE * row, spec),
            )
            for place, one in enumerate(recordings)
        ]
        forecasting.refresh(columns)
        for column, before in zip(columns, made, strict=True):
            found = forecasting.of(column.key)
            if found and not (before and before[-1].outlook.origin == found.outlook.origin):
                before.append(found)
        if told:
            told(row + 1 - first, rows - first)
    if not all(made):
        raise InvalidInput("nothing is known of the demand, so nothing can be foreseen")
    return [_gathered(one) for one in made]


def _gathered(made: Sequence[Foresight]) -> Forecasts:
    """The forecasts, minute by minute."""
    kept = int(np.ceil(REACH / MINUTE)) + 1
    rows: dict[bytes, int] = {}
    day = [rows.setdefault(one.ordinary.tobytes(), len(rows)) for one in made]
    first = [day.index(row) for row in range(len(rows))]
    return Forecasts(
        levels=made[0].outlook.levels,
        origins=np.array([one.outlook.origin for one in made]),
        values=np.stack([one.outlook.values[:, :kept] for one in made]),
        steps=made[0].outlook.values.shape[1],
        trusted=np.array([one.trusted for one in made]),
        days=np.stack([made[at].ordinary for at in first]),
        day=np.array(day),
    )

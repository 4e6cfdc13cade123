"""What `Tide` foresees where the clock is put forward or back."""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest

from ebbtide.forecast.contract import MINUTE, Context, Floats, Forecast, History, SeriesContext
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.tide.made_up import GRID, ROWS, SERIES, returning, season

NEW_YORK = "America/New_York"
BY_CLOCK = Context(SERIES * (SeriesContext(clock=NEW_YORK),))
HORIZON = 12
HOUR = 60 // GRID
DAYS_BEFORE = 12


class Change(NamedTuple):
    """A moment at which a clock is changed, and by how many rows it is put forward."""

    at: datetime
    rows: int

    def known(self, values: Floats, hours: float) -> History:
        """What is known of demand so many hours after it."""
        end = DAYS_BEFORE * ROWS + round(hours * HOUR)
        last = self.at.timestamp() + MINUTE * GRID * round(hours * HOUR - 1)
        return History(last, values[:end], MINUTE * GRID)


SPRING = Change(datetime(2026, 3, 8, 7, tzinfo=UTC), HOUR)
AUTUMN = Change(datetime(2026, 11, 1, 6, tzinfo=UTC), -HOUR)
CHANGES = pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["forward", "back"])


def demand(moved: int, days: int = DAYS_BEFORE + 8) -> Floats:
    """The same day again and again, which comes so many rows earlier after the change."""
    usual, rows = season(days + 2), np.arange(days * ROWS)
    moved_rows = rows + ROWS + np.where(rows < DAYS_BEFORE * ROWS, 0, moved)
    return np.asarray(1000 * usual[moved_rows] * np.exp(returning(len(rows), 0.004)))


def errors(change: Change, values: Floats, context: Context, hours: range) -> Floats:
    """Mean errors half an hour, one and two hours ahead, over some hours after the change."""
    model, missed = Tide(), []
    for hour in hours:
        known = change.known(values, hour)
        made = model.forecast(known, HORIZON, context).values[0, [2, 5, 11]]
        came = values[len(known.minutes) + np.array((2, 5, 11))]
        missed.append(np.abs(made - came).mean(axis=1))
    return np.asarray(np.mean(missed, axis=0))


@CHANGES
def test_the_day_after_it_is_foreseen_as_well_as_any_other(change: Change) -> None:
    hours = range(3, 27)
    usual = errors(change, demand(0), Context(), hours)
    moved = demand(change.rows)
    by_clock, by_utc = (errors(change, moved, each, hours) for each in (BY_CLOCK, Context()))
    assert (by_clock < 1.25 * usual).all()
    assert (by_utc > 2 * usual).all()


@CHANGES
def test_two_hours_before_it_demand_is_foreseen_by_the_clock_that_will_be(change: Change) -> None:
    moved = demand(change.rows)
    made = [
        Tide().forecast(change.known(moved, -1), HORIZON, each) for each in (BY_CLOCK, Context())
    ]
    came = moved[DAYS_BEFORE * ROWS - HOUR :][HORIZON - 1]
    by_clock, by_utc = (np.abs(each.values[0, -1] - came).mean() for each in made)
    assert by_clock < by_utc / 2


@CHANGES
def test_an_ordinary_day_goes_by_the_clock(change: Change) -> None:
    model, moved = Tide(), demand(change.rows)
    before = model.forecast(change.known(moved, -1), HORIZON, BY_CLOCK).ordinary
    after = model.forecast(change.known(moved, 1), HORIZON, BY_CLOCK).ordinary
    assert np.allclose(after, np.roll(before, -change.rows * GRID, axis=0), rtol=2e-3)
    late = change.known(moved, 40)
    usual = model.forecast(late, HORIZON, BY_CLOCK).ordinary
    told = usual[late.minute_of_day - GRID * np.arange(ROWS)]
    assert np.abs(told / late.minutes[: -ROWS - 1 : -1] - 1).mean() < 0.05


@CHANGES
@pytest.mark.parametrize("hours", [33, 36, 45])
@pytest.mark.parametrize("left", [0.4, 2.5], ids=["slump", "surge"])
def test_what_left_the_season_on_the_days_after_it_is_foreseen_to_stay(
    change: Change, hours: int, left: float
) -> None:
    """As soon and as exactly as if no clock had been changed."""
    missed = []
    for values, context in ((demand(0), Context()), (demand(change.rows), BY_CLOCK)):
        known = change.known(values, hours)
        known.minutes[-HOUR:] *= left
        made = Tide().forecast(known, HORIZON, context).values[0]
        came = left * values[len(known.minutes) :][:HORIZON]
        missed.append(np.abs(made / came - 1).mean())
    assert missed[1] < 1.25 * missed[0] + 0.01


@CHANGES
def test_a_successor_foresees_the_same(change: Change) -> None:
    model, moved = Tide(), demand(change.rows)
    for hour in (-6, *range(1, 29)):
        model.forecast(change.known(moved, hour), HORIZON, BY_CLOCK)
    made = model.forecast(change.known(moved, 29), HORIZON, BY_CLOCK).values
    anew = Tide().forecast(change.known(moved, 29), HORIZON, BY_CLOCK).values
    assert np.abs(made / anew - 1).max() < Tide.tolerance


def test_where_clocks_differ_each_series_is_foreseen_by_its_own() -> None:
    clocks = ("", NEW_YORK, "Europe/Berlin", NEW_YORK, "", "", "Europe/Berlin", "")
    mixed = Context(tuple(SeriesContext(clock=clock) for clock in clocks))
    known = SPRING.known(demand(HOUR), 20)
    made, model = Tide().forecast(known, HORIZON, mixed), Tide()
    for column, clock in enumerate(clocks):
        alone = known._replace(minutes=known.minutes[:, column : column + 1])
        one = model.forecast(alone, HORIZON, Context((SeriesContext(clock=clock),)))
        assert _same(one, made, column)
    assert model.forecast(known, HORIZON).values.shape == made.values.shape


def test_nothing_but_the_clock_is_asked_of_a_zone() -> None:
    """In the middle of summer a clock that is an hour ahead tells the same days as any other."""
    values, end = demand(0), datetime(2026, 7, 20, 12, tzinfo=UTC).timestamp()
    known = History(end, values[: 15 * ROWS], MINUTE * GRID)
    one, other = (Tide().forecast(known, HORIZON, each) for each in (BY_CLOCK, Context()))
    assert np.allclose(one.values, other.values, rtol=1e-3)
    assert np.array_equal(one.ordinary, other.ordinary)


def _same(one: Forecast, made: Forecast, column: int) -> bool:
    """Whether the forecast of one series is that of a column, but for how sums are rounded."""
    assert one.measured
    assert made.measured
    pairs = (
        (one.values[:, :, 0], made.values[:, :, column]),
        (one.ordinary[:, 0], made.ordinary[:, column]),
        (one.trusted[0], made.trusted[column]),
        (one.measured.own[:, 0], made.measured.own[:, column]),
    )
    return all(np.allclose(alone, mixed, rtol=1e-5) for alone, mixed in pairs)

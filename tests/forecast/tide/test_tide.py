"""`Tide`: the contract, no look-ahead, widths that hold, and its cost."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import DAY, LEVELS, Floats, History
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.conformance import CHECKS, END, HORIZON, Maker, day_shape, history

HOUR = 60


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_tide_keeps_the_contract(check: Callable[[Maker], None]) -> None:
    check(Tide)


def later(values: Floats, rows: int, window: int = 3 * DAY) -> History:
    """The history so many rows after the first `window` of them."""
    return History(END + 60 * rows, values[: window + rows, None])


def test_the_future_changes_nothing() -> None:
    values = day_shape(4 * DAY)
    other = values.copy()
    other[3 * DAY :] *= 7
    one, same = (Tide().forecast(later(v, 0), HORIZON) for v in (values, other))
    assert np.array_equal(one.values, same.values)


def recorded(minutes: int, grid: int) -> Floats:
    """Demand of many kinds: with gaps, spikes, a reset, nearly nothing, silent nights, jobs."""
    rng = np.random.default_rng(6)
    gappy, spiky, reset = (day_shape(minutes, seed) for seed in (1, 2, 3))
    gappy[rng.random(minutes) < 0.1] = np.nan
    spiky *= 1 + 20 * np.convolve(rng.random(minutes) < 0.001, 0.9 ** np.arange(40))[:minutes]
    reset[minutes // 2 :] /= 5
    night = np.maximum(day_shape(minutes, 4) - 800, 0)
    jobs = day_shape(minutes, 7)
    jobs[::120] += 600
    tiny = day_shape(minutes, 5, 0.003)
    return np.stack((gappy, spiky, reset, night, tiny, jobs), axis=1)[::grid]


@pytest.mark.parametrize(("grid", "days"), [(10, 7), (1, 7), (1, 1)])
def test_a_successor_with_four_weeks_of_history_foresees_the_same(grid: int, days: int) -> None:
    window = 28 * DAY // grid
    values, model = recorded((28 + days) * DAY, grid), Tide()
    seconds, reach = 60.0 * grid, HORIZON // grid
    model.forecast(History(END - days * 86400, values[:window], seconds), reach)
    seen = History(END, values[-window:], seconds)
    gone_on, anew = model.forecast(seen, reach), Tide().forecast(seen, reach)
    assert gone_on.values == pytest.approx(anew.values, rel=0.01)


@pytest.mark.parametrize("begins", [4e8, 1e12])
def test_demand_of_any_size_is_foreseen_after_days_of_nothing(begins: float) -> None:
    values = np.zeros((3 * DAY, 1))
    values[-200:] = begins * day_shape(200)[:, None] / 1000
    model = Tide()
    for left in (100, 1, 0):
        made = model.forecast(History(END - 60.0 * left, values[: len(values) - left], 60.0), 120)
        assert made.values[0, 0] == pytest.approx(values[-1 - left], rel=0.1)
        assert np.isfinite(made.values).all()


def test_rows_learnt_one_by_one_or_at_once_foresee_the_same() -> None:
    values, slow, fast = day_shape(4 * DAY), Tide(), Tide()
    for model in (slow, fast):
        model.forecast(later(values, 0), HORIZON)
    for row in range(1, 200):
        slow.forecast(later(values, row), HORIZON)
    one, same = (model.forecast(later(values, 200), HORIZON) for model in (slow, fast))
    assert one.values == pytest.approx(same.values, rel=1e-3)


def test_many_series_are_foreseen_as_each_alone() -> None:
    size, rows = 300, 4 * HOUR
    many = np.stack([day_shape(rows + 3, seed) for seed in range(size)], axis=1)
    model, picked = Tide(), [0, 255, 256, size - 1]
    alone = [Tide() for _ in picked]
    for row in range(4):
        known = History(END + 60 * row, many[: rows + row])
        together = model.forecast(known, HOUR).values
        for one, column in zip(alone, picked, strict=True):
            own = one.forecast(known._replace(minutes=known.minutes[:, [column]]), HOUR).values
            assert together[:, :, [column]] == pytest.approx(own, rel=1e-4)


def test_a_history_that_lost_its_first_day_goes_on() -> None:
    values, model = day_shape(4 * DAY), Tide()
    model.forecast(later(values, 0), HORIZON)
    before = model.learnt
    model.forecast(History(END + 60 * DAY, values[DAY:, None]), HORIZON)
    assert model.learnt == before + DAY


def test_a_new_minute_costs_one_row_and_not_the_history() -> None:
    values, model = day_shape(4 * DAY), Tide()
    model.forecast(later(values, 0), HORIZON)
    before = model.learnt
    model.forecast(later(values, 1), HORIZON)
    assert model.learnt == before + 1
    model.forecast(later(values, 1), HORIZON)
    assert model.learnt == before + 1


def test_what_is_kept_goes_on_as_if_it_had_never_been_put_away() -> None:
    values, model = day_shape(4 * DAY), Tide()
    model.forecast(later(values, 0), HORIZON)
    kept = pickle.loads(pickle.dumps(model))
    for rows in (0, 1, 800):  # the last one of the next day
        on, anew = (one.forecast(later(values, rows), HORIZON) for one in (model, kept))
        assert np.array_equal(on.values, anew.values)
        assert np.array_equal(on.ordinary, anew.ordinary)


def test_a_minute_that_comes_late_costs_its_own_series_only() -> None:
    columns = np.stack([day_shape(2 * DAY, seed) for seed in range(4)], axis=1)
    late, model = columns.copy(), Tide()
    late[-3, 1] = np.nan
    model.forecast(History(END - 60, late[:-1]), HORIZON)
    before = model.learnt
    made = model.forecast(History(END, columns), HORIZON)
    assert model.learnt - before <= columns[:, 1].size + 3
    alone = Tide().forecast(History(END, columns[:, 1:2]), HORIZON)
    assert made.values[:, :, 1] == pytest.approx(alone.values[:, :, 0], rel=0.02)


def test_a_series_that_was_late_goes_on_with_the_others() -> None:
    columns = np.stack([day_shape(2 * DAY + 4, seed) for seed in range(5)], axis=1)
    model, always = Tide(), Tide()

    def told(rows: int, picked: Floats, by: Tide = model) -> Floats:
        known = columns[: 2 * DAY + rows, picked.astype(int)]
        return by.forecast(History(END + 60 * rows, known), HORIZON).values

    every, punctual, late = np.arange(5.0), np.array([0.0, 1.0, 3.0, 4.0]), np.array([2.0])
    told(0, every)
    for rows in (1, 2):
        told(rows, punctual)
        told(0, late)
    made = told(3, every)
    for rows in (0, 1, 2):
        told(rows, every, always)
    assert made == pytest.approx(told(3, every, always), rel=1e-4)
    assert model.learnt == always.learnt


def test_series_that_change_places_are_recognized() -> None:
    columns = np.stack([day_shape(2 * DAY, seed) for seed in range(3)], axis=1)
    model = Tide()
    straight = model.forecast(History(END, columns), HORIZON)
    turned = model.forecast(History(END, columns[:, ::-1]), HORIZON)
    assert np.array_equal(straight.values[:, :, ::-1], turned.values)


def test_series_that_have_ended_alike_are_told_apart() -> None:
    columns = np.stack([day_shape(2 * DAY, seed, level=10.0**seed) for seed in range(4)], axis=1)
    columns[-60:] = 0.0
    model = Tide()
    together = model.forecast(History(END, columns), HORIZON)
    some = model.forecast(History(END, columns[:, [2, 0, 3]]), HORIZON)
    assert model.learnt == columns.size
    assert np.array_equal(together.values[:, :, [2, 0, 3]], some.values)


@pytest.mark.parametrize("grid", [1, 5, 10, 60])
def test_every_grid_is_foreseen_better_than_by_the_last_value(grid: int) -> None:
    rows = 12 * DAY // grid
    values = day_shape(12 * DAY)[::grid]
    reach = max(1, 120 // grid)
    own: list[float] = []
    plain: list[float] = []
    model, rival = Tide(), persistence()
    for row in range(rows - DAY // grid, rows - reach, max(1, 30 // grid)):
        known = History(END - 60 * grid * (rows - row), values[: row + 1, None], 60.0 * grid)
        for made, errors in ((model, own), (rival, plain)):
            median = made.forecast(known, reach).values[0, -1, 0]
            errors.append(abs(median - values[row + reach]))
    assert np.mean(own) < 0.6 * np.mean(plain)


def test_the_quantiles_cover_what_they_say() -> None:
    values = np.stack([day_shape(8 * DAY, seed) for seed in range(8)], axis=1)
    model, ahead = Tide(), np.array([1, 10, 30, 120])
    inside = []
    for row in range(6 * DAY, 8 * DAY - 120, 25):
        made = model.forecast(History(END + 60.0 * row, values[: row + 1]), HORIZON)
        inside.append(values[row + ahead] <= made.values[:, ahead - 1])
    found = np.mean(inside, axis=(0, 2, 3))
    assert np.abs(found - np.array(LEVELS)).max() < 0.06


@pytest.mark.parametrize("level", [0.003, 7.0, 1e12])
def test_the_unit_of_demand_does_not_matter(level: float) -> None:
    values = day_shape(2 * DAY, level=1.0)
    one = Tide().forecast(history(values), HORIZON).values
    other = Tide().forecast(history(level * values), HORIZON).values
    assert other / level == pytest.approx(one, rel=0.02)


def test_a_constant_series_is_foreseen_as_it_is() -> None:
    made = Tide().forecast(history(np.full(DAY, 7.0)), HORIZON)
    assert made.values[0] == pytest.approx(7.0)
    assert made.values[LEVELS.index(0.99)].max() < 7.1
    assert made.trusted[0]


def test_a_fall_does_not_widen_what_is_above_it() -> None:
    rows = 14 * DAY
    values = 1000 * (1.5 + np.sin(np.arange(rows + HOUR) * 2 * np.pi / DAY))
    values *= np.exp(np.random.default_rng(1).normal(0, 0.02, values.size))
    values[rows:] /= 2
    model, upper = Tide(), LEVELS.index(0.9)

    def shares(minutes: int) -> Floats:
        known = History(END + 60 * minutes, values[: rows + minutes, None])
        made = model.forecast(known, HOUR).values[:, :, 0]
        return np.asarray(made[upper] / made[0] - 1)

    before = shares(0)
    for minute in (10, 30, 60):
        assert (shares(minute) < 4 * before.max()).all()


def test_after_a_fall_nothing_that_was_before_it_is_foreseen() -> None:
    rows = 2 * DAY
    values = 1000 * np.exp(np.random.default_rng(1).normal(0, 0.01, rows + HOUR))
    values[rows:] = 60
    made = Tide().forecast(History(END, values[: rows + 10, None]), 60).values
    assert made[LEVELS.index(0.9), :30].max() < 300


@pytest.mark.parametrize("times", [200, 1000])
@pytest.mark.parametrize("ago", [DAY // 2, 2 * DAY])
def test_after_a_fall_to_next_to_nothing_that_is_foreseen_to_stay(times: int, ago: int) -> None:
    values = day_shape(8 * DAY)
    values[-ago:] /= times
    made = Tide().forecast(history(values), HORIZON).values[0, :, 0]
    assert (made[:HOUR] > 0.4 * values[-1]).all()
    assert (made[:HOUR] < 2 * values[-1]).all()


def test_with_little_history_it_is_wide() -> None:
    made = Tide().forecast(history(np.full(10, 10.0)), HORIZON)
    assert made.values[LEVELS.index(0.99), -1, 0] >= 15.0


def test_after_a_long_gap_there_is_no_forecast() -> None:
    values = day_shape(3 * DAY)
    short, long = values.copy(), values.copy()
    short[-20:], long[-200:] = np.nan, np.nan
    made = Tide().forecast(history(short, long), HORIZON)
    assert made.trusted.tolist() == [True, False]
    assert np.isfinite(made.values[:, :, 0]).all()
    assert np.isnan(made.values[:, :, 1]).all()


def test_a_forecast_that_keeps_up_with_the_last_value_is_trusted() -> None:
    quiet = np.random.default_rng(4).normal(1000, 1, 6 * DAY)
    made = Tide().forecast(history(quiet, day_shape(6 * DAY)), HORIZON)
    assert made.trusted.all()

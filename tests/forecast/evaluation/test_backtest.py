"""Rolling origins: which there are, that nothing later is seen, and the numbers that come out."""

import math

import numpy as np
import pytest

from ebbtide.forecast.baselines.holt_winters import holt_winters
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import (
    DAY,
    LEVELS,
    NO_CONTEXT,
    Context,
    Floats,
    Forecast,
    History,
)
from ebbtide.forecast.evaluation.accuracy import accuracies, accuracy, summary
from ebbtide.forecast.evaluation.backtest import (
    WEEK,
    Course,
    Series,
    origins,
    scored,
    steps_of,
    walk,
)
from ebbtide.forecast.evaluation.pinball import SCORED
from tests.forecast.conformance import END, Maker, day_shape

START = WEEK * 2900  # a Thursday, where a week begins


def series(values: Floats, grid: float = 60.0) -> Series:
    return Series(name="edge", start=START, grid=grid, values=values)


def course(values: Floats, rows: list[int], steps: tuple[int, ...] = (1, 3)) -> Course:
    return Course(series=series(values), origins=np.array(rows), steps=steps, limit=28 * DAY)


# --- origins


@pytest.mark.parametrize(
    ("grid", "wanted"),
    [
        (60.0, (1, 3, 10, 30, 60, 120)),
        (300.0, (10, 30, 60, 120)),
        (600.0, (10, 30, 60, 120)),
        (3600.0, (60, 120, 240)),
        (7200.0, (120, 240)),
        (86400.0, ()),
    ],
)
def test_a_grid_is_scored_at_the_steps_that_it_divides(
    grid: float, wanted: tuple[int, ...]
) -> None:
    assert steps_of(grid) == wanted


def test_origins_are_evenly_spaced_over_the_last_sixty_percent() -> None:
    found = origins(series(np.ones(1000)), 5, reach=120)
    assert found.tolist() == [400, 519, 639, 759, 879]


def test_the_first_origin_is_rounded_up_and_the_last_can_still_be_scored() -> None:
    found = origins(series(np.ones(1001)), 1000, reach=120)
    assert (found[0], found[-1]) == (401, 880)
    assert np.all(np.diff(found) == 1)


def test_an_origin_whose_value_is_not_known_is_left_out() -> None:
    values = np.ones(1000)
    values[519] = np.nan
    assert origins(series(values), 5, reach=120).tolist() == [400, 639, 759, 879]


def test_a_series_that_is_too_short_has_no_origins() -> None:
    assert origins(series(np.ones(100)), 5, reach=120).size == 0


def test_the_reach_is_in_minutes_whatever_the_grid() -> None:
    found = origins(series(np.ones(100), grid=3600.0), 2, reach=240)
    assert found.tolist() == [40, 95]


# --- no look-ahead


class Spy:
    """Remembers what it was handed."""

    name = "Spy"
    stateless = True

    def __init__(self, seen: list[History]) -> None:
        self._seen = seen

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        self._seen.append(history)
        return persistence().forecast(history, horizon)


def test_a_forecaster_is_handed_the_history_up_to_its_origin() -> None:
    seen: list[History] = []
    values = np.arange(5000.0)
    asked = Course(series=series(values), origins=np.array([3000, 4000]), steps=(1,), limit=2000)
    list(walk(lambda: Spy(seen), asked))
    assert [(h.end, h.minutes[0, 0], h.minutes[-1, 0]) for h in seen] == [
        (START + 60 * 3000, 1001, 3000),
        (START + 60 * 4000, 2001, 4000),
    ]
    assert not any(history.minutes.flags.writeable for history in seen)


class Learner(Spy):
    """Learns as it goes."""

    stateless = False


def test_a_forecaster_that_learns_as_it_goes_is_begun_anew_each_week() -> None:
    made: list[int] = []
    seen: list[History] = []

    def make() -> Learner:
        made.append(len(seen))
        return Learner(seen)

    values, week = np.ones(3 * 7 * 24), 7 * 24
    asked = Course(
        series=series(values, 3600.0),
        origins=np.array([week - 2, week - 1, week, 2 * week + 5]),
        steps=(60,),
        limit=10**6,
    )
    list(walk(make, asked))
    ends = [round((history.end - START) / 3600) for history in seen]
    assert ends == [0, week - 2, week - 1, week, week, 2 * week, 2 * week + 5]
    assert made[-2:] == [3, 5]


@pytest.mark.parametrize("make", [persistence, holt_winters], ids=["persistence", "holt-winters"])
def test_another_future_gives_the_same_forecast(make: Maker) -> None:
    values = day_shape(4 * DAY)
    other = values.copy()
    rows = [2 * DAY, 2 * DAY + 100, 3 * DAY]
    other[rows[-1] + 1 :] *= 7
    cut = values[: rows[-1] + 1]
    told = [
        np.stack([scored(made, asked) for made in walk(make, asked)])
        for asked in (course(variant, rows) for variant in (values, other, cut))
    ]
    assert np.array_equal(told[0], told[1])
    assert np.array_equal(told[0], told[2])


def test_the_quantiles_that_are_scored_are_those_of_the_steps() -> None:
    values = np.arange(2.0 * len(LEVELS) * 5).reshape(len(LEVELS), 10, 1)
    made = Forecast(END, values, np.zeros((DAY, 1)), np.ones(1, bool))
    found = scored(made, course(np.ones(10), [5]))
    picked = values[[LEVELS.index(level) for level in SCORED]]
    assert np.array_equal(found, picked[:, [0, 2], 0].T)


# --- the numbers


def test_accuracy_is_what_was_reckoned_by_hand() -> None:
    truth, now = np.array([100.0, 200.0, 100.0, np.nan]), np.array([100.0, 100.0, 90.0, 80.0])
    made = np.array([[110.0, 120, 130], [150, 180, 210], [100, 100, 100], [1, 2, 3]])
    found = accuracy(made, truth, now)
    assert (found.n, found.ramps, found.ramps_covered) == (3, 1, (0, 0, 1))
    assert found.wape == pytest.approx((10 + 50 + 0) / 400)
    assert found.bias == pytest.approx((10 - 50) / 400)
    assert found.pinball == pytest.approx(
        ((5 + 25) / 400, (0.1 * 20 + 0.9 * 20) / 400, (0.01 * 30 + 0.01 * 10) / 400)
    )
    assert found.coverage == pytest.approx((2 / 3, 2 / 3, 1.0))


def test_truth_ends_with_the_series_and_only_what_is_known_is_scored() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, 5.0])
    asked = course(values, [0, 1, 2])
    came = np.array([[2, np.nan], [3, 5], [np.nan, np.nan]])
    assert np.array_equal(asked.truth(), came, equal_nan=True)
    told = accuracies(np.ones((3, 2, 3)), asked)
    assert {step: one.n for step, one in told.items()} == {1: 2, 3: 1}
    assert list(accuracies(np.ones((1, 2, 3)), course(values, [4]))) == []


def test_a_model_that_is_exactly_right_errs_by_nothing_of_what_the_yardstick_does() -> None:
    truth, now = np.array([100.0, 200.0]), np.array([100.0, 100.0])
    right, wrong = (accuracy((truth + by)[:, None] + np.zeros(3), truth, now) for by in (0, 4.0))
    found = summary([right], [wrong])
    assert (found.wape, found.pinball) == (0.0, (0.0, 0.0, 0.0))
    assert summary([right, wrong], [wrong, wrong]).wape == 1.0
    assert math.isnan(summary([right], [right]).wape)


def test_a_summary_is_the_geometric_mean_of_ratios_and_pools_ramps() -> None:
    truth, now = np.array([100.0, 200.0]), np.array([100.0, 100.0])

    def off(by: float) -> Floats:
        return (truth + by)[:, None] + np.zeros(3)

    mine = [accuracy(off(2.0), truth, now), accuracy(off(-8.0), truth, now)]
    other = [accuracy(off(4.0), truth, now), accuracy(off(4.0), truth, now)]
    found = summary(mine, other)
    assert found.series == 2
    assert found.wape == pytest.approx(math.sqrt(0.5 * 2.0))
    assert found.coverage == (0.5, 0.5, 0.5)
    assert (found.ramps, found.ramp_coverage) == (2, (0.5, 0.5, 0.5))
    assert found.bias == pytest.approx((2 / 150 - 8 / 150) / 2)


def test_a_series_without_demand_has_no_part_in_a_bias() -> None:
    asleep = accuracy(np.zeros((2, 3)), np.zeros(2), np.zeros(2))
    awake = accuracy(np.full((2, 3), 110.0), np.full(2, 100.0), np.zeros(2))
    assert summary([asleep, awake], [asleep, awake]).bias == pytest.approx(0.1)
    assert math.isnan(summary([asleep], [asleep]).bias)

"""The surge: demand that rose beyond all of the last week and stays is foreseen to stay."""

import numpy as np
import pytest

from ebbtide.forecast.adjustments.surge import surged
from ebbtide.forecast.contract import DAY, Floats, History
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.adjustments.off_season import USUAL, left, season, uneven
from tests.forecast.conformance import END, HORIZON
from tests.forecast.tide.made_up import returning

CAME = 3000.0


def risen(minutes: int, days: int = 8, to: float = CAME) -> Floats:
    """The usual, and what came beside it so many minutes ago."""
    return left(minutes, days, to)


def as_before(days: int) -> Floats:
    """What has been high for an hour, as it was for an hour so many days ago, at another time."""
    values = risen(60, days=14)
    values[-days * DAY - 300 : -days * DAY - 240] = CAME
    return values


def ebbing(to: float) -> Floats:
    """What was as high for half an hour, and has lost a third of its excess since."""
    values = risen(60, to=to)
    values[-30:, 0] = USUAL + (to - USUAL) * np.linspace(1, 0.66, 30)
    return values


@pytest.mark.parametrize(
    ("minutes", "ahead", "least"),
    [
        pytest.param(5, 1, 0.8, id="after five minutes, for the next"),
        pytest.param(10, 5, 0.9, id="after ten minutes, for five"),
        pytest.param(40, 120, 0.95, id="after forty, for as far as it is foreseen"),
    ],
)
def test_what_has_stayed_high_is_foreseen_to_stay(minutes: int, ahead: int, least: float) -> None:
    made = surged(*season(risen(minutes)))
    assert (made.values[0, :ahead] > least * CAME).all()
    assert (made.values[0, :ahead] <= CAME).all()
    assert (np.diff(made.values, axis=0) > 0).all()


@pytest.mark.parametrize("share", [1.2, 1.4, 3.0])
def test_where_days_are_alike_a_fifth_more_is_new(share: float) -> None:
    came = share * USUAL
    assert (surged(*season(risen(40, to=came))).values[0] > 0.97 * came).all()


def test_where_days_differ_half_as_much_again_is_new_at_last() -> None:
    values = uneven(risen(60, to=2.0 * USUAL), 0.2)
    assert (surged(*season(values)).values[0] > 1.9 * USUAL).all()


@pytest.mark.parametrize("grid", [1, 5, 10])
def test_a_surge_is_told_on_every_grid(grid: int) -> None:
    made = surged(*season(risen(60)[::grid], grid))
    assert (made.values[0] > 0.9 * CAME).all()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(risen(60, to=1.14 * USUAL), id="hardly more than the usual"),
        pytest.param(uneven(risen(60, to=1.4 * USUAL), 0.2), id="no more than days differ"),
        pytest.param(ebbing(to=CAME), id="what has lost a third of its excess"),
        pytest.param(as_before(1), id="as high as yesterday"),
        pytest.param(as_before(6), id="as high as six days ago"),
        pytest.param(risen(60)[-120:], id="nothing is known of the days before"),
        pytest.param(np.full((3 * DAY, 1), USUAL), id="an ordinary day"),
        pytest.param(np.full((3 * DAY, 1), np.nan), id="nothing is known"),
    ],
)
def test_where_nothing_surges_the_forecast_is_the_same_one(values: Floats) -> None:
    forecast, known = season(values)
    assert surged(forecast, known) is forecast


def test_what_was_as_high_eight_days_ago_is_new() -> None:
    forecast, known = season(as_before(8))
    assert (surged(forecast, known).values[0] > 0.9 * CAME).all()


def test_a_surge_brings_no_forecast_down() -> None:
    forecast, known = season(risen(60))
    higher = forecast._replace(values=forecast.values + CAME)
    assert np.array_equal(surged(higher, known).values, higher.values)


def test_gaps_in_a_surge_are_bridged() -> None:
    values = risen(90)
    values[-40:-10] = np.nan
    assert (surged(*season(values)).values[0] > 0.9 * CAME).all()


def test_a_series_surges_the_same_in_company() -> None:
    several = np.concatenate([risen(40), risen(0), risen(90, to=5 * USUAL)], axis=1)
    together = surged(*season(several)).values
    for i in range(3):
        assert together[:, :, i] == pytest.approx(surged(*season(several[:, [i]])).values[:, :, 0])


@pytest.mark.parametrize("minutes", [20, 60, 120])
def test_tide_foresees_that_an_audience_stays_that_nobody_expected(minutes: int) -> None:
    day = np.exp(0.6 * np.cos(2 * np.pi * np.arange(8 * DAY) / DAY))[:, None]
    came = risen(minutes + HORIZON) * day
    known = came * np.exp(returning(len(came), 0.01))
    made = Tide(ebbs=False).forecast(History(END, known[:-HORIZON]), HORIZON)
    assert (made.values[0] > 0.9 * came[-HORIZON:]).all()

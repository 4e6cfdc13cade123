"""The ebb: what an event left behind decays, and the forecast follows it while that is better."""

import os
import pathlib
from statistics import geometric_mean

import numpy as np
import pytest

from ebbtide.cli.models import Make
from ebbtide.forecast.adjustments.decay import fit
from ebbtide.forecast.adjustments.ebb import ebbed
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import DAY, Floats, Forecast, History, Measured
from ebbtide.forecast.tide.forecaster import Tide
from tests.bench import forecast_events
from tests.forecast.conformance import END, HORIZON

USUAL = 1000.0
HALF_LIFE = 90.0
HALF_LIVES = (20.0, 60.0, 90.0, 180.0, 400.0)
RISE = 30


def event(
    since: int,
    *,
    days: int = 4,
    floor: float = 0.0,
    noise: float = 0.02,
    half_life: float = HALF_LIFE,
) -> Floats:
    """A level demand, and an event to five times of it whose peak was so many minutes ago."""
    rng = np.random.default_rng(7)
    at = np.arange(-days * DAY + since + 1, since + 1)
    decay = floor + (4 - floor) * 0.5 ** (np.maximum(at, 0) / half_life)
    excess = np.where(at < 0, np.maximum(4 * (1 + at / RISE), 0), decay)
    return np.asarray(USUAL * (1 + excess) * np.exp(rng.normal(0, noise, at.size)))


def plain(values: Floats, usual: float = USUAL) -> tuple[Forecast, History]:
    """What persistence says of it, and a usual that does not change."""
    known = History(END, values[:, None])
    made = persistence().forecast(known, HORIZON)
    return made._replace(ordinary=np.full((DAY, 1), usual)), known


@pytest.mark.parametrize(
    ("minutes", "most"),
    [
        pytest.param(30, 0.8, id="while little of it is seen"),
        pytest.param(90, 0.5, id="after an hour and a half"),
        pytest.param(180, 0.5, id="after three hours"),
    ],
)
def test_what_is_left_of_an_event_is_foreseen_to_decay(minutes: int, most: float) -> None:
    came = event(minutes + HORIZON)
    forecast, known = plain(came[:-HORIZON])
    made = ebbed(forecast, known)
    errors = [np.abs(one.values[0, :, 0] - came[-HORIZON:]).mean() for one in (made, forecast)]
    assert errors[0] < most * errors[1]
    assert (np.diff(made.values, axis=0) >= 0).all()


def test_a_rate_and_a_floor_are_found() -> None:
    at = np.arange(600.0)
    excess = (200 + 800 * np.exp(-0.01 * at))[:, None]
    found = fit(excess, np.ones_like(excess, bool), np.array([0.02]), 12.0)
    assert found.rate[0, 0] == pytest.approx(0.02)
    assert found.rate[-1, 0] == pytest.approx(0.01, rel=0.4)
    assert found.floor[-1, 0] == pytest.approx(200, rel=0.4)


def test_what_is_thought_to_decay_slowly_is_found_not_to_without_a_floor_below_the_usual() -> None:
    excess = (800 * np.exp(-0.05 * np.arange(30.0)))[:, None]
    found = fit(excess, np.ones_like(excess, bool), np.array([0.01]), 12.0)
    assert found.floor[-1, 0] == 0
    assert found.rate[-1, 0] == pytest.approx(0.05, rel=0.4)


def test_how_earlier_events_decayed_is_expected_of_the_next() -> None:
    slow = event(20, days=2)
    at = np.arange(-DAY, DAY)
    earlier = np.where(at < 0, 0, 4 * np.exp(-np.maximum(at, 0) / 60))
    quick = np.concatenate((USUAL * (1 + earlier), slow))
    [first], [second] = (
        ebbed(*plain(values)).values[0, 59] for values in (np.append(quick[:DAY], slow), quick)
    )
    assert second < first


@pytest.mark.parametrize(
    ("earlier", "errs", "follows"),
    [
        pytest.param(3, 0.6, False, id="earlier ones are known, and what errs less since then"),
        pytest.param(3, 1.0, True, id="earlier ones are known, but it errs as the last value does"),
        pytest.param(0, 0.6, True, id="it errs less, but no earlier one is known"),
    ],
)
def test_a_forecast_that_has_learnt_how_excesses_end_is_left_as_it_is(
    earlier: int, errs: float, *, follows: bool
) -> None:
    known = np.concatenate([*[event(DAY, days=1)] * earlier, event(30)])
    forecast, history = plain(known)
    own, plainly = np.full((1, 1), errs), np.ones((1, 1))
    forecast = forecast._replace(measured=Measured((30,), own, plainly))
    before, after = forecast.values[0, 59, 0], ebbed(forecast, history).values[0, 59, 0]
    assert (before - after > 0.1 * before) == follows


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(3 * DAY, USUAL), id="an ordinary day"),
        pytest.param(event(0), id="still rising"),
        pytest.param(np.zeros(3 * DAY), id="nothing"),
        pytest.param(np.full(3 * DAY, np.nan), id="unknown"),
    ],
)
def test_where_nothing_ebbs_the_forecast_is_the_same_one(values: Floats) -> None:
    forecast, known = plain(values)
    assert ebbed(forecast, known) is forecast


def test_an_excess_that_stays_is_followed_like_anything_else() -> None:
    values = event(600, floor=3.0, noise=0.0)
    forecast, known = plain(values)
    made = ebbed(forecast, known).values[0, :, 0]
    assert made == pytest.approx(forecast.values[0, :, 0], rel=0.05)


def test_a_series_ebbs_the_same_in_company() -> None:
    several = np.stack([event(40), np.full(4 * DAY, USUAL), event(120, noise=0.05)], axis=1)
    forecast = persistence().forecast(History(END, several), HORIZON)
    forecast = forecast._replace(ordinary=np.full((DAY, 3), USUAL))
    together = ebbed(forecast, History(END, several)).values
    for i in range(3):
        alone = ebbed(*plain(several[:, i])).values[:, :, 0]
        assert together[:, :, i] == pytest.approx(alone)


@pytest.mark.parametrize("minutes", [1, 20, 300, DAY])
def test_with_little_history_it_is_answered_all_the_same(minutes: int) -> None:
    values = event(30)[-minutes:]
    known = History(END, values[:, None])
    made = ebbed(persistence().forecast(known, HORIZON), known)
    assert np.isfinite(made.values).all()
    assert (made.values >= 0).all()


def test_gaps_in_an_ebb_are_bridged() -> None:
    values = event(90)
    values[-40:-10] = np.nan
    made = ebbed(*plain(values)).values[0, :, 0]
    assert np.isfinite(made).all()
    assert made[-1] < 0.8 * values[-1]


@pytest.mark.parametrize("grid", [5, 10, 60])
def test_coarse_grids_ebb_too(grid: int) -> None:
    values = event(180)[::-grid][::-1]
    known = History(END, values[:, None], 60.0 * grid)
    forecast = persistence().forecast(known, HORIZON // grid)
    made = ebbed(forecast._replace(ordinary=np.full((DAY, 1), USUAL)), known).values[0, :, 0]
    assert made[-1] < forecast.values[0, -1, 0]


@pytest.mark.parametrize("minutes", [30, 60, 180])
def test_tide_foresees_an_ebb_as_one(minutes: int) -> None:
    came = event(minutes + HORIZON)
    known = History(END, came[:-HORIZON, None])
    errors = [
        np.abs(model.forecast(known, HORIZON).values[0, :, 0] - came[-HORIZON:]).mean()
        for model in (Tide(), Tide(ebbs=False))
    ]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize(("minutes", "of_the_last_value"), [(30, 0.6), (60, 0.42), (180, 0.3)])
def test_tide_foresees_slow_and_quick_ebbs_as_what_they_are(
    minutes: int, of_the_last_value: float
) -> None:
    each = [event(minutes + HORIZON, half_life=half_life) for half_life in HALF_LIVES]
    came = np.stack(each, axis=1)
    known, truth = History(END, came[:-HORIZON]), came[-HORIZON:]
    found, without, last = (
        np.abs(model.forecast(known, HORIZON).values[0] - truth).mean(axis=0)
        for model in (Tide(), Tide(ebbs=False), persistence())
    )
    assert geometric_mean(found / without) < 0.7
    assert geometric_mean(found / last) < of_the_last_value


def test_over_recorded_ebbs_it_misses_less_than_persistence_and_than_tide_without_it() -> None:
    folder = os.environ.get("EBBTIDE_TRACES")
    if not folder:
        pytest.skip("EBBTIDE_TRACES names no folder of recorded demand")
    without: Make = lambda: Tide(ebbs=False)  # noqa: E731
    makers: dict[str, Make] = {"with": Tide, "without": without, "persistence": persistence}
    told = list(forecast_events.ebbs(pathlib.Path(folder), makers))
    if not told:
        pytest.skip("EBBTIDE_TRACES has none of the recorded ebbs")
    for one in told:
        assert one.errors["with"] < min(one.errors["without"], one.errors["persistence"]), one

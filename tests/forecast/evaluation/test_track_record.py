"""The track record of forecasts: scored when their minute comes, beside persistence."""

import numpy as np
import pytest

from ebbtide.forecast.contract import LEVELS, Floats, Forecast, History, Measured
from ebbtide.forecast.evaluation.track_record import AHEAD, WORST, TrackRecord
from tests.forecast.conformance import END

HORIZON = 60
ALL = np.array([0, 1])


def demand(minutes: int) -> Floats:
    """Two series: one that rises by ten a minute, and one that stands still."""
    return np.stack([10.0 * np.arange(minutes), np.full(minutes, 50.0)], axis=1)


def foreseen(known: Floats, end: float, slope: float) -> Forecast:
    """A straight line of the first series' slope, and the last value of the second."""
    line = known[-1] + np.array([10 * slope, 0.0]) * np.arange(1, HORIZON + 1)[:, None]
    values = np.repeat(line[None], len(LEVELS), axis=0)
    return Forecast(end, values, np.full((1440, 2), np.nan), np.ones(2, bool))


def walked(slope: float, minutes: int, memory: float = 60.0, **kept: Floats) -> TrackRecord:
    """A record of so many minutes, in which a slope was foreseen."""
    record, whole = TrackRecord(HORIZON, np.full(2, memory)), kept.get("whole", demand(400))
    for row in range(200, 200 + minutes):
        known = History(END + 60.0 * row, whole[: row + 1])
        record.add(ALL, known, foreseen(known.minutes, known.end, slope))
    return record


@pytest.mark.parametrize(
    ("slope", "ratio"),
    [
        pytest.param(1.0, 0.0, id="the truth"),
        pytest.param(0.0, 1.0, id="persistence itself"),
        pytest.param(0.5, 0.5, id="half of it"),
        pytest.param(3.0, 2.0, id="twice as wrong"),
    ],
)
def test_errors_are_told_against_those_of_persistence(slope: float, ratio: float) -> None:
    found = walked(slope, 150).ratios()
    assert found.shape == (len([k for k in AHEAD if k <= HORIZON]), 2)
    assert found[2:, 0] == pytest.approx(ratio, abs=0.05)


def test_on_a_series_that_stands_still_nobody_is_better() -> None:
    assert walked(3.0, 150).ratios()[:, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("slope", [3.0, 400.0], ids=["twice as wrong", "wild"])
def test_where_nobody_errs_the_record_of_a_bad_day_is_forgotten(slope: float) -> None:
    """It falls asleep, and for ten memories there is nothing to foresee."""
    record, whole = walked(slope, 150), np.concatenate((demand(350), np.zeros((601, 2))))
    bad = record.ratios()[:, 0]
    for row in range(350, len(whole)):
        known = History(END + 60.0 * row, whole[: row + 1])
        record.add(ALL, known, foreseen(known.minutes, known.end, 0.0))
    assert (bad > 1.8).all()
    assert record.ratios()[:, 0] == pytest.approx(1.0, abs=0.1)


def test_errors_are_told_as_shares_of_what_came() -> None:
    assert walked(0.0, 150).shares()[2, 0] == pytest.approx(100 / 3000, rel=0.1)


def test_before_its_minute_has_come_a_forecast_says_nothing() -> None:
    found = walked(0.0, 12).ratios()
    assert np.isfinite(found[:2, 0]).all()
    assert np.isnan(found[3:, 0]).all()


def test_what_a_forecaster_measured_while_its_series_slept_says_nothing() -> None:
    """A night of nought, after an evening and a morning in which all was foreseen."""
    record, whole = TrackRecord(HORIZON, np.full(2, 60.0)), demand(800)
    whole[400:] = 0.0
    known = History(END, whole)
    tiny = np.array([[1e-2, 1e-2]])
    record.seed(ALL, known, Measured((1,), tiny, 1e-27 * tiny))
    record.add(ALL, known, foreseen(whole, END, 0.0))
    assert record.ratios() == pytest.approx(np.ones((5, 2)))


def test_what_is_not_known_is_not_scored() -> None:
    whole = demand(400)
    whole[200:] = np.nan
    assert np.isnan(walked(0.0, 100, whole=whole).ratios()).all()


def test_a_forecast_that_was_left_out_is_not_made_up() -> None:
    record, whole = TrackRecord(HORIZON, np.full(2, 60.0)), demand(400)
    for row in range(200, 300, 7):
        known = History(END + 60.0 * row, whole[: row + 1])
        record.add(ALL, known, foreseen(known.minutes, known.end, 2.0))
    assert np.isnan(record.ratios()[:, 0]).all()


def test_one_wild_error_is_forgotten_in_time() -> None:
    record, whole = walked(0.0, 100), demand(800)
    for row in range(300, 700):
        known = History(END + 60.0 * row, whole[: row + 1])
        record.add(ALL, known, foreseen(known.minutes, known.end, 1e9 if row == 320 else 0.0))
        assert np.nanmax(record.ratios()[0, 0]) <= WORST
    assert record.ratios()[0, 0] == pytest.approx(1.0, abs=0.05)


def test_a_record_begins_with_what_a_forecaster_measured_and_goes_on_from_there() -> None:
    record, whole = TrackRecord(HORIZON, np.full(2, 60.0)), demand(800)
    pair = np.array([[30.0, 1.0], [80.0, 1.0]])
    known = History(END, whole[:200])
    record.seed(ALL, known, Measured((1, 30), pair, np.array([[20.0, 2.0], [20.0, 1.0]])))
    assert record.ratios()[:, 0] == pytest.approx([1.5, 1.5, 4.0, 4.0, 4.0], rel=0.01)
    for row in range(200, 600):
        known = History(END + 60.0 * row, whole[: row + 1])
        record.add(ALL, known, foreseen(known.minutes, known.end, 0.0))
    assert record.ratios()[:, 0] == pytest.approx(1.0, abs=0.05)

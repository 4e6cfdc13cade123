"""Series of different ages are foreseen together by `Tide` as each alone, and learnt once."""

import numpy as np
import pytest

from ebbtide.forecast.contract import MINUTE, Floats, Forecast, History
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.tide.made_up import GRID, MIDNIGHT, ROWS, demand, season

DAYS, AHEAD = 30, 24
AGES = (0.2, 0.9, 1.6, 2.5, 7.3, 13.0, 23.4, 29.0)
"""Days of which each series is known."""


def fleet() -> Floats:
    """Series that begin one after the other, up to a quiet midnight, (rows, series)."""
    noons = np.roll(season(DAYS), ROWS // 2, axis=0)
    values = demand(np.log(noons) + np.zeros(len(AGES)), 0.05)
    for column, days in enumerate(AGES):
        values[: round((DAYS - days) * ROWS), column] = np.nan
    return values


def known(values: Floats, rows: int, columns: list[int]) -> History:
    """What is known of some series after so many rows, from the first that is known of any."""
    some = values[:rows, columns]
    first = int(np.argmax(~np.isnan(some).all(axis=1)))
    return History(MIDNIGHT + rows * GRID * MINUTE, some[first:], GRID * MINUTE)


def told(model: Tide, rows: int, *columns: int) -> Forecast:
    """What is foreseen of some series after so many rows."""
    return model.forecast(known(fleet(), rows, list(columns)), AHEAD)


EVERY = range(len(AGES))
BEGIN = DAYS * ROWS - 20


def test_series_of_all_ages_are_foreseen_together_as_each_alone() -> None:
    made = told(Tide(), DAYS * ROWS, *EVERY)
    for column in EVERY:
        alone = told(Tide(), DAYS * ROWS, column)
        assert made.values[:, :, column] == pytest.approx(alone.values[:, :, 0], rel=0.002)
        assert made.trusted[column] == alone.trusted[0]


def test_an_ordinary_day_is_known_of_those_that_are_known_for_two_days() -> None:
    unknown = np.isnan(told(Tide(), DAYS * ROWS, *EVERY).ordinary).all(axis=0)
    assert unknown.tolist() == [days < 2 for days in AGES]


def test_what_several_know_goes_on_in_one_without_being_learnt_anew() -> None:
    apart = [Tide() for _ in EVERY]
    for column, model in enumerate(apart):
        told(model, BEGIN, column)
    first, *others = apart
    learnt = sum(model.learnt for model in apart)
    first.join(others)
    order = [3, 0, 7, 5, 1, 2, 6, 4]
    made = told(first, BEGIN + 1, *order)
    assert first.learnt == learnt + len(AGES)
    assert len(first.groups) == 1
    for place, column in enumerate(order):
        alone = Tide()
        told(alone, BEGIN, column)
        on = told(alone, BEGIN + 1, column).values[:, :, 0]
        assert made.values[:, :, place] == pytest.approx(on, rel=1e-4)


def test_those_that_join_may_have_come_to_different_rows() -> None:
    ahead, behind = Tide(), Tide()
    told(ahead, BEGIN + 4, 3, 4)
    told(behind, BEGIN, 5, 6)
    learnt = ahead.learnt + behind.learnt
    ahead.join([behind])
    told(ahead, BEGIN + 5, 3, 4, 5, 6)
    assert ahead.learnt == learnt + 2 * 1 + 2 * 5


def test_of_whom_more_of_the_past_is_known_by_now_is_learnt_anew_and_no_other() -> None:
    model, values = Tide(), fleet()
    short = known(values, BEGIN, [5, 6, 7])
    short.minutes[: -5 * ROWS, 0] = np.nan
    model.forecast(short, AHEAD)
    learnt, rows = model.learnt, len(short.minutes)
    model.forecast(known(values, BEGIN + 1, [5, 6, 7]), AHEAD)
    assert model.learnt == learnt + rows + 3

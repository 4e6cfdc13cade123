"""Who is forecast with whom, as signals come one after the other."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.forecast.contract import NO_CONTEXT, Context, Forecast, Forecaster, History
from ebbtide.loop.forecasting.cohorts import SCATTERED, TOGETHER
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.forecasting.provisional_minutes import KEPT
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.ports.background import AtOnce, Background
from tests.loop.when_told import WhenTold
from tests.loop.world import NOON, Flat

BAD = 666.0


class Sociable(Flat):
    """Goes on with what others were shown, and chokes on what is bad."""

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        made = super().forecast(history, horizon, context)
        if (history.minutes == BAD).any():
            raise ArithmeticError("it is bad")
        return made

    def join(self, others: Sequence[Forecaster]) -> None:
        for other in others:
            if isinstance(other, Flat):
                self.shown += other.shown


class Fleet:
    """Signals that are forecast from minute to minute."""

    def __init__(self, kind: type[Flat] = Sociable, background: Background | None = None) -> None:
        self.kind, self.made = kind, list[Flat]()
        self.forecasting = Forecasting({"Model": self.make}, background or AtOnce())
        self.minute = 0

    def make(self) -> Flat:
        self.made.append(self.kind())
        return self.made[-1]

    def tick(
        self, size: int, bad: Sequence[int] = (), late: Sequence[int] = (), *, other: bool = False
    ) -> None:
        """One minute more of so many signals, and of an `other` of which less is asked."""
        self.minute += 1
        columns = [self.column(i, bad=i in bad, late=i in late) for i in range(size)]
        less = replace(self.column(-1, bad=False, late=False), horizon=600.0)
        self.forecasting.refresh([*columns, less] if other else columns)

    def column(self, number: int, *, bad: bool, late: bool) -> Column:
        """The minutes of one signal, all of which say its number, or are bad."""
        newest = NOON + 60 * (self.minute - late)
        minutes = np.full(200, BAD if bad else 10.0 + number)
        return Column((f"live/{number}", "demand"), newest, minutes, "Model", 7200.0)

    def widths(self) -> list[int]:
        """How many signals each call of the last minute was for, the smallest first."""
        end = NOON + 60 * self.minute
        shown = {id(one): one for model in self.made for one in model.shown if one.end == end}
        return sorted(one.minutes.shape[1] for one in shown.values())

    def foreseen(self, size: int) -> list[float]:
        """What is foreseen of each."""
        found = [self.forecasting.of((f"live/{i}", "demand")) for i in range(size)]
        return [float(one.outlook.values[0, 0]) if one else np.nan for one in found]


def test_signals_that_come_one_by_one_are_forecast_by_few() -> None:
    fleet = Fleet()
    for size in range(1, 101):
        fleet.tick(size)
        assert len(fleet.widths()) <= SCATTERED
        assert sum(fleet.widths()) == size
        assert fleet.foreseen(size) == [10.0 + i for i in range(size)]


def test_no_cohort_becomes_larger_than_what_waits_for_each_other() -> None:
    fleet = Fleet()
    for size in range(40, 40 * 16, 40):
        fleet.tick(size)
        assert max(fleet.widths()) <= TOGETHER
    assert len(fleet.widths()) <= SCATTERED + size // (TOGETHER // 2)
    assert fleet.foreseen(size) == [10.0 + i for i in range(size)]


def test_a_forecaster_that_can_not_go_on_with_what_others_know_stays_alone() -> None:
    fleet = Fleet(Flat)
    for size in range(1, 2 * SCATTERED):
        fleet.tick(size)
    assert fleet.widths() == [1] * size


def test_small_cohorts_become_one_in_the_slow_line_while_nothing_else_is_in_it() -> None:
    background = WhenTold()
    fleet = Fleet(background=background)
    for size in range(1, SCATTERED + 1):
        fleet.tick(size)
        background.work(0.001)
    fleet.tick(SCATTERED + 1)
    assert background.slow[-2:] == [True, True]
    assert len(background.waiting) == 2
    fleet.tick(SCATTERED + 1)
    assert len(background.waiting) == 2
    background.work(0.001)
    fleet.tick(SCATTERED + 1)
    assert background.slow[-2:] == [False, False]


def test_while_something_is_learnt_small_cohorts_stay_as_they_are() -> None:
    background = WhenTold()
    fleet = Fleet(background=background)
    fleet.tick(1, other=True)
    learning = background.waiting.pop()
    for size in range(2, SCATTERED + 1):
        background.work(0.001)
        fleet.tick(size, other=True)
    background.work(0.001)
    for _ in range(3):
        fleet.tick(SCATTERED, other=True)
        assert len(background.waiting) == SCATTERED
        background.work(0.001)
    background.waiting = [learning]
    background.work(0.001)
    fleet.tick(SCATTERED, other=True)
    assert len(background.waiting) == 1 + 1


def test_a_signal_that_is_late_joins_nobody_in_that_minute() -> None:
    fleet = Fleet()
    for size in range(1, SCATTERED + 1):
        fleet.tick(size)
    fleet.tick(SCATTERED, late=[0])
    assert fleet.widths() == [1] * (SCATTERED - 1)
    fleet.tick(SCATTERED)
    assert fleet.widths() == [SCATTERED]


def test_a_signal_that_has_gone_is_left_behind() -> None:
    fleet = Fleet()
    for size in range(1, SCATTERED + 4):
        fleet.tick(size)
    for _ in range(2):
        fleet.tick(2)
        assert sum(fleet.widths()) == 2
        assert fleet.foreseen(3) == pytest.approx([10.0, 11.0, np.nan], nan_ok=True)


def test_a_signal_that_is_choked_on_is_found_in_few_calls_and_asked_for_apart() -> None:
    fleet = Fleet()
    fleet.tick(64)
    fleet.tick(64, bad=[17])
    assert len(fleet.widths()) == 1 + 2 * 6
    for _ in range(2):
        fleet.tick(64, bad=[17])
        assert fleet.widths() == [1, 63]
    for _ in range(KEPT + 2):  # what it was told is forgotten then
        fleet.tick(64)
    assert fleet.widths() == [64]
    assert fleet.foreseen(64) == [10.0 + i for i in range(64)]


def test_a_signal_that_is_choked_on_is_not_put_among_others() -> None:
    fleet = Fleet()
    for size in range(1, 2 * SCATTERED):
        fleet.tick(size, bad=[0])
        assert fleet.widths()[0] == 1
    assert len(fleet.widths()) <= SCATTERED + 1


def test_what_came_of_forecasts_is_remembered_when_cohorts_become_one() -> None:
    fleet, alone = Fleet(), Fleet()
    for size in (*[1] * 150, *range(1, SCATTERED + 1), SCATTERED):
        fleet.tick(size)
        alone.tick(1)
    assert fleet.widths() == [SCATTERED]
    told, same = (one.forecasting.of(("live/0", "demand")) for one in (fleet, alone))
    assert told
    assert same
    assert dict(told.forecast.ratios) == pytest.approx(dict(same.forecast.ratios), nan_ok=True)
    assert told.forecast.ratios[30] == 1.0

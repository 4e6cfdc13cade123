"""Which forecasts are made, of what, and how often."""

import logging
import re
from typing import Any

import numpy as np
import pytest

from ebbtide.api.capacity_policy.forecast import TrustSpec
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import (
    LEVELS,
    NO_CONTEXT,
    Announcement,
    Context,
    Forecast,
    History,
    Measured,
    SeriesContext,
)
from ebbtide.loop.forecasting.cohorts import TOGETHER
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.forecasting.provisional_minutes import KEPT
from ebbtide.loop.forecasting.signals import Choice, Column
from ebbtide.loop.ports.background import AtOnce, Background, Done
from tests.loop.when_told import WhenTold
from tests.loop.world import NOON, Flat

EDGE, ORIGIN = ("live/edge", "demand"), ("live/origin", "demand")


def column(key: tuple[str, str] = EDGE, minutes: Any = (1.0, 2.0, 3.0), **more: Any) -> Column:
    """The minutes of one signal, up to noon."""
    given: dict[str, Any] = {"newest": NOON, "model": "Flat", "horizon": 7200.0} | more
    return Column(key=key, minutes=np.array(minutes, dtype=float), **given)


class Choosy(Flat):
    """Chokes on a series that falls."""

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        if (np.diff(history.minutes, axis=0) < 0).any():
            raise ArithmeticError("it falls")
        return super().forecast(history, horizon, context)


class World:
    """A forecaster, and the forecasts that are made by it."""

    def __init__(self, model: Flat | None = None, background: Background | None = None) -> None:
        self.model = model or Flat()
        self.background = background or AtOnce()
        makers = {"Flat": lambda: self.model, "Other": lambda: self.model}
        self.forecasting = Forecasting(makers, self.background)

    def calls(self, *columns: Column) -> int:
        """How often the forecaster is called for these."""
        before = len(self.model.shown)
        self.forecasting.refresh(columns)
        return len(self.model.shown) - before

    def level(self, key: tuple[str, str] = EDGE) -> float:
        """The median of the next minute."""
        found = self.forecasting.of(key)
        assert found is not None
        return float(found.outlook.values[0, 0])


def test_all_signals_of_one_shape_are_forecast_together_once_a_minute() -> None:
    world = World()
    both = column(EDGE), column(ORIGIN, (4.0, 5.0, 6.0))
    assert world.calls(*both) == 1
    assert world.model.shown[0].minutes.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (world.level(EDGE), world.level(ORIGIN)) == (3.0, 6.0)
    assert world.calls(*both) == 0
    later = [column(c.key, c.minutes + 10, newest=NOON + 60) for c in both]
    assert world.calls(*later) == 1
    assert (world.level(EDGE), world.level(ORIGIN)) == (13.0, 16.0)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"horizon": 600.0}, id="another horizon"),
        pytest.param({"model": "Other"}, id="another model"),
        pytest.param({"newest": NOON - 60}, id="a minute late"),
        pytest.param({"minutes": np.ones(1440)}, id="a past of another length by days"),
        pytest.param({"context": SeriesContext(clock="Europe/Berlin")}, id="another clock"),
    ],
)
def test_signals_of_different_shapes_are_forecast_apart(other: dict[str, Any]) -> None:
    assert World().calls(column(EDGE), column(ORIGIN, **other)) == 2


def test_a_past_that_is_shorter_than_that_of_others_is_filled_with_gaps() -> None:
    world = World()
    assert world.calls(column(EDGE), column(ORIGIN, (5.0, 6.0))) == 1
    shown = world.model.shown[0].minutes
    assert shown.T.tolist() == [[1, 2, 3], pytest.approx([np.nan, 5, 6], nan_ok=True)]
    assert (world.level(EDGE), world.level(ORIGIN)) == (3.0, 6.0)


def test_a_forecast_begins_with_the_last_known_minute() -> None:
    world = World()
    assert world.calls(column(minutes=(np.nan, 1.0, np.nan, 3.0, np.nan))) == 1
    shown = world.model.shown[0]
    assert shown.end == NOON - 60
    assert shown.minutes[:, 0].tolist() == pytest.approx([1.0, np.nan, 3.0], nan_ok=True)
    found = world.forecasting.of(EDGE)
    assert found is not None
    assert found.outlook.origin == NOON - 60
    assert found.outlook.levels == LEVELS
    assert found.ordinary.shape == (1440,)


@pytest.mark.parametrize(
    ("minutes", "end", "shown"),
    [
        pytest.param((1.0, -2.0, 3.0), NOON, [1.0, np.nan, 3.0], id="between others"),
        pytest.param((1.0, 2.0, -3.0), NOON - 60, [1.0, 2.0], id="at the end"),
        pytest.param((-1.0, 2.0, 3.0), NOON, [2.0, 3.0], id="at the beginning"),
    ],
)
def test_demand_below_nought_is_unknown(
    minutes: tuple[float, ...], end: float, shown: list[float]
) -> None:
    world = World()
    assert world.calls(column(minutes=minutes)) == 1
    assert world.model.shown[0].end == end
    assert world.model.shown[0].minutes[:, 0].tolist() == pytest.approx(shown, nan_ok=True)


def test_of_what_is_not_known_nothing_is_foreseen() -> None:
    world = World()
    assert world.calls(column(minutes=(np.nan, np.nan))) == 0
    assert world.forecasting.of(EDGE) is None


def test_without_a_new_minute_the_last_forecast_stays() -> None:
    world = World()
    world.calls(column())
    assert world.calls(column(minutes=(2.0, 3.0, np.nan), newest=NOON + 60)) == 0
    assert world.calls(column(minutes=(np.nan,) * 3, newest=NOON + 600)) == 0
    assert world.level() == 3.0


def test_what_nobody_asks_for_is_forgotten() -> None:
    world = World()
    world.calls(column())
    world.calls(column(ORIGIN))
    assert world.forecasting.of(EDGE) is None


def test_a_clock_that_was_set_back_is_followed() -> None:
    world = World()
    world.calls(column())
    assert world.calls(column(newest=NOON - 3600)) == 1


def test_a_series_that_a_forecaster_chokes_on_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(Choosy())
    world.calls(column(EDGE), column(ORIGIN))
    with caplog.at_level(logging.ERROR):
        world.calls(
            column(EDGE, (3.0, 2.0, 1.0), newest=NOON + 60),
            column(ORIGIN, (7.0, 8.0, 9.0), newest=NOON + 60),
        )
    assert (world.level(EDGE), world.level(ORIGIN)) == (3.0, 9.0)
    assert caplog.messages == ["Flat can't forecast live/edge demand"]


def test_what_people_say_changes_the_forecast_without_a_new_minute() -> None:
    world = World()
    event = Announcement(start=NOON + 60, end=NOON + 3600, times=4)
    told = column(context=SeriesContext(events=(event,)))
    assert world.calls(column(), column(ORIGIN)) == 1
    assert world.calls(told, column(ORIGIN)) == 1
    assert (world.level(EDGE), world.level(ORIGIN)) == (4 * 2.0, 3.0)
    assert world.calls(told, column(ORIGIN)) == 0


def test_a_signal_that_goes_by_another_clock_from_now_on_is_learnt_anew() -> None:
    world = World()
    by_clock = column(context=SeriesContext(clock="Europe/Berlin"))
    assert world.calls(column(), column(ORIGIN)) == 1
    assert world.calls(by_clock, column(ORIGIN)) == 1
    later = [column(each.key, newest=NOON + 60, context=each.context) for each in (by_clock,)]
    assert world.calls(*later, column(ORIGIN, newest=NOON + 60)) == 2


# --- beside the ticks


def doubt(world: World, key: tuple[str, str] = EDGE) -> str:
    """Why a forecast is not followed."""
    found = world.forecasting.doubt(key)
    return found.reason if found else ""


def test_while_a_forecaster_learns_nothing_is_foreseen_and_it_is_said() -> None:
    background = WhenTold()
    world = World(background=background)
    assert world.calls(column()) == 0
    assert world.forecasting.of(EDGE) is None
    assert doubt(world) == "ForecastLearning"
    background.work()
    world.forecasting.refresh([column()])
    assert world.level() == 3.0
    assert doubt(world) == ""


def test_a_thousand_that_arrive_together_are_learnt_in_parts_that_wait_for_nothing() -> None:
    background = WhenTold()
    world = World(background=background)
    many = [column((f"live/edge-{i}", "demand")) for i in range(1000)]
    world.forecasting.refresh(many)
    assert len(background.waiting) == -(-1000 // TOGETHER)
    assert all(background.slow)
    background.work()
    world.forecasting.refresh(many)
    assert all(world.forecasting.of(one.key) for one in many)


def test_a_tick_waits_for_a_forecaster_that_was_quick_and_for_no_other() -> None:
    background = WhenTold()
    world = World(background=background)
    for minute, seconds in enumerate((9.0, 0.001, 9.0, 0.001)):
        world.forecasting.refresh([column(newest=NOON + 60 * minute)])
        background.work(seconds)
    world.forecasting.refresh([column(newest=NOON + 240)])
    assert background.slow == [True, True, False, True, False]


def test_a_forecast_that_goes_on_is_not_begun_twice_and_the_last_one_stays() -> None:
    background = WhenTold()
    world = World(background=background)
    world.forecasting.refresh([column()])
    background.work()
    for minute in (1, 2, 3):
        later = column(minutes=(2.0, 3.0, 4.0), newest=NOON + 60 * minute)
        world.forecasting.refresh([later])
        assert len(background.waiting) == 1
        assert world.level() == 3.0


def test_nothing_is_learnt_before_all_of_the_past_was_read() -> None:
    world = World()
    assert world.calls(column(whole=False)) == 0
    assert doubt(world) == "ForecastLearning"
    assert world.calls(column()) == 1


def test_a_past_that_was_completed_is_learnt_anew_while_the_last_forecast_stays() -> None:
    background = WhenTold()
    world = World(background=background)
    world.forecasting.refresh([column()])
    background.work(0.001)
    completed = column(minutes=(7.0, 1.0, 2.0, 3.0), edition=1)
    world.forecasting.refresh([completed])
    assert background.slow == [True, True]
    assert world.level() == 3.0
    assert doubt(world) == ""
    background.work()
    world.forecasting.refresh([completed])
    assert len(world.model.shown[-1].minutes) == 4


def test_what_is_forgotten_while_it_is_learnt_is_not_kept() -> None:
    background = WhenTold()
    world = World(background=background)
    world.forecasting.refresh([column()])
    background.work()
    world.forecasting.refresh([])
    assert world.forecasting.of(EDGE) is None


def test_a_forecaster_that_is_not_there_is_said_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Flat:
        raise InvalidInput("no library for it")

    model = Flat()
    forecasting = Forecasting({"Flat": lambda: model, "Other": broken}, AtOnce())
    with caplog.at_level(logging.ERROR):
        forecasting.refresh([column(), column(ORIGIN, model="Other")])
    assert forecasting.of(EDGE)
    found = forecasting.doubt(ORIGIN)
    assert found is not None
    assert found.reason == "ForecastFailed"
    assert caplog.messages == ["Other can't forecast live/origin demand"]


def test_of_what_nothing_is_known_that_is_said() -> None:
    world = World()
    world.forecasting.refresh([column(minutes=(np.nan, np.nan))])
    assert doubt(world) == "ForecastUntrusted"


def test_a_minute_that_is_corrected_makes_nobody_learn_anew() -> None:
    world = World()
    world.calls(column(minutes=(1.0, 2.0, 3.0)))
    world.calls(column(minutes=(1.0, 2.0, 9.0, 4.0), newest=NOON + 60))
    assert world.model.shown[-1].minutes[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_after_a_while_the_final_minute_is_seen() -> None:
    world = World()
    final = np.arange(400.0)
    provisional = final.copy()
    provisional[99] = 7.0
    world.calls(column(minutes=provisional[:100], newest=NOON))
    for rows in range(101, 380):
        world.calls(column(minutes=final[:rows], newest=NOON + 60 * (rows - 100)))
        shown = world.model.shown[-1].minutes[:, 0]
        assert shown[99] == (7.0 if rows <= 99 + KEPT + 1 else 99.0)
        assert np.array_equal(np.delete(shown, 99), np.delete(final[:rows], 99))


# --- trust


class Numberless(Flat):
    """Foresees no number for the second of two series."""

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        made = super().forecast(history, horizon, context)
        values = made.values.copy()
        values[-1, 5, 1:] = np.nan
        return made._replace(values=values)


def test_what_is_foreseen_in_part_only_is_not_followed() -> None:
    world = World(Numberless())
    world.calls(column(EDGE), column(ORIGIN))
    found = [world.forecasting.of(key) for key in (EDGE, ORIGIN)]
    assert [one.trusted for one in found if one] == [True, False]
    assert (doubt(world, EDGE), doubt(world, ORIGIN)) == ("", "ForecastFailed")


WANTED = TrustSpec.model_validate({"worseBy": "10%", "over": "30m", "after": "5m"})


class Wild(Flat):
    """Foresees so many times the last value."""

    times = 1.0

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        made = super().forecast(history, horizon, context)
        return made._replace(values=made.values * self.times)


def walk(world: World, minutes: range) -> list[str]:
    """What is doubted from minute to minute of a demand that hardly moves."""
    said = []
    for minute in minutes:
        known = 100.0 + np.sin(np.arange(200) + minute)
        told = column(minutes=known, newest=NOON + 60 * minute, trust=WANTED)
        world.forecasting.refresh([told])
        said.append(doubt(world))
    return said


def test_trust_is_lost_after_a_while_and_comes_back_by_itself() -> None:
    model = Wild()
    world = World(model)
    assert set(walk(world, range(30))) == {""}
    model.times = 2.0
    lost = walk(world, range(30, 60))
    assert lost[:5] == [""] * 5
    assert lost[-1] == "ForecastWorse"
    found = world.forecasting.of(EDGE)
    assert found is not None
    assert not found.trusted
    assert found.trust.ratios
    assert found.trust.ratios[1] > 10
    model.times = 1.0
    back = walk(world, range(60, 600))
    first = back.index("")
    assert set(back[:first]) == {"ForecastWorse"}
    assert set(back[first:]) == {""}


def test_a_doubt_says_the_numbers_and_what_has_to_happen() -> None:
    model = Wild()
    model.times = 2.0
    world = World(model)
    walk(world, range(30))
    found = world.forecasting.doubt(EDGE)
    assert found is not None
    assert re.fullmatch(
        r"its error of the last 0\.5 h is \d+\.\d\d times that of persistence "
        r"\(\d+\.\d\d at 1 min.*\); it is followed again after 5 min at 1\.05 or less",
        found.message,
    )


def test_a_successor_begins_with_what_its_forecaster_measured() -> None:
    class Modest(Flat):
        """Knows that it is bad."""

        def forecast(
            self, history: History, horizon: int, context: Context = NO_CONTEXT
        ) -> Forecast:
            made = super().forecast(history, horizon, context)
            own = np.full((2, history.minutes.shape[1]), 3.0)
            return made._replace(measured=Measured((1, 60), own, own / 2))

    world = World(Modest())
    assert set(walk(world, range(3))) == {"ForecastWorse"}
    found = world.forecasting.of(EDGE)
    assert found is not None
    assert found.trust.ratio == pytest.approx(2.0, abs=0.2)


# --- Auto

DAYS = 3 * 1440


def auto(background: Background | None = None) -> tuple[Forecasting, dict[str, Wild]]:
    """A choice between two, of which the first foresees twice what comes."""
    models = {"Bad": Wild(), "Good": Wild()}
    models["Bad"].times = 2.0
    makers = {name: (lambda name=name: models[name]) for name in models}
    return Forecasting(makers, background or AtOnce()), models


def moving(day: int = 0, **more: Any) -> Column:
    """Three days of a demand that hardly moves, up to noon of some day."""
    known = 100.0 + np.sin(np.arange(DAYS) / 9 + day)
    return column(minutes=known, newest=NOON + 86400 * day, model="Auto", **more)


def chosen(forecasting: Forecasting) -> Choice:
    return forecasting.prospects("live/edge", ["demand"]).choices["demand"]


def test_auto_takes_the_forecaster_that_served_its_own_past_best() -> None:
    forecasting, _ = auto()
    forecasting.refresh([moving()])
    found = forecasting.of(EDGE)
    assert found is not None
    assert found.outlook.values[0, 0] == pytest.approx(moving().minutes[-1])
    choice = chosen(forecasting)
    assert choice.model == "Good"
    assert re.fullmatch(
        r"loss on its last days over that of persistence: Good \d+\.\d\d, Bad \d+\.\d\d",
        choice.why,
    )


def test_while_forecasters_are_tried_that_is_said() -> None:
    background = WhenTold()
    forecasting, _ = auto(background)
    forecasting.refresh([moving()])
    doubted = forecasting.doubt(EDGE)
    assert doubted is not None
    assert doubted.message == "the forecasters are being tried on its past"
    assert len(background.waiting) == 1
    forecasting.refresh([moving()])
    assert len(background.waiting) == 1


def test_a_trial_that_fails_is_told_and_the_preferred_one_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    background = WhenTold()
    forecasting, _ = auto(background)
    forecasting.refresh([moving()])
    [(name, _)] = background.waiting
    background.done.append(Done(name, MemoryError("too much"), 0.1))
    forecasting.refresh([moving()])
    assert chosen(forecasting).model == "Bad"
    assert chosen(forecasting).why.endswith("can't be tried on its past; the log says why")
    assert "the forecasters can't be tried on live/edge demand" in caplog.text
    assert "MemoryError: too much" in caplog.text


def test_auto_chooses_once_a_day_and_keeps_what_is_not_clearly_worse() -> None:
    forecasting, models = auto()
    forecasting.refresh([moving()])
    models["Bad"].times = 1.0
    forecasting.refresh([moving()])
    forecasting.refresh([moving(1)])
    assert chosen(forecasting).model == "Good"
    assert chosen(forecasting).at == NOON + 86400
    models["Good"].times = 3.0
    forecasting.refresh([moving(1)])
    assert chosen(forecasting).model == "Good"
    forecasting.refresh([moving(2)])
    assert chosen(forecasting).model == "Bad"


def test_a_successor_goes_on_with_what_is_on_record() -> None:
    forecasting, models = auto()
    before = Choice("Bad", "it was", NOON - 60)
    forecasting.refresh([moving(chosen=before)])
    assert chosen(forecasting) == before
    assert models["Good"].shown == []


def test_what_is_on_record_and_no_longer_there_is_chosen_anew() -> None:
    forecasting, _ = auto()
    forecasting.refresh([moving(chosen=Choice("Gone", "it was", NOON - 60))])
    assert chosen(forecasting).model == "Good"


def test_with_too_little_history_the_preferred_one_is_taken() -> None:
    forecasting, _ = auto()
    forecasting.refresh([column(model="Auto")])
    assert chosen(forecasting).model == "Bad"
    assert chosen(forecasting).why.startswith("too little of the past is known")

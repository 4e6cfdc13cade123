"""Which forecasts are made, of what, and how often."""

import logging
from typing import Any

import numpy as np
import pytest

from ebbtide.forecast.contract import (
    LEVELS,
    NO_CONTEXT,
    Announcement,
    Context,
    Forecast,
    History,
    SeriesContext,
)
from ebbtide.loop.forecasting import Column, Forecasting
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

    def __init__(self, model: Flat | None = None) -> None:
        self.model = model or Flat()
        self.forecasting = Forecasting({"Flat": self.model, "Other": self.model})

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
        pytest.param({"minutes": (1.0, 2.0)}, id="a shorter past"),
    ],
)
def test_signals_of_different_shapes_are_forecast_apart(other: dict[str, Any]) -> None:
    assert World().calls(column(EDGE), column(ORIGIN, **other)) == 2


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


def test_the_names_of_the_models_are_told() -> None:
    assert World().forecasting.models == ["Flat", "Other"]

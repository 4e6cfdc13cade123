"""What a tick does while forecasts are still being learnt, or are no good."""

import numpy as np

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.contract import LEVELS, NO_CONTEXT, Context, Forecast, History
from tests.loop.when_told import WhenTold
from tests.loop.world import PLAIN, Flat, World, steady

HUNGRY = PLAIN | {"forecastNeed": {"headroom": "0%"}}


class Greedy(Flat):
    """Foresees three times the last value, which never comes."""

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        series = history.minutes.shape[1]
        values = np.broadcast_to(3 * history.minutes[-1], (len(LEVELS), horizon, series))
        made = Forecast(history.end, values, np.full((1440, series), np.nan), np.ones(series, bool))
        return heed(made, history, context)


def learning() -> tuple[World, WhenTold]:
    """A world in which nothing has been learnt yet."""
    world, background = World(), WhenTold()
    world.background = background
    world.restart()
    return world, background


def test_ticks_go_on_while_a_forecaster_learns_and_the_present_need_decides() -> None:
    world, background = learning()
    world.add(level=120.0)
    world.run(1)
    assert world.replicas() == 120
    condition = world.condition("ForecastTrusted")
    assert (condition["status"], condition["reason"]) == ("False", "ForecastLearning")
    assert "is learning its past" in condition["message"]
    background.work()
    world.run(1)
    assert world.condition("ForecastTrusted")["status"] == "True"


def test_without_a_forecast_nothing_is_let_go_that_was_needed_a_moment_ago() -> None:
    world, _ = learning()
    world.add(level=100.0)
    world.run(1)
    world.metrics.answer("edge", steady(60.0))
    world.run(1)
    assert world.replicas() >= 95


def test_a_thousand_workloads_that_arrive_together_are_all_decided_on_at_the_first_tick() -> None:
    world, background = learning()
    for i in range(1000):
        world.add(f"edge-{i}", replicas=10, level=12.0)
    tick = world.tick()
    assert len(tick.accounts) == 1000
    assert tick.failures == {}
    assert 0 < len(background.waiting) < 20
    assert world.replicas("edge-999") == 12


def test_a_forecast_that_is_worse_than_persistence_is_left_aside_and_said_with_numbers() -> None:
    world = World()
    world.forecaster = Greedy()
    trust = {"over": "30m", "after": "5m"}
    forecast = {"model": "Flat", "history": "1h", "trust": trust}
    world.add(level=100.0, policies=HUNGRY, forecast=forecast)
    world.run(3)
    assert world.replicas() == 300
    world.run(12)
    condition = world.condition("ForecastTrusted")
    assert (condition["status"], condition["reason"]) == ("False", "ForecastWorse")
    assert "times that of persistence" in condition["message"]
    assert "ForecastWorse" in world.reasons()
    world.run(30)
    assert world.replicas() < 300

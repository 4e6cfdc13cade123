"""Which forecaster serves a series best, tried on its own last days."""

import numpy as np
import pytest

from ebbtide.forecast.baselines.naive import naive_day, persistence
from ebbtide.forecast.contract import DAY, NO_CONTEXT, Context, Forecast, History
from ebbtide.forecast.evaluation.model_choice import Make, chosen, trial
from tests.forecast.conformance import END, day_shape, history

HORIZON = 60
NAN = float("nan")


class Failing:
    """Can't forecast anything."""

    name = "Failing"

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        raise ArithmeticError("never")


def test_every_series_has_losses_of_its_own_against_persistence() -> None:
    at = np.arange(6 * DAY)
    daily = 1000 + 900 * np.sin(2 * np.pi * at / DAY)
    walk = 1000 + np.cumsum(np.random.default_rng(1).normal(0, 1, at.size))
    makers = {"NaiveDay": naive_day, "Persistence": persistence}
    found = trial(makers, history(daily, walk), HORIZON, NO_CONTEXT)
    assert found["Persistence"] == pytest.approx(1.0)
    assert found["NaiveDay"][0] < 0.2
    assert found["NaiveDay"][1] > 2


def test_a_forecaster_that_fails_is_not_chosen() -> None:
    makers: dict[str, Make] = {"Failing": Failing, "NaiveDay": naive_day}
    found = trial(makers, history(day_shape(4 * DAY)), HORIZON, NO_CONTEXT)
    assert np.isnan(found["Failing"]).all()
    assert chosen({name: float(loss[0]) for name, loss in found.items()}, "") == "NaiveDay"


def test_of_a_short_history_nothing_is_said() -> None:
    found = trial({"NaiveDay": naive_day}, history(day_shape(600)), HORIZON, NO_CONTEXT)
    assert np.isnan(found["NaiveDay"]).all()


def test_no_forecaster_sees_what_it_is_scored_by() -> None:
    shown: list[History] = []

    class Spy(Failing):
        def forecast(
            self, history: History, horizon: int, context: Context = NO_CONTEXT
        ) -> Forecast:
            shown.append(history)
            return persistence().forecast(history, horizon, context)

    whole = day_shape(4 * DAY)
    trial({"Spy": Spy}, history(whole), HORIZON, NO_CONTEXT)
    ends = [one.end for one in shown]
    assert ends == sorted(set(ends))
    assert ends[-1] <= END - 60 * HORIZON
    for one in shown:
        row = len(whole) - round((END - one.end) / 60)
        assert np.array_equal(one.minutes[:, 0], whole[:row])


@pytest.mark.parametrize(
    ("losses", "before", "choice"),
    [
        pytest.param({"A": 0.9, "B": 0.7}, "", "B", id="the best at first"),
        pytest.param({"A": 0.707, "B": 0.7}, "", "A", id="of two alike the first"),
        pytest.param({"A": 0.72, "B": 0.7}, "A", "A", id="not clearly better"),
        pytest.param({"A": 0.8, "B": 0.7}, "A", "B", id="clearly better"),
        pytest.param({"A": NAN, "B": 0.7}, "A", "B", id="the one from before has no loss"),
        pytest.param({"A": NAN, "B": NAN}, "", "A", id="nothing known: the first"),
        pytest.param({"A": NAN, "B": NAN}, "B", "B", id="nothing known: the one from before"),
    ],
)
def test_a_choice_is_the_least_loss_and_never_flaps(
    losses: dict[str, float], before: str, choice: str
) -> None:
    assert chosen(losses, before) == choice

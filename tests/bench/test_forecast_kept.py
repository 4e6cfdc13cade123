"""A benchmark of forecasters goes on where it was ended, with what is still true."""

import pathlib
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.cli.models import HOUSE, Make
from ebbtide.forecast.contract import Forecaster
from ebbtide.forecast.evaluation.backtest import Course, Series
from tests.bench.forecast_kept import code_of, compared

WALK = 100 + np.cumsum(np.random.default_rng(1).normal(0, 1, 600))
COURSE = Course(
    series=Series(name="walk", start=0.0, grid=600.0, values=WALK),
    origins=np.arange(300, 500, 20),
    steps=(10, 60),
    limit=400,
)
LATER = np.append(WALK[:-1], 7.0)


class Counted:
    """Makes a forecaster of the house, and counts how often it was asked for one."""

    def __init__(self, make: Make) -> None:
        self.make, self.made = make, 0

    def __call__(self) -> Forecaster:
        self.made += 1
        return self.make()


def test_what_was_forecast_is_not_forecast_again(tmp_path: pathlib.Path) -> None:
    counted, done = Counted(HOUSE["NaiveDay"]), list[str]()
    first, again = (
        compared([COURSE], {"NaiveDay": counted}, lambda model, _: done.append(model), tmp_path)
        for _ in range(2)
    )
    assert counted.made == 1
    assert done == 2 * ["NaiveDay", "Persistence"]
    assert np.array_equal(first.runs[0].told[0].quantiles, again.runs[0].told[0].quantiles)
    assert again.runs[0].told[0].accuracies == first.runs[0].told[0].accuracies
    assert again.runs[0].cost == first.runs[0].cost


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(COURSE, steps=(10,)), id="other steps"),
        pytest.param(replace(COURSE, limit=300), id="less history"),
        pytest.param(replace(COURSE, origins=COURSE.origins + 1), id="other origins"),
        pytest.param(
            replace(COURSE, series=replace(COURSE.series, values=LATER)), id="other demand"
        ),
    ],
)
def test_what_has_changed_is_forecast_anew(other: Course, tmp_path: pathlib.Path) -> None:
    counted = Counted(HOUSE["NaiveDay"])
    for course in (COURSE, other):
        compared([course], {"NaiveDay": counted}, lambda *_: None, tmp_path)
    assert counted.made == 2


@pytest.mark.parametrize("module", ["model.py", "tide/learner.py"])
def test_a_model_is_another_one_when_any_module_of_it_has_changed(
    module: str, tmp_path: pathlib.Path
) -> None:
    changed = tmp_path / module
    changed.parent.mkdir(exist_ok=True)
    changed.write_text("PACE = 1\n")
    before = code_of(tmp_path)
    changed.write_text("PACE = 2\n")
    assert code_of(tmp_path) != before


def test_a_file_that_was_cut_short_is_written_anew(tmp_path: pathlib.Path) -> None:
    counted = Counted(HOUSE["NaiveDay"])
    compared([COURSE], {"NaiveDay": counted}, lambda *_: None, tmp_path)
    for file in tmp_path.glob("*.npz"):
        file.write_bytes(file.read_bytes()[:100])
    for _ in range(2):
        compared([COURSE], {"NaiveDay": counted}, lambda *_: None, tmp_path)
    assert counted.made == 2

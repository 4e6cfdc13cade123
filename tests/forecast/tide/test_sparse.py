"""Days of long ago are learnt sparsely by `Tide`, and what they taught goes on."""

import numpy as np
import pytest

from ebbtide.forecast.contract import DAY
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.learner import Learner
from tests.forecast.conformance import HORIZON, day_shape

SPARSE = Frame(1, HORIZON, sparse=True)
MIDNIGHT = 20_000 * DAY


@pytest.mark.parametrize("grid", [1, 2, 3, 4, 5, 10, 60])
def test_what_takes_off_arrives_at_a_row_that_is_learnt_from(grid: int) -> None:
    for band in Frame(grid, max(1, 120 // grid), sparse=True).bands:
        for anchor, every, ago in zip(band.anchors, band.every, band.ago, strict=True):
            assert band.late < every
            assert band.late + anchor == ago * every


@pytest.mark.parametrize("first", [MIDNIGHT, MIDNIGHT + 5, MIDNIGHT - 1])
def test_nothing_is_learnt_from_what_never_took_off(first: int) -> None:
    learner = Learner(SPARSE, 1, first)
    learner.learn(np.full((MIDNIGHT + DAY - first, 1), 1000.0))
    assert (learner.weights.count > 0).all()
    assert learner.weights.scale.max() == 0


def test_a_learner_goes_on_closely_with_what_it_learnt_sparsely() -> None:
    values = day_shape(4 * DAY)[:, None]
    sparse = Learner(SPARSE, 1, MIDNIGHT)
    sparse.learn(values[: 3 * DAY])
    counts = sparse.weights.count.copy()
    closer = sparse.closer()
    assert np.array_equal(closer.weights.count, counts)
    closer.learn(values[3 * DAY :])
    gained = (closer.weights.count - counts)[:, 0]
    rows = [DAY / every - ago for every, ago in zip(*_how_often(closer), strict=True)]
    assert gained.tolist() == pytest.approx(rows, abs=1)


def _how_often(learner: Learner) -> tuple[tuple[int, ...], list[int]]:
    whole = learner.frame.whole
    return whole.every, whole.ago.tolist()

"""Normal equations are solved the same for few series and for many, also where they say little."""

import numpy as np
import pytest

from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.equations import FEW, add_products, diagonals, places, solved

FEATURES = 13
ROWS, BLOCK = 4320, 40
WEIGHT, RIDGE, FARTHEST = 1 / 0.3, 1.5, 20
"""As rows weigh whose errors are small, the least ridge, and what features are at most."""


def learnt(series: int, *, apart: float) -> F32:
    """Normal equations of rows in which features and what came are alike but for so much."""
    rng = np.random.default_rng(1)
    sums = np.zeros((1, 1, places(FEATURES).max() + 1, series), np.float32)
    for _ in range(ROWS // BLOCK):
        terms = FARTHEST + apart * rng.normal(size=(BLOCK, 1, FEATURES + 1, series))
        terms *= rng.choice((-1, 1), size=(BLOCK, 1, 1, series))
        weights = np.full((BLOCK, 1, 1, series), WEIGHT, np.float32)
        add_products(sums, np.clip(terms, -FARTHEST, FARTHEST).astype(np.float32), weights)
    equations = sums[:, :, places(FEATURES)]
    diagonals(equations)[...] += RIDGE
    return equations


@pytest.mark.parametrize("series", [FEW, 200])
@pytest.mark.parametrize("apart", [0.0, 1e-3, 5.0])
def test_coefficients_of_features_that_are_alike_share_what_came(series: int, apart: float) -> None:
    found = solved(learnt(series, apart=apart))
    assert found.sum(axis=2) == pytest.approx(1, abs=0.02)
    assert np.abs(found).max() < 1

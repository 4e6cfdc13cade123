"""The widths of `Tide` are as wide as they have to be: where demand is stormy, and where calm."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ebbtide.forecast.contract import DAY, Floats
from tests.forecast.tide.made_up import ROWS, SERIES, Walk, drawn, noise, walk

LATELY = 3 * ROWS
DAYS = 10

Stormy = NDArray[np.bool_]


def stormy(sizes: Floats) -> Floats:
    """Demand with a noise of these sizes, (rows, SERIES)."""
    return np.asarray(100 * np.exp(sizes * noise(len(sizes), 1)))


def by_the_clock() -> tuple[Floats, Stormy]:
    """Demand that is stormy each afternoon, and where it is."""
    at = np.arange(DAYS * ROWS) % ROWS
    storm = (at >= ROWS // 2) & (at < ROWS * 3 // 4)
    storms = np.repeat(storm[:, None], SERIES, axis=1)
    return stormy(np.where(storms, 0.2, 0.02)), storms


def by_chance() -> tuple[Floats, Stormy]:
    """Demand whose storms come and go within hours, and the stormiest quarter of it."""
    sizes = noise(DAYS * ROWS, 0.15, seed=2)
    for row in range(1, len(sizes)):
        sizes[row] += 0.98 * sizes[row - 1]
    return stormy(0.05 * np.exp(sizes)), sizes > np.quantile(sizes, 0.75)


def standing_still() -> tuple[Floats, Stormy]:
    """Demand that either stands still, for hours, or is new in each row; and what follows new."""
    chances, fresh = drawn(3).random((DAYS * ROWS, SERIES)), 100 * np.exp(noise(DAYS * ROWS, 0.1))
    stands = np.zeros(chances.shape, bool)
    for row in range(1, len(fresh)):
        stands[row] = chances[row] < np.where(stands[row - 1], 0.95, 0.05)
        fresh[row] = np.where(stands[row], fresh[row - 1], fresh[row])
    return fresh, ~np.roll(stands, 1, axis=0)


def lately(storms: Stormy, walked: Walk) -> Stormy:
    """Where it was stormy when that came which was foreseen."""
    return storms[-len(walked.came) :]


def widened(storms: Stormy, walked: Walk) -> float:
    """How many times as wide 0.9 is in storms as in calm."""
    storm, widths = lately(storms, walked), walked.widths(0.9)[:, 0]
    return float(widths[storm].mean() / widths[~storm].mean())


def test_what_an_hour_of_the_day_brings_is_known_four_hours_before() -> None:
    values, storms = by_the_clock()
    walked = walk(values, 240, rows=LATELY)
    storm, beyond = lately(storms, walked), walked.exceeded(0.9)[:, 0]
    assert widened(storms, walked) > 2.2  # 5.5; 0.9 without a memory of the time of day
    assert 0.02 < beyond[~storm].mean() < beyond[storm].mean() < 0.23  # 0.06, 0.17; 0.001, 0.33


def test_storms_are_followed_as_they_come_and_go() -> None:
    values, storms = by_chance()
    walked = walk(values, 60, rows=LATELY)
    assert widened(storms, walked) > 2.0  # 2.35; 1.65 where errors are never forgotten
    assert 0.07 < walked.exceeded(0.9).mean() < 0.12
    assert 0.002 < walked.exceeded(0.99).mean() < 0.015


def test_what_foretells_a_storm_is_learnt_from_the_series() -> None:
    values, storms = standing_still()
    walked = walk(values, 10, rows=LATELY)
    assert widened(storms, walked) > 3.4  # 6.1; 1.9 with what is expected of all demand


def test_a_storm_is_forgotten_in_a_day() -> None:
    sizes = np.full((DAYS * ROWS, SERIES), 0.02)
    sizes[: 8 * ROWS] = 0.3
    width = walk(stormy(sizes), 60, rows=ROWS).widths(0.9).mean()
    assert width < 4.9


@pytest.mark.parametrize(
    ("level", "share", "least", "most"),
    [
        pytest.param(0.9, 0.2, 0.07, 0.12, id="a peak in a fifth of all minutes"),
        pytest.param(0.99, 0.04, 0.0, 0.01, id="a peak in a twenty-fifth of them"),
    ],
)
def test_multipliers_keep_quantiles_right_for_errors_of_any_shape(
    level: float, share: float, least: float, most: float
) -> None:
    chances = drawn().random((2, 6 * DAY, SERIES))
    values = 100 * (1 + 2 * (chances[0] < share) + 0.02 * chances[1])
    walked = walk(values, 1, rows=DAY, grid=1, every=7)
    assert least <= walked.exceeded(level).mean() < most


def test_between_what_is_learnt_quantiles_hold_as_well() -> None:
    wandering = 100 * np.exp(np.cumsum(noise(8 * ROWS, 0.01), axis=0))
    beyond = walk(wandering, 20, 40, 80, rows=LATELY).exceeded(0.9).mean(axis=(0, 2))
    assert (beyond > 0.07).all()
    assert (beyond < 0.11).all()

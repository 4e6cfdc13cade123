"""How good forecasts were: errors, pinball losses and coverage, and their ratios to a yardstick."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.columnwise import geometric_mean, mean
from ebbtide.forecast.contract import Floats
from ebbtide.forecast.evaluation.backtest import Course
from ebbtide.forecast.evaluation.pinball import SCORED, pinball

RAMP = 1.3
"""A ramp: what came is more than so many times what was at the origin."""


class Accuracy(NamedTuple):
    """Forecasts of one series by one model, so many minutes ahead.

    Errors are shares of the demand that came: an error of all of it is 1.
    """

    n: int
    """Forecasts whose truth is known."""
    wape: float
    """Absolute errors of the median."""
    bias: float
    """Signed errors of the median; above zero it was too high."""
    pinball: tuple[float, ...]
    """Pinball loss at each quantile."""
    coverage: tuple[float, ...]
    """Share of what came that was not above each quantile."""
    ramps: int
    ramps_covered: tuple[int, ...]
    """How many ramps stayed at or below each quantile."""


class Summary(NamedTuple):
    """One model, so many minutes ahead, over all series."""

    series: int
    wape: float
    """Geometric mean over the series of its ratio to the yardstick's; below 1 is better."""
    bias: float
    """Mean over the series that had any demand."""
    pinball: tuple[float, ...]
    """Geometric means of the ratios, as above."""
    coverage: tuple[float, ...]
    """Means over the series."""
    ramps: int
    ramp_coverage: tuple[float, ...]
    """Over the ramps of all series together; NaN where there was none."""


def accuracies(made: Floats, course: Course) -> Mapping[int, Accuracy]:
    """Score forecasts (origins, steps, levels) by minutes ahead."""
    truth, now = course.truth(), course.now()
    return {
        step: accuracy(made[:, i], truth[:, i], now)
        for i, step in enumerate(course.steps)
        if not np.isnan(truth[:, i]).all()
    }


def accuracy(made: Floats, truth: Floats, now: Floats) -> Accuracy:
    """Score forecasts (origins, levels) against what came after each origin."""
    known = ~np.isnan(truth)
    made, truth, now = made[known], truth[known], now[known]
    error, ramp, total = made[:, 0] - truth, truth > RAMP * now, float(np.abs(truth).sum())
    under = truth[:, None] - made
    loss = pinball(np.array(SCORED), under)
    covered = under <= 0
    return Accuracy(
        n=truth.size,
        wape=_share(np.abs(error).sum(), total),
        bias=_share(error.sum(), total),
        pinball=tuple(_share(part, total) for part in loss.sum(axis=0)),
        coverage=tuple(float(part) for part in covered.mean(axis=0)),
        ramps=int(ramp.sum()),
        ramps_covered=tuple(int(part) for part in covered[ramp].sum(axis=0)),
    )


def summary(mine: Sequence[Accuracy], yardstick: Sequence[Accuracy]) -> Summary:
    """One model beside the yardstick, series by series in the same order."""
    pairs = list(zip(mine, yardstick, strict=True))
    levels = range(len(SCORED))
    ramps = sum(one.ramps for one in mine)
    return Summary(
        series=len(pairs),
        wape=_mean_ratio((a.wape, b.wape) for a, b in pairs),
        bias=float(mean(np.array([one.bias for one in mine]))),
        pinball=tuple(_mean_ratio((a.pinball[i], b.pinball[i]) for a, b in pairs) for i in levels),
        coverage=tuple(float(np.mean([one.coverage[i] for one in mine])) for i in levels),
        ramps=ramps,
        ramp_coverage=tuple(
            _share(sum(one.ramps_covered[i] for one in mine), ramps) for i in levels
        ),
    )


def _mean_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """Geometric mean of ratios; a series that either gets exactly right has no part in it.

    It is nought where the model gets all exactly right, and the yardstick does not.
    """
    ratios = np.array([_share(mine, its) for mine, its in pairs])
    if np.any(ratios == 0) and not np.any(ratios > 0):
        return 0.0
    return float(geometric_mean(ratios))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan

"""The rivals of the house over recorded demand, each at the load that is best in hindsight."""

from collections.abc import Mapping, Sequence

import numpy as np

from ebbtide.planning.scoring.rivals import DOWN, Behavior, Hpa, HpaSettings, run
from ebbtide.planning.scoring.score import TUNED
from ebbtide_policies.lanes import Lanes, whole
from tests.bench.capacity.series import TICK, Series

_PERCENT = (10, 15, 20, 30, 40, 50, 57, 64, 71, 76, 80, 84, 87, 90, 93, 96, 100, 105, 110)
LOADS = np.array(_PERCENT) / 100
Points = Sequence[tuple[float, float]]


def rivals(series: Series) -> Mapping[str, Points]:
    """Unserved share and cost over the bound, by rival, at every load."""
    kinds = {"hpa": (0.1, DOWN), "hpa 1 %": (0.01, DOWN), "hpa 1 %, 10 %/60 s": (0.01, TUNED)}
    found = {name: _points(series, _hpa(series, *kind)) for name, kind in kinds.items()}
    peaks = np.ceil(np.linspace(0.3, 1.0, 36) * series.need.max() - 1e-9)
    return found | {"static peak": [_static(series, peak) for peak in peaks.tolist()]}


def _hpa(series: Series, tolerance: float, down: Behavior) -> Lanes:
    first = np.maximum(whole(series.need[0] / LOADS), 1.0)
    settings = HpaSettings(load=LOADS, tolerance=tolerance, down=down)
    return run(Hpa(settings, first), series.seen, TICK, first)


def _points(series: Series, asked: Lanes) -> Points:
    return [series.outcome(asked[:, lane]) for lane in range(asked.shape[1])]


def _static(series: Series, peak: float) -> tuple[float, float]:
    short = np.maximum(0.0, series.need - peak).sum()
    return float(short / series.need.sum()), peak * series.need.size / series.bound

"""What forecasts cost: the first one, those of the minutes that follow, and what is kept."""

import pickle
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.table import Table

from ebbtide.cli.models import Make
from ebbtide.forecast.contract import DAY, Floats, Forecaster, History
from ebbtide.loop.cohort import TOGETHER
from tests.bench.forecast_criteria import Criterion

HORIZON = 120
TICKS = 9
NOW = 1_794_398_400.0
PATIENCE = 20.0
"""Seconds that a tick may take, by what that of one series does: else it is reckoned from it."""
SLOW = 0.02
"""Seconds of a tick of one series from which on there is no vector behind it."""
MOST_TICK = {1: 0.0015, 5000: 0.050}
MOST_WARM_UP = {1: 2.0, 5000: 600.0}
MOST_STATE = 64 * 1024


class Speed(NamedTuple):
    """What a fleet of so many workloads costs."""

    model: str
    workloads: int
    warm_up: float
    """Seconds of the first forecast."""
    tick: float
    """Median seconds to learn one minute and forecast."""
    state: float
    """Bytes kept for one workload; NaN where it can't be told."""
    reckoned: bool = False
    """Whether it is that of one workload times their number."""

    def times(self, size: int) -> "Speed":
        """What a fleet of another size costs, if every workload costs the same."""
        ratio = size / self.workloads
        return Speed(self.model, size, self.warm_up * ratio, self.tick * ratio, self.state, True)


def fleet(size: int, minutes: int) -> Floats:
    """Demand with a day's season and a noise that lasts, one column a workload."""
    rng = np.random.default_rng(size)
    at = np.arange(minutes)[:, None]
    phase = rng.uniform(0, 2 * np.pi, size)
    level = 10 ** rng.uniform(1, 5, size)
    noise = np.cumsum(rng.normal(0, 0.002, (minutes, size)), axis=0)
    return np.asarray(level * (1.5 + np.sin(2 * np.pi * at / DAY + phase)) * np.exp(noise))


def speeds(makers: Mapping[str, Make], fleets: Sequence[int], days: int) -> Sequence[Speed]:
    """Every model over every fleet; a fleet that would take too long is reckoned from one."""
    found: list[Speed] = []
    for model, make in makers.items():
        one = None
        for size in fleets:
            if one is not None and one.tick > SLOW and one.tick * size > PATIENCE:
                speed = one.times(size)
            else:
                speed = _measured(model, make, size, days)
            one = one or speed.times(1)
            found.append(speed)
    return found


def _measured(model: str, make: Make, size: int, days: int) -> Speed:
    """In parts, as the operator forecasts them, each by a forecaster of its own.

    All parts are of the same demand, so that thousands of series need the memory of one part.
    """
    minutes = fleet(min(size, TOGETHER), days * DAY + TICKS)
    sizes = [min(TOGETHER, size - begin) for begin in range(0, size, TOGETHER)]
    parts = [(make(), minutes[:, :part]) for part in sizes]
    begun = time.perf_counter()
    for each in parts:
        _forecast(each, 0)
    warm_up = time.perf_counter() - begun
    ticks = [_seconds(parts, tick) for tick in range(1, TICKS + 1)]
    return Speed(model, size, warm_up, statistics.median(ticks), _state(parts[0]))


def _forecast(part: tuple[Forecaster, Floats], tick: int) -> None:
    forecaster, minutes = part
    rows = len(minutes) - TICKS
    known = History(NOW + 60 * tick, minutes[tick : rows + tick])
    forecaster.forecast(known, HORIZON)


def _seconds(parts: Sequence[tuple[Forecaster, Floats]], tick: int) -> float:
    begun = time.perf_counter()
    for part in parts:
        _forecast(part, tick)
    return time.perf_counter() - begun


def _state(part: tuple[Forecaster, Floats]) -> float:
    forecaster, minutes = part
    try:
        return len(pickle.dumps(forecaster)) / int(minutes.shape[1])
    except (pickle.PicklingError, AttributeError, TypeError):
        return float("nan")


def judged(found: Sequence[Speed], model: str) -> Sequence[Criterion]:
    """What is asked of one model."""
    made = []
    for one in (speed for speed in found if speed.model == model):
        for name, value, limits, unit in (
            ("a tick", one.tick, MOST_TICK, 1000),
            ("warm-up", one.warm_up, MOST_WARM_UP, 1),
        ):
            most = limits.get(one.workloads)
            if most:
                told = f"{value * unit:,.2f} {'ms' if unit > 1 else 's'}"
                asked = f"<= {most * unit:g} {'ms' if unit > 1 else 's'}"
                made.append(
                    Criterion(f"{name} of {one.workloads:,} workloads", asked, told, value <= most)
                )
    state = max((one.state for one in found if one.model == model), default=float("nan"))
    asked, told = f"<= {MOST_STATE / 1024:g} KB", f"{state / 1024:,.0f} KB"
    return [*made, Criterion("state of a workload", asked, told, state <= MOST_STATE)]


def table(found: Sequence[Speed], yardstick: str) -> Table:
    """All models by workloads, and their cost over that of the yardstick."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("MODEL", "WORKLOADS", "WARM-UP", "TICK", "STATE", f"TICK / {yardstick}"):
        made.add_column(head, justify="left" if head == "MODEL" else "right")
    plain = {one.workloads: one.tick for one in found if one.model == yardstick}
    for one in found:
        about = "~" if one.reckoned else ""
        ratio = one.tick / plain[one.workloads] if one.workloads in plain else float("nan")
        state = "-" if np.isnan(one.state) else f"{one.state / 1024:,.0f} KB"
        made.add_row(
            one.model,
            f"{one.workloads:,}",
            f"{about}{one.warm_up:,.2f} s",
            f"{about}{1000 * one.tick:,.1f} ms",
            state,
            "-" if np.isnan(ratio) else f"{ratio:.5f}",
        )
    return made

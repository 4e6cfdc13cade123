"""What forecasts cost: the first one, those of the minutes that follow, and what is kept.

    python -m tests.bench.forecast_speed MODEL WORKLOADS DAYS SHARE

measures one model over one fleet, in a process of its own, so that no other's memory is counted;
`python -m tests.bench.forecast` asks for all of them. All times are those of the processor.
"""

import copy
import json
import os
import pickle
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from rich.table import Table

from ebbtide.cli.models import makers
from ebbtide.forecast.contract import DAY, Floats, Forecaster, History
from ebbtide.forecast.tide.group import LEARNT_DAYS
from tests.bench.forecast_criteria import Criterion

HORIZON = 120
TOGETHER = 1024
"""Workloads that one forecaster forecasts; those of a larger fleet have several, side by side."""
TICKS = {1: 100, 100: 50}
FEW_TICKS = 15
"""Ticks that are timed, by workloads; of more workloads."""
NOW = 1_794_398_400.0
PATIENCE = 20.0
"""Seconds that ticks may take; and one, by what that of one series does: else it is reckoned."""
SLOW = 0.02
"""Seconds of a tick of one series from which on there is no vector behind it."""
LEARNING = 60.0
"""Seconds that a forecaster's warm-up may take, by that of the fleet before: else it is handed
fewer days, and that of all days is reckoned from some of its workloads."""
LEAST_DAYS = 3.0
SOME = 512
"""Workloads from whose warm-up that of all is reckoned: more of them cost no less each."""
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""Threads beside the one that is timed would spin, and count."""
MOST_TICK = {1: 0.0015, 5000: 0.050}
MOST_WARM_UP = {1: 2.0, 5000: 600.0}
MOST_STATE = 64 * 1024
MEGABYTE = 1024.0 * 1024.0


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
    memory: float
    """Bytes of the process at most, with the demand of one forecaster's workloads."""
    share: float = 1.0
    """Of the workloads, so many were warmed up."""
    reckoned: bool = False
    """Whether it is that of one workload times their number."""

    def times(self, size: int) -> "Speed":
        """What a fleet of another size costs, if every workload costs the same."""
        ratio = size / self.workloads
        return self._replace(
            workloads=size,
            warm_up=self.warm_up * ratio,
            tick=self.tick * ratio,
            memory=float("nan"),
            reckoned=True,
        )


def fleet(size: int, minutes: int) -> Floats:
    """Demand with a day's season and a noise that lasts, one column a workload."""
    rng = np.random.default_rng(size)
    at = np.arange(minutes)[:, None]
    phase = rng.uniform(0, 2 * np.pi, size)
    level = 10 ** rng.uniform(1, 5, size)
    noise = np.cumsum(rng.normal(0, 0.002, (minutes, size)), axis=0)
    return np.asarray(level * (1.5 + np.sin(2 * np.pi * at / DAY + phase)) * np.exp(noise))


def speeds(models: Sequence[str], fleets: Sequence[int], days: int) -> Iterator[Speed]:
    """Every model over every fleet; a fleet that would take too long is reckoned from one."""
    for model in models:
        one = before = None
        for size in fleets:
            if one is not None and one.tick > SLOW and one.tick * size > PATIENCE:
                before = one.times(size)
            else:
                before = _apart(model, size, days, _share(before, size))
            one = one or before.times(1)
            yield before


def _share(before: Speed | None, size: int) -> float:
    """The share of the days that a fleet is handed, by what the one before it took."""
    if before is None:
        return 1.0
    most = before.warm_up / before.workloads * min(size, TOGETHER)
    return min(1.0, LEARNING / most)


def _apart(model: str, size: int, days: int, share: float) -> Speed:
    """The same, measured in a process of its own."""
    asked = [sys.executable, "-m", __name__, model, str(size), str(days), str(share)]
    said = subprocess.run(
        asked, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_CORE
    )
    return Speed(**json.loads(said.stdout.splitlines()[-1]))


def measured(model: str, size: int, days: int, share: float) -> Speed:
    """One model over one fleet.

    All its forecasters have the same demand, so that thousands of workloads need the memory of
    that of a thousand; so the first learns for all of them, and the others are copies of it. Where
    that would take too long it learns fewer days, which a tick does not tell; a warm-up would.
    """
    count = -(-size // TOGETHER)
    learnt = min(days, LEARNT_DAYS)
    handed = days if share == 1 else min(learnt, max(LEAST_DAYS, learnt * share))
    ticks = TICKS.get(size, FEW_TICKS)
    minutes = fleet(-(-size // count), round(handed * DAY) + ticks)
    first = makers()[model]()
    warm_up, warmed = _seconds([first], minutes[:-ticks], 0), int(minutes.shape[1])
    forecasters = [first, *(copy.deepcopy(first) for _ in range(1, count))]
    told: list[float] = []
    while len(told) < ticks and sum(told) < PATIENCE:
        tick = len(told) + 1
        told.append(_seconds(forecasters, minutes[tick : len(minutes) - ticks + tick], tick))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    if handed != days:
        warmed = min(SOME, size)
        warm_up = _seconds([makers()[model]()], fleet(warmed, days * DAY), 0)
    return Speed(
        model=model,
        workloads=size,
        warm_up=warm_up * size / warmed,
        tick=statistics.median(told),
        state=_state(first, int(minutes.shape[1])),
        memory=peak,
        share=warmed / size,
    )


def _seconds(forecasters: Sequence[Forecaster], minutes: Floats, tick: int) -> float:
    """What it takes to forecast once."""
    known, begun = History(NOW + 60 * tick, minutes), time.process_time()
    for each in forecasters:
        each.forecast(known, HORIZON)
    return time.process_time() - begun


def _state(forecaster: Forecaster, size: int) -> float:
    try:
        return len(pickle.dumps(forecaster)) / size
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


def line(one: Speed) -> str:
    """What is said of one fleet as soon as it is known."""
    about = "~" if one.reckoned or one.share < 1 else ""
    return (
        f"{one.model:<14} {one.workloads:>6,} workloads  "
        f"warm-up {about}{one.warm_up:,.2f} s  tick {1000 * one.tick:,.2f} ms"
    )


def table(found: Sequence[Speed], yardstick: str) -> Table:
    """All models by workloads, and their cost over that of the yardstick."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    ratios = (f"TICK / {yardstick}", f"WARM-UP / {yardstick}")
    for head in ("MODEL", "WORKLOADS", "WARM-UP", "TICK", "STATE", "MEMORY", *ratios):
        made.add_column(head, justify="left" if head == "MODEL" else "right")
    plain = {one.workloads: one for one in found if one.model == yardstick}
    for one in found:
        tick = "~" if one.reckoned else ""
        warm_up = "~" if one.reckoned or one.share < 1 else ""
        other = plain.get(one.workloads)
        made.add_row(
            one.model,
            f"{one.workloads:,}",
            f"{warm_up}{one.warm_up:,.2f} s",
            f"{tick}{1000 * one.tick:,.2f} ms",
            "-" if np.isnan(one.state) else f"{one.state / 1024:,.0f} KB",
            "-" if np.isnan(one.memory) else f"{one.memory / MEGABYTE:,.0f} MB",
            f"{one.tick / other.tick:.5f}" if other else "-",
            f"{one.warm_up / other.warm_up:.2f}" if other else "-",
        )
    return made


def main() -> None:
    """Measure one model over one fleet, and say it in JSON."""
    model, size, days, share = sys.argv[1:]
    found = measured(model, int(size), int(days), float(share))
    sys.stdout.write(json.dumps(found._asdict()) + "\n")


if __name__ == "__main__":
    main()

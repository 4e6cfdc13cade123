"""Which forecaster serves a series best: all of them tried on its own last days.

At some moments of the last days each is handed the history up to there and nothing else, as in a
backtest. Its quantiles are scored against what came, beside those of persistence.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.columnwise import geometric_mean
from ebbtide.forecast.contract import DAY, Context, Floats, Forecaster, History, Rows
from ebbtide.forecast.evaluation.pinball import PICKED, SCORED, pinball
from ebbtide.forecast.evaluation.track_record import AHEAD

Make = Callable[[], Forecaster]
"""Makes a forecaster that has learnt nothing yet."""

YARDSTICK = "Persistence"
ORIGINS = 64
TRIED_DAYS = 2
"""The last days that forecasters are tried on, or the last third of a shorter history."""
LEAST_DAYS = 1
"""Days of history under which nobody can say which is best."""
BETTER = 0.05
"""A forecaster takes the place of another only if its loss is less by this share."""
ALIKE = 0.02
"""Of those whose losses differ by less, the first is taken."""
NIL = 1e-30


def trial(
    makers: Mapping[str, Make], history: History, horizon: int, context: Context
) -> Mapping[str, Floats]:
    """Losses of every forecaster against those of persistence, one number a series.

    It is the geometric mean over some minutes ahead of the pinball loss at all scored quantiles.
    NaN: too little is known. A forecaster that fails has no loss at all.
    """
    steps = np.array([rows for rows in AHEAD if rows <= horizon])
    rows = _origins(history, int(steps[-1]))
    asked = (steps, context)
    losses = {name: _losses(make, history, rows, asked) for name, make in makers.items()}
    plain = losses.get(YARDSTICK)
    plain = _losses(persistence, history, rows, asked) if plain is None else plain
    return {name: geometric_mean((loss + NIL) / (plain + NIL)) for name, loss in losses.items()}


def chosen(losses: Mapping[str, float], before: str) -> str:
    """The forecaster with the least loss; the one from before, unless that is clearly better.

    Where nothing is known, it is the one from before, or else the first.
    """
    known = {name: loss for name, loss in losses.items() if np.isfinite(loss)}
    if not known:
        return before or next(iter(losses))
    least = min(known.values())
    if before in known and least > (1 - BETTER) * known[before]:
        return before
    return next(name for name, loss in known.items() if loss <= (1 + ALIKE) * least)


def _origins(history: History, reach: int) -> Sequence[int]:
    """Rows that end with what was known at some moment, from oldest to newest."""
    size = len(history.minutes)
    day = round(DAY * 60 / history.grid)
    span = min(TRIED_DAYS * day, size // 3)
    if size < LEAST_DAYS * day or span <= reach:
        return ()
    rows = np.unique(np.linspace(size - span, size - reach, ORIGINS).astype(int))
    return [int(row) for row in rows]


def _losses(
    make: Make, history: History, rows: Sequence[int], asked: tuple[Rows, Context]
) -> Floats:
    """Mean pinball loss, (steps, series); NaN where nothing came to score it by."""
    steps, context = asked
    size = history.minutes.shape[1]
    total, count = np.zeros((steps.size, size)), np.zeros((steps.size, size))
    levels = np.array(SCORED)[:, None, None]
    try:
        forecaster = make()
        for row in rows:
            then = history.end - (len(history.minutes) - row) * history.grid
            known = History(then, history.minutes[:row], history.grid)
            made = forecaster.forecast(known, int(steps[-1]), context).values[PICKED][:, steps - 1]
            under = history.minutes[row - 1 + steps] - made
            loss = pinball(levels, under).mean(axis=0)
            sound = np.isfinite(loss)
            total += np.where(sound, loss, 0.0)
            count += sound
    except Exception:  # noqa: BLE001 - one that fails is not chosen; the others are tried
        return np.full((steps.size, size), np.nan)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

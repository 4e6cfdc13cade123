"""`Seasonal`: the shape of the last days, moved to the present level, with its own measured errors.

The forecast `k` minutes ahead is a blend of two, weighted by least squares over the last days:
the present demand, and  profile(t + k) * (1 + damping_k * (level - 1)),  where `profile` is the
median of the last days at that minute of the day, `level` is the present demand over the profile,
and `damping_k` says how much of a deviation was still there `k` minutes later. With less than two
days of history the profile is flat, and this is persistence. Quantiles are those of the relative
errors that the same rule made over the last days, always with profiles known at the time.
"""

from hashlib import blake2b

import numpy as np

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.baselines.seasonal_lesson import (
    LEARNT,
    LEVEL_MINUTES,
    Lesson,
    learn,
)
from ebbtide.forecast.columnwise import between, carried, mean
from ebbtide.forecast.contract import (
    DAY,
    LEAST_HISTORY,
    MINUTE,
    NO_CONTEXT,
    Context,
    Floats,
    Forecast,
    History,
)

HOUR = 60
RECENT = 180
"""Minutes that are looked at for the present level; a gap that is longer has no level."""
SETTLED = 10
"""Minutes after which a minute of history is final: by then, late samples are in."""
HIGHEST = 3.0
"""Nothing is foreseen beyond so many times the highest demand that is known."""


class Seasonal:
    """The forecaster to start with.

    It learns at full hours and forecasts at every minute. What it learnt is kept for the hour, and
    is a function of the history alone.
    """

    name = "Seasonal"

    def __init__(self) -> None:
        self._lessons: dict[object, Lesson] = {}
        self.learnt = 0
        """How often it has learnt: what it costs."""

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` minutes."""
        lesson = self._lesson(history, horizon)
        steps, today = np.arange(1, horizon + 1), history.minute_of_day
        damping, season, errors = (
            between([a[i] for a in lesson.anchors], lesson.ahead, steps) for i in range(3)
        )
        shape = lesson.profile[(today + steps) % DAY]
        level = _level(history, lesson.profile)
        here = lesson.profile[today] * level
        median = here + season * (shape * (1 + damping * (level - 1)) - here)
        values = median + np.fmax(median, lesson.scale) * errors.transpose(1, 0, 2)
        values = np.clip(values, 0.0, HIGHEST * np.fmax(lesson.highest, here))
        known = np.count_nonzero(~np.isnan(history.minutes), axis=0)
        made = Forecast(
            origin=history.end,
            values=np.maximum.accumulate(values, axis=0),
            ordinary=lesson.ordinary,
            trusted=(known >= LEAST_HISTORY) & ~np.isnan(level),
        )
        return heed(made, history, context)

    def _lesson(self, history: History, horizon: int) -> Lesson:
        """What was learnt up to the last full hour that is settled; all of a history that is short.

        Whole hours are learnt from, so that a window that slides on teaches the same for an hour.
        """
        since = (int(history.end // MINUTE) - SETTLED) % HOUR + SETTLED
        end = len(history.minutes) - since
        rows = min(end // HOUR * HOUR, LEARNT)
        if rows < LEAST_HISTORY:
            return self._learn(history, horizon)
        upto = History(history.end - since * MINUTE, history.minutes[end - rows : end])
        content = blake2b(upto.minutes.tobytes(), digest_size=16).digest()
        key = (upto.end, horizon, upto.minutes.shape, content)
        if key not in self._lessons:
            near = {k: old for k, old in self._lessons.items() if _within_hours(old.end, upto.end)}
            self._lessons = near | {key: self._learn(upto, horizon)}
        return self._lessons[key]

    def _learn(self, history: History, horizon: int) -> Lesson:
        self.learnt += 1
        return learn(history, horizon)


def _within_hours(one: float, other: float) -> bool:
    """Whether two lessons may be needed at one time: not every series is equally late."""
    return abs(one - other) <= 2 * HOUR * MINUTE


def _level(history: History, profile: Floats) -> Floats:
    """The present demand over the profile; unknown after a gap that is long."""
    known = carried(history.minutes[-RECENT:])[::-1][:LEVEL_MINUTES]
    return mean(known / profile[(history.minute_of_day - np.arange(len(known))) % DAY])

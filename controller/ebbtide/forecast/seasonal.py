"""`Seasonal`: the shape of the last days, moved to the present level, with its own measured errors.

The forecast `k` minutes ahead is a blend of two, weighted by least squares over the last days:
the present demand, and  profile(t + k) * (1 + damping_k * (level - 1)),  where `profile`
is the median of the last days at that minute of the day, `level` is the present demand over the profile, and
`damping_k` says how much of a deviation was still there `k` minutes later. With less than two days
of history the profile is flat, and this is persistence. Quantiles are those of the relative errors
that the same rule made over the last days, always with profiles that were known at the time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import DAY, LEVELS, Floats, Forecast, History

ANCHORS = (1, 3, 10, 30, 60, 120, 240, 480, 960)
"""Minutes ahead at which errors are measured; between them everything is interpolated."""

PROFILE_DAYS = 7
TRIAL_DAYS = 3
LEVEL_MINUTES = 5
SMOOTHING = 7
HOUR = 60
MINUTE = 60.0
RECENT = 180
"""Minutes that are looked at for the present level; a gap that is longer has no level."""
LEAST_HISTORY = 60
"""Minutes of history under which no forecast is trusted."""


class Anchor(NamedTuple):
    """What was learnt about one number of minutes ahead, one value a series."""

    damping: Floats
    season: Floats
    """Weight of the profile against the present demand."""
    errors: Floats
    """Quantiles of the relative error, (levels, series)."""


class Lesson(NamedTuple):
    """What the history up to a full hour teaches."""

    end: float
    profile: Floats
    """One row a minute of the day, counted from the first row of the history."""
    ahead: tuple[int, ...]
    anchors: tuple[Anchor, ...]
    ordinary: Floats


class Seasonal:
    """The forecaster to start with.

    It learns at full hours and forecasts at every minute. What it learnt is kept for the hour, and
    is a function of the history alone.
    """

    name = "Seasonal"

    def __init__(self) -> None:
        self._lessons: dict[object, Lesson] = {}

    def forecast(self, history: History, horizon: int) -> Forecast:
        """Quantiles for the next `horizon` minutes."""
        lesson = self._lesson(history, horizon)
        known = carried(history.minutes[-RECENT:])
        steps = np.arange(1, horizon + 1)
        damping, season, errors = (
            _between([a[i] for a in lesson.anchors], lesson.ahead, steps) for i in range(3)
        )
        last = len(history.minutes) - 1
        shape = lesson.profile[(last + steps) % DAY]
        rows = last - np.arange(min(LEVEL_MINUTES, len(known)))
        level = np.nanmean(known[::-1][: rows.size] / lesson.profile[rows % DAY], axis=0)
        here = lesson.profile[last % DAY] * level
        median = here + season * (shape * (1 + damping * (level - 1)) - here)
        values = np.maximum(median * (1 + errors.transpose(1, 0, 2)), 0.0)
        return Forecast(
            origin=history.end,
            values=np.maximum.accumulate(values, axis=0),
            ordinary=lesson.ordinary,
            trusted=np.count_nonzero(~np.isnan(history.minutes), axis=0) >= LEAST_HISTORY,
        )

    def _lesson(self, history: History, horizon: int) -> Lesson:
        """What was learnt at the last full hour; an hour without history teaches what it can."""
        since = int(history.end // MINUTE) % HOUR
        rows = len(history.minutes) - since
        if rows < LEAST_HISTORY:
            return learn(history, horizon)
        upto = History(history.end - since * MINUTE, history.minutes[:rows])
        key = (upto.end, horizon, upto.minutes.shape, upto.minutes[-1].tobytes())
        if key not in self._lessons:
            fresh = {k: old for k, old in self._lessons.items() if old.end == upto.end}
            self._lessons = fresh | {key: learn(upto, horizon)}
        return self._lessons[key]


def learn(history: History, horizon: int) -> Lesson:
    """Learn shape, fading and errors from a history."""
    known, profiles = carried(history.minutes), _profiles(history.minutes)
    ahead = tuple(a for a in ANCHORS if a <= max(horizon, ANCHORS[0]))
    return Lesson(
        end=history.end,
        profile=profiles[0],
        ahead=ahead,
        anchors=tuple(_learn(known, history.minutes, profiles, a) for a in ahead),
        ordinary=_by_minute_of_day(history, profiles[0]),
    )


def carried(minutes: Floats) -> Floats:
    """The minutes with each gap filled by the last known value before it."""
    rows = np.where(np.isnan(minutes), 0, np.arange(len(minutes))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(minutes, rows, axis=0)


def _profiles(minutes: Floats) -> list[Floats]:
    """The profile as known now and as it was known 1, 2, ... days ago.

    Each has one row for each minute of the day, counted from the first row of the history.
    """
    trials = min(TRIAL_DAYS, len(minutes) // DAY - 1)
    if trials < 1:  # a day that is compared with itself teaches nothing
        return [np.ones((DAY, minutes.shape[1]))]
    return [_profile(minutes[: len(minutes) - back * DAY]) for back in range(trials + 1)]


def _profile(minutes: Floats) -> Floats:
    """Median of the last days at each minute of the day, smoothed; rows as in the first day."""
    days = min(PROFILE_DAYS, len(minutes) // DAY)
    recent = minutes[-days * DAY :].reshape(days, DAY, -1)
    shape = _nan_median(recent)
    shape = np.roll(shape, len(minutes) % DAY, axis=0)
    return _smooth(np.maximum(shape, 1e-9))


def _nan_median(stack: Floats) -> Floats:
    """Median over the first axis, of what is known; the mean of the rest where nothing is."""
    ordered = np.sort(stack, axis=0)  # NaN sorts last
    count = np.count_nonzero(~np.isnan(stack), axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    pick = [np.take_along_axis(ordered, index[None], axis=0)[0] for index in (low, high)]
    median = (pick[0] + pick[1]) / 2
    unknown = np.isnan(median)
    if unknown.any():
        total = np.nansum(median, axis=0) / np.maximum(1, np.count_nonzero(~unknown, axis=0))
        median = np.where(unknown, np.maximum(total, 1e-9), median)
    return median


def _smooth(shape: Floats) -> Floats:
    """A circular moving average over a few minutes of the day; a profile holds past days only."""
    half = SMOOTHING // 2
    padded = np.concatenate((shape[-half:], shape, shape[:half]))
    sums = np.cumsum(np.concatenate((np.zeros((1, shape.shape[1])), padded)), axis=0)
    return (sums[SMOOTHING:] - sums[:-SMOOTHING]) / SMOOTHING


def _learn(known: Floats, minutes: Floats, profiles: list[Floats], ahead: int) -> Anchor:
    """Replay the rule over the last days: what served best, and which errors it made."""
    here, base, later = _trials(known, minutes, profiles, ahead)
    deviation, truth = here[0] / here[1] - 1, later / base
    damping = _least_squares(deviation, truth - 1) if len(profiles) > 1 else np.ones(later.shape[1])
    seasonal = base * (1 + damping * deviation)
    season = _least_squares((seasonal - here[0]) / here[1], (later - here[0]) / here[1])
    predicted = here[0] + season * (seasonal - here[0])
    return Anchor(damping, season, _error_quantiles(later / np.maximum(predicted, 1e-9) - 1))


def _trials(
    known: Floats, minutes: Floats, profiles: list[Floats], ahead: int
) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """At every minute of the last days: demand and profile then, and `ahead` later."""
    size = len(known)
    begin = max(LEVEL_MINUTES, size - max(1, len(profiles) - 1) * DAY)
    origins = np.arange(begin, max(begin, size - ahead))
    back = np.minimum((size - 1 - origins) // DAY + 1, len(profiles) - 1)
    stack = np.stack(profiles)
    base = stack[back, origins % DAY]
    over = [known[origins - i] / stack[back, (origins - i) % DAY] for i in range(LEVEL_MINUTES)]
    here = np.mean(over, axis=0) * base
    return (here, base), stack[back, (origins + ahead) % DAY], minutes[origins + ahead]


def _least_squares(x: Floats, y: Floats) -> Floats:
    """The share of `x` that explains `y` best, between none and all of it, a value a series."""
    sound = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(sound, x, 0.0), np.where(sound, y, 0.0)
    share = (x * y).sum(axis=0) / np.maximum((x * x).sum(axis=0), 1e-12)
    return np.clip(share, 0.0, 1.0)  # type: ignore[no-any-return]


def _error_quantiles(errors: Floats) -> Floats:
    """Empirical quantiles of the errors, (levels, series); wide where few were seen."""
    count = np.count_nonzero(~np.isnan(errors), axis=0)
    if not errors.size or not count.any():
        return np.repeat(_ignorance()[:, None], errors.shape[1], axis=1)
    ordered = np.sort(np.where(np.isnan(errors), np.inf, errors), axis=0)
    rank = np.array(LEVELS)[:, None] * np.maximum(count - 1, 0)
    low = np.floor(rank).astype(int)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    lower, upper = (np.take_along_axis(ordered, i, axis=0) for i in (low, high))
    found = lower + (rank - low) * (upper - lower)
    few = count < LEAST_HISTORY
    return np.where(few, np.maximum(np.where(few, 0.0, found), _ignorance()[:, None]), found)


def _ignorance() -> Floats:
    """Errors to reckon with where none were measured yet."""
    return np.array([0.0, 0.1, 0.3, 0.5, 1.0, 2.0])


def _between(anchors: Sequence[Floats], at: Sequence[int], steps: NDArray[np.int_]) -> Floats:
    """Interpolate what was learnt at the anchors to all steps, along the logarithm of time."""
    stack = np.stack(anchors)
    place = np.interp(np.log(steps), np.log(at), np.arange(len(at)))
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(at) - 1)
    share = (place - low).reshape(-1, *[1] * (stack.ndim - 1))
    return stack[low] + share * (stack[high] - stack[low])


def _by_minute_of_day(history: History, profile: Floats) -> Floats:
    """The profile by minute of the UTC day; unknown without two days of history."""
    if len(history.minutes) < 2 * DAY:
        return np.full_like(profile, np.nan)
    first = (history.minute_of_day - (len(history.minutes) - 1)) % DAY
    return np.roll(profile, first, axis=0)

"""What `Seasonal` learns: the shape of a day, how deviations fade, and which errors were made."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.baselines.error_quantiles import error_quantiles
from ebbtide.forecast.baselines.ordinary import ordinary
from ebbtide.forecast.columnwise import carried, mean, median, share_explained, smoothed
from ebbtide.forecast.contract import DAY, Floats, History

ANCHORS = (1, 3, 10, 30, 60, 120, 240, 480, 960)
"""Minutes ahead at which errors are measured; between them everything is interpolated."""

PROFILE_DAYS = 7
TRIAL_DAYS = 3
LEVEL_MINUTES = 5
LEARNT = (PROFILE_DAYS + TRIAL_DAYS) * DAY
"""Minutes of history that a lesson is made of."""
LEAST_PROFILE = 0.05
"""The lowest minute of a profile, as a share of its mean: over nearly nothing there is no level."""
LEAST_SCALE = 0.1
"""Errors are relative to the demand foreseen, or to this share of the mean if that is more."""
NIL = 1e-9


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
    """One row a minute of the (UTC) day."""
    scale: Floats
    """The least demand that errors are relative to."""
    highest: Floats
    """The highest demand that is known."""
    ahead: tuple[int, ...]
    anchors: tuple[Anchor, ...]
    ordinary: Floats


class _Past(NamedTuple):
    """What a lesson is made of."""

    known: Floats
    """The minutes, carried through gaps."""
    minutes: Floats
    profiles: Floats
    """The profile as known now and as it was known 1, 2, ... days ago."""
    scale: Floats


def learn(history: History, horizon: int) -> Lesson:
    """Learn shape, fading and errors from a history."""
    known, profiles = carried(history.minutes), _profiles(history.minutes)
    ahead = tuple(a for a in ANCHORS if a <= max(horizon, ANCHORS[0]))
    profile = _by_minute_of_day(history, profiles[0])
    past = _Past(known, history.minutes, np.stack(profiles), LEAST_SCALE * mean(known))
    return Lesson(
        end=history.end,
        profile=profile,
        scale=past.scale,
        highest=np.fmax.reduce(known, axis=0),
        ahead=ahead,
        anchors=tuple(_learn(past, a) for a in ahead),
        ordinary=ordinary(history),
    )


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
    shape = smoothed(np.roll(median(recent), len(minutes) % DAY, axis=0))
    least: Floats = np.maximum(LEAST_PROFILE * shape.mean(axis=0), NIL)
    return np.maximum(shape, least)


def _learn(past: _Past, ahead: int) -> Anchor:
    """Replay the rule over the last days: what served best, and which errors it made."""
    here, base, later = _trials(past, ahead)
    deviation, truth = here[0] / here[1] - 1, later / base
    alone = len(past.profiles) == 1
    damping = np.ones(later.shape[1]) if alone else share_explained(deviation, truth - 1)
    seasonal = base * (1 + damping * deviation)
    season = share_explained((seasonal - here[0]) / here[1], (later - here[0]) / here[1])
    predicted = here[0] + season * (seasonal - here[0])
    errors = (later - predicted) / np.maximum(np.maximum(predicted, past.scale), NIL)
    return Anchor(damping, season, error_quantiles(errors))


def _trials(past: _Past, ahead: int) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """At every minute of the last days: demand and profile then, and `ahead` later."""
    known, minutes, profiles, _ = past
    size = len(known)
    begin = max(LEVEL_MINUTES, size - max(1, len(profiles) - 1) * DAY)
    origins = np.arange(begin, max(begin, size - ahead))
    back = np.minimum((size - 1 - origins) // DAY + 1, len(profiles) - 1)
    base = profiles[back, origins % DAY]
    over = [known[origins - i] / profiles[back, (origins - i) % DAY] for i in range(LEVEL_MINUTES)]
    here = np.mean(over, axis=0) * base
    return (here, base), profiles[back, (origins + ahead) % DAY], minutes[origins + ahead]


def _by_minute_of_day(history: History, profile: Floats) -> Floats:
    """A profile counted from the first row of a history, turned to the minutes of the UTC day."""
    first = (history.minute_of_day - (len(history.minutes) - 1)) % DAY
    return np.roll(profile, first, axis=0)

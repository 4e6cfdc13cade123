"""Synthetic demand: the weeks around a big promotion of a live-commerce platform.

Nothing in here was recorded. The shapes are those that platforms tell of: ordinary days with two
humps, an announced promotion that opens with a rush, flash crowds and dips that nobody announced,
and an ebb that falls within minutes and then trails off over a day.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Event

_DAY = 1440
_HOUR = 60
_AFTER = 3
"""Days that follow the day on which the promotion ends."""
_EVE = datetime(2026, 11, 9, 16, tzinfo=UTC).timestamp()
"""Midnight in Shanghai at the beginning of the day on which the promotion starts."""
_SHAPE = (
    (-60, 0.0),
    (-15, 0.2),
    (0, 0.35),
    (4, 1.0),
    (35, 0.8),
    (120, 0.55),
    (239, 0.6),
    (243, 0.9),
    (300, 0.5),
    (400, 0.15),
    (660, 0.12),
    (780, 0.3),
    (960, 0.38),
    (1200, 0.35),
    (1380, 0.5),
    (1440, 0.75),
    (1560, 0.6),
    (1650, 0.65),
    (1655, 0.85),
    (1680, 0.85),
)
"""The promotion's own viewers, minutes after its start -> share of the peak, for 28 hours:
prewarm, rush, plateau, midnight, night, plateau, second evening, last call."""

_HOURS = (
    ("opening", 0, 40, 1.0),
    ("midnight", 235, 30, 0.9),
    ("last-call", -40, 40, 0.85),
)
"""What the calendar says: name, minutes after the start (or before the end), minutes that it lasts,
share of the peak."""


class _Story(NamedTuple):
    """What one seed drew. Times in minutes from the first one, levels in viewers."""

    usual: float
    """The evening peak of an ordinary day."""
    excess: float
    """What the promotion's rush adds to it."""
    start: int
    end: int
    size: int
    """Minutes in all."""


class _Pulse(NamedTuple):
    """A crowd that comes, stays and goes: linear rise, plateau, exponential decay (minutes)."""

    at: float
    height: float
    rise: float
    stay: float
    decay: float

    def over(self, minutes: Lanes) -> Lanes:
        """Answer its viewers for each minute."""
        since = minutes - self.at
        rising = np.clip(since / self.rise, 0.0, 1.0)
        gone = np.maximum(since - self.rise - self.stay, 0.0)
        return self.height * rising * np.exp(-gone / self.decay)


def promotion_week(seed: int) -> DemandSeries:
    """Make the synthetic weeks of one seed: viewers a minute, about 20,000 to 1,000,000.

    7 to 10 ordinary days, which are history up to six hours before the promotion; about 28 hours
    of promotion, announced with a guess of its size; the ebb; ordinary days to the end. Each seed
    differs in level, times, crowds, dips and in how fast it falls.
    """
    rng = np.random.default_rng(seed)
    story = _told(rng)
    minutes = np.arange(story.size, dtype=np.float64)
    viewers = _ordinary(minutes, story, rng) + _excess(minutes, story, rng)
    for pulse in _flash_crowds(story, rng):
        viewers += pulse.over(minutes)
    viewers *= _dips(minutes, story, rng) * _noise(story.size, rng)
    first = _EVE - (story.start // _DAY) * _DAY * MINUTE
    return DemandSeries(
        start=first,
        minutes=np.rint(viewers),
        events=_announced(story, first, rng),
        live_from=first + (story.start - 6 * _HOUR) * MINUTE,
    )


def _told(rng: np.random.Generator) -> _Story:
    days = int(rng.integers(7, 11))
    usual = rng.uniform(115e3, 170e3)
    start = days * _DAY + 30 * int(rng.integers(38, 43))
    end = start + 30 * int(rng.integers(53, 60))
    size = (end // _DAY + 1 + _AFTER) * _DAY
    return _Story(usual, rng.uniform(450e3, 850e3), start, end, size)


def _ordinary(minutes: Lanes, story: _Story, rng: np.random.Generator) -> Lanes:
    """Ordinary days: a noon and an evening hump, busier weekends, small bursts."""
    hour = minutes % _DAY / _HOUR
    day = (minutes // _DAY).astype(np.int64)
    weekday = (day - story.start // _DAY + 1) % 7
    weekend = np.where(weekday >= 5, rng.uniform(1.1, 1.25), 1.0)  # noqa: PLR2004  # Saturday
    mood = np.exp(rng.normal(0.0, 0.04, story.size // _DAY + 1))[day]
    level = story.usual * (0.2 + _humps(hour)) * weekend * mood
    for at in rng.uniform(0, story.size, rng.poisson(3 * story.size / _DAY)):
        rise, decay = rng.uniform(1, 4), rng.uniform(5, 20)
        level *= 1.0 + _Pulse(at, rng.uniform(0.02, 0.08), rise, 0.0, decay).over(minutes)
    return level


def _humps(hour: Lanes) -> Lanes:
    """Noon and evening of an ordinary day, by the local hour."""
    noon = 0.42 * np.exp(-(((hour - 12.5) / 2.0) ** 2))
    evening = 0.8 * np.exp(-((((hour - 21.0 + 12.0) % 24.0 - 12.0) / 2.6) ** 2))
    humps: Lanes = noon + evening
    return humps


def _excess(minutes: Lanes, story: _Story, rng: np.random.Generator) -> Lanes:
    """What the promotion adds: war by its shape, then a fast fall, a long tail and echoes."""
    at, share = np.array(_SHAPE).T
    stretch = np.where(at > 0, (story.end - story.start) / at[-1], 1.0)
    wobble = np.exp(rng.normal(0.0, 0.1, at.size))
    wobble[np.argmax(share)] = 1.0
    war = story.excess * np.interp(minutes, story.start + at * stretch, share * wobble)
    left = float(war[story.end])
    since = np.maximum(minutes - story.end, 0.0)
    fast, hurry = rng.uniform(0.5, 0.75), rng.uniform(1.0, 5.0)
    tail = (1 - fast) * np.exp(-since / rng.uniform(120, 300))
    ebb = left * (fast * np.exp(-since / hurry) + tail)
    for hours in rng.uniform(2, 22, rng.integers(2, 5)):
        height = rng.uniform(0.05, 0.15) * story.excess
        echo = _Pulse(story.end + hours * _HOUR, height, rng.uniform(5, 15), 10.0, 60.0)
        ebb += echo.over(minutes)
    return np.where(minutes <= story.end, war, ebb)


def _flash_crowds(story: _Story, rng: np.random.Generator) -> Sequence[_Pulse]:
    """Crowds that nobody announced: in the promotion, and one before and one after it."""
    war = rng.uniform(story.start + 90, story.end - 30, rng.integers(2, 5))
    calm = (rng.uniform(_DAY, story.start - _DAY), rng.uniform(story.end + _DAY, story.size - 120))
    sized = [(at, rng.uniform(0.1, 0.3) * story.excess) for at in war]
    sized += [(at, rng.uniform(0.3, 0.9) * story.usual) for at in calm]
    return [
        _Pulse(at, height, rng.uniform(2, 5), rng.uniform(3, 15), rng.uniform(5, 20))
        for at, height in sized
    ]


def _dips(minutes: Lanes, story: _Story, rng: np.random.Generator) -> Lanes:
    """Share that stays in dips of some minutes, which return as fast as they came."""
    kept = np.ones(minutes.size)
    for at in rng.uniform(story.start + 60, story.end - 60, rng.integers(1, 4)):
        fall, stay, back = rng.uniform(1, 2), rng.uniform(3, 8), rng.uniform(1, 3)
        edges = at + np.cumsum((0.0, fall, stay, back))
        depth = rng.uniform(0.3, 0.65)
        kept *= 1.0 - depth * np.interp(minutes, edges, (0.0, 1.0, 1.0, 0.0))
    return kept


def _noise(size: int, rng: np.random.Generator) -> Lanes:
    """Multiplicative noise of about 1 %, that remembers itself for half an hour."""
    memory = 0.97 ** np.arange(240)
    shocks = rng.normal(0.0, 0.0025, size + memory.size - 1)
    slow = np.convolve(shocks, memory, mode="valid")
    noise: Lanes = np.exp(slow + rng.normal(0.0, 0.003, size))
    return noise


def _announced(story: _Story, first: float, rng: np.random.Generator) -> Sequence[Event]:
    """Announce the hours that matter, at sizes that somebody has guessed."""
    stretch = (story.end - story.start) / _SHAPE[-1][0]
    windows = (
        (name, story.start + round(at * stretch) if at >= 0 else story.end + at, lasts, share)
        for name, at, lasts, share in _HOURS
    )
    return tuple(_event(window, story, first, rng) for window in windows)


def _event(
    window: tuple[str, int, int, float], story: _Story, first: float, rng: np.random.Generator
) -> Event:
    name, begins, lasts, share = window
    hours = (begins + np.arange(_HOUR)) % _DAY / _HOUR
    usual = float(story.usual * (0.2 + _humps(hours).max()))
    times = (usual + share * story.excess) / usual * rng.uniform(0.9, 1.15)
    start = first + begins * MINUTE
    ready_by = start - 10 * MINUTE
    return Event(name, start, start + lasts * MINUTE, ready_by, times=round(times, 1))

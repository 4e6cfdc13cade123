"""The falls that scalers are put through: what demand truly is, and what the metric says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ebbtide_policies.lanes import UNKNOWN, Lanes

TICK = 15.0
"""Seconds from one decision to the next, for every scaler."""
MINUTE = 60.0
DELAY = 30.0
"""Seconds until a minute can be read, for every scaler."""
BOOT = 90.0
"""Seconds from the moment a replica is asked for until it is ready."""
FLEET = 1000.0
"""Replicas before the fall."""
WAR = 3 * 3600.0
"""Seconds that the announced event has lasted at the fall."""
MAX_STEP = 0.2
"""The share of the fleet that may go in any 60 seconds."""
NOON = 1_794_398_400.0
"""The moment of the fall: a Wednesday, 2026-11-11 12:00 UTC."""
LEAD_IN, AFTER = 30 * MINUTE, 110 * MINUTE
"""What is looked at before and after the fall."""
HISTORY = 2 * 1440
"""Minutes of ordinary demand before the scalers look."""

SECONDS = np.arange(-LEAD_IN, AFTER, TICK)
"""The moments of the ticks, in seconds after the fall."""

Course = Callable[[Lanes], Lanes]
"""Demand in replicas at target load at some moments, in seconds after the fall."""


@dataclass(frozen=True, kw_only=True)
class Fall:
    """One story of demand that falls, or seems to."""

    name: str
    kind: str = "cliff"
    truth: Course
    said: Course | None = None
    """What the metric says, where that is not the truth; NaN: nothing."""
    before: Course
    """Demand of the days before."""
    ends: float = 0.0
    """When the announced event ends, in seconds after the fall."""
    lowered: float | None = None
    """The maximum from the fall on, where somebody lowers it then."""
    restarts: bool = False
    """Whether the controller is restarted at every tick from the fall on."""
    wavers: bool = False
    """Whether the forecast changes at every minute."""
    lenient: bool = True
    """Whether demand counts as carried up to ready / 0.9, as HPA's tolerance parks there."""
    seconds: Lanes = field(default_factory=lambda: SECONDS)

    @property
    def demand(self) -> Lanes:
        """The truth at every tick."""
        return self.truth(self.seconds)

    @property
    def minutes(self) -> Lanes:
        """What the metric says, one value a minute, history included; it begins at `start`."""
        at = np.arange(self.start, self.seconds[-1] + TICK, MINUTE)
        live = (self.said or self.truth)(at)
        return np.where(at < self.seconds[0], self.before(at), live)

    @property
    def start(self) -> float:
        """The first minute of the history, in seconds after the fall."""
        return float(self.seconds[0]) - HISTORY * MINUTE

    @property
    def read(self) -> Lanes:
        """What a scaler reads at every tick: the newest minute that is old enough."""
        newest = np.floor((self.seconds - DELAY) / MINUTE)
        return self.minutes[(newest - self.start / MINUTE).astype(np.int64)]

    @property
    def ceiling(self) -> Lanes:
        """The maximum at every tick."""
        lowered = 2 * FLEET if self.lowered is None else self.lowered
        return np.where(self.seconds < 0, 2 * FLEET, lowered)


def points(*corners: tuple[float, float]) -> Course:
    """Straight lines between (seconds, replicas); two corners at one moment are a step."""
    at, levels = np.array(corners, dtype=np.float64).T

    def course(seconds: Lanes) -> Lanes:
        after = np.searchsorted(at, seconds, side="right")
        left, right = np.maximum(after - 1, 0), np.minimum(after, at.size - 1)
        part = (seconds - at[left]) / np.maximum(at[right] - at[left], 1e-9)
        inside = (after > 0) & (after < at.size)
        share = np.where(inside, part, 0.0)
        return np.asarray(levels[left] * (1 - share) + levels[right] * share)

    return course


def _day(seconds: Lanes, peak_at: float, low: float, high: float) -> Lanes:
    hour = (seconds - peak_at) / 3600
    hump = np.exp(-((((hour + 12) % 24 - 12) / 4.0) ** 2))
    noise = np.random.default_rng(5).normal(0.0, 0.01, seconds.size)
    return np.asarray((low + (high - low) * hump) * (1 + noise))


def after_a_surge(level: float) -> Course:
    """Ordinary days that ask for `level` at this hour; three hours ago came a war of 1,000."""
    rise = points((-3.3 * 3600, 0.0), (-3.0 * 3600, 1.0))

    def course(seconds: Lanes) -> Lanes:
        usual = _day(seconds, -3600.0, 0.4 * level, 1.1 * level)
        return np.asarray(np.maximum(usual, FLEET * rise(seconds)))

    return course


def on_an_ordinary_day(level: float) -> Course:
    """Ordinary days that ask for 1,000 at this hour, whatever comes after it today."""
    return lambda seconds: np.minimum(_day(seconds, 0.0, 450.0, FLEET), FLEET)


Past = Callable[[float], Course]

CLIFF = points((0, FLEET), (0, 60))
DIP = points((0, FLEET), (0, 60), (360, 60), (420, 800))
STEADY = points((0, FLEET), (1, FLEET))
FOREVER = AFTER + 3600.0
"""An event that goes on beyond what is looked at."""


def _zero(seconds: Lanes) -> Lanes:
    return np.where((seconds >= 0) & (seconds < 600), 0.0, FLEET)


def _half_filled(seconds: Lanes) -> Lanes:
    """Nothing for ten minutes, then averages over five that fill up again."""
    filled = 0.5 + 0.5 * np.clip((seconds - 600) / 300, 0.0, 1.0)
    return np.where(seconds < 0, FLEET, np.where(seconds < 600, UNKNOWN, FLEET * filled))


def named(past: Past = after_a_surge, suffix: str = "") -> Sequence[Fall]:
    """The scenarios that have a name, each after two days of ordinary history."""
    low, steady = past(60.0), past(FLEET)
    return [
        Fall(name="cliff" + suffix, truth=CLIFF, before=low),
        Fall(name="dip" + suffix, kind="dip", truth=DIP, before=low, ends=FOREVER),
        Fall(name="fall-over-3-min" + suffix, truth=points((0, FLEET), (180, 40)), before=past(40)),
        Fall(name="lowered-max" + suffix, truth=CLIFF, before=low, lowered=200.0),
        Fall(
            name="metric-zero" + suffix,
            kind="bad-data",
            truth=STEADY,
            said=_zero,
            before=steady,
            ends=FOREVER,
        ),
        Fall(
            name="half-filled" + suffix,
            kind="bad-data",
            truth=STEADY,
            said=_half_filled,
            before=steady,
            ends=FOREVER,
        ),
        Fall(name="restarts" + suffix, truth=CLIFF, before=low, restarts=True),
        Fall(name="moving-forecast" + suffix, truth=CLIFF, before=low, wavers=True),
    ]

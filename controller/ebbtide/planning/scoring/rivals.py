"""The rival that Ebbtide is measured against: Kubernetes' HPA.

It follows the published rules of `pkg/controller/podautoscaler/horizontal.go` (autoscaling/v2
with `behavior`) for one metric of the kind "demand divided by replicas". Every number may be an
array of lanes, so that many targets run at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import NamedTuple, Protocol

import numpy as np

from ebbtide_policies.lanes import UNKNOWN, UNLIMITED, Lanes, Number


class Tick(NamedTuple):
    """What a rival sees at one tick."""

    now: float
    """Seconds; only differences count."""
    metric: Number
    """Demand in replicas at target load, as it is read; NaN when it is unknown."""
    current: Number
    """Replicas that are asked for."""


class Rival(Protocol):
    """Decides replicas by a published rule; it may keep a memory of what it saw."""

    def decide(self, tick: Tick) -> Number:
        """Answer the replicas to ask for."""


class Unit(StrEnum):
    """What the value of a limit counts."""

    PODS = "Pods"
    PERCENT = "Percent"


class Select(StrEnum):
    """Which of several limits holds."""

    MAX = "Max"
    """The one that allows the larger change."""
    MIN = "Min"
    DISABLED = "Disabled"


class Limit(NamedTuple):
    """One entry of `behavior.*.policies`."""

    unit: Unit
    value: float
    period: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Behavior:
    """One direction of `spec.behavior`."""

    limits: tuple[Limit, ...]
    window: float = 0.0
    """Seconds of stabilization."""
    select: Select = Select.MAX


UP = Behavior((Limit(Unit.PERCENT, 100.0, 15.0), Limit(Unit.PODS, 4.0, 15.0)))
"""HPA's default for scaling up."""
DOWN = Behavior((Limit(Unit.PERCENT, 100.0, 15.0),), window=300.0)
"""HPA's default for scaling down: once the window has passed, no limit at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaSettings:
    """One HPA; its defaults are those of Kubernetes."""

    load: Number = 1.0
    """Its target, as a share of the target load."""
    tolerance: float = 0.1
    up: Behavior = UP
    down: Behavior = DOWN
    minimum: float = 1.0
    maximum: float = UNLIMITED
    sync: float = 15.0
    """Seconds from one decision to the next."""


PeriodStart = Callable[[float], Number]
"""(period in seconds) -> current replicas less what was added, plus what was deleted, in it."""


def highest_allowed(current: Number, start: PeriodStart, behavior: Behavior) -> Number:
    """Answer how far up the limits let the fleet go; a percentage is rounded up."""
    if behavior.select is Select.DISABLED:
        return current
    choose = np.minimum if behavior.select is Select.MIN else np.maximum
    allowed = [_raised(start(limit.period), limit) for limit in behavior.limits]
    return np.maximum(reduce(choose, allowed), current)


def lowest_allowed(current: Number, start: PeriodStart, behavior: Behavior) -> Number:
    """Answer how far down the limits let the fleet go; a percentage is truncated."""
    if behavior.select is Select.DISABLED:
        return current
    choose = np.maximum if behavior.select is Select.MIN else np.minimum
    allowed = [_lowered(start(limit.period), limit) for limit in behavior.limits]
    return np.minimum(reduce(choose, allowed), current)


def limited(want: Number, current: Number, start: PeriodStart, settings: HpaSettings) -> Number:
    """Bring a wish within what the limits, the minimum and the maximum allow."""
    lowest = np.maximum(lowest_allowed(current, start, settings.down), settings.minimum)
    highest = np.minimum(highest_allowed(current, start, settings.up), settings.maximum)
    return np.clip(want, lowest, highest)


def _raised(start: Number, limit: Limit) -> Number:
    if limit.unit is Unit.PODS:
        return start + limit.value
    return np.ceil(start * (1 + limit.value / 100))


def _lowered(start: Number, limit: Limit) -> Number:
    if limit.unit is Unit.PODS:
        return start - limit.value
    return np.trunc(start * (1 - limit.value / 100))


def recommended(metric: Number, current: Number, load: Number, tolerance: float) -> Number:
    """ceil(current * usage / target), or current within the tolerance; NaN where it is unknown."""
    want = metric / load
    ratio = want / np.maximum(current, 1.0)
    return np.where(np.abs(1.0 - ratio) <= tolerance, current, np.ceil(want))


class _Recent:
    """The last values of something, one a sync."""

    def __init__(self, syncs: int, before: Lanes) -> None:
        """Keep so many; `before` stands for all that came earlier."""
        self._values = np.repeat(before[np.newaxis], syncs, axis=0)
        self._newest = 0

    def put(self, value: Number) -> None:
        self._newest = (self._newest + 1) % len(self._values)
        self._values[self._newest] = value

    def ago(self, syncs: int) -> Lanes:
        """Answer the value of so many syncs ago; 0 is the newest."""
        value: Lanes = self._values[self._newest - syncs]
        return value

    def last(self, count: int) -> Lanes:
        """Answer the newest values, in no order."""
        if count == len(self._values):
            return self._values
        recent: Lanes = self._values[self._newest - np.arange(count)]
        return recent


class Hpa:
    """A HorizontalPodAutoscaler with the memory it keeps: recommendations and scale events.

    As in Kubernetes an entry counts while it is strictly younger than its window or period, the
    first recommendation on record is the number of replicas at first sight, and replicas outside
    of minimum and maximum are put right at once, past window and limits.
    """

    def __init__(self, settings: HpaSettings, replicas: Number) -> None:
        """Take a fleet under care that has so many replicas."""
        self.settings = settings
        lanes = np.asarray(replicas + 0.0 * settings.load)
        up, down = settings.up, settings.down
        longest = max(limit.period for limit in (*up.limits, *down.limits))
        self._wanted = _Recent(self._syncs(max(up.window, down.window)), lanes * UNKNOWN)
        self._wanted.put(lanes)
        self._moved = _Recent(self._syncs(longest), lanes * 0.0)
        self._due = -np.inf

    def decide(self, tick: Tick) -> Number:
        """Answer the replicas to ask for; between two syncs, those that are."""
        if tick.now < self._due:
            return tick.current
        self._due = tick.now + self.settings.sync
        settings, current = self.settings, tick.current
        want = recommended(tick.metric, current, settings.load, settings.tolerance)
        inside = np.clip(current, settings.minimum, settings.maximum)
        off = (current != inside) | (current == 0)
        steady = self._stabilized(np.where(off, UNKNOWN, want), current)
        known = np.where(np.isnan(want), current, steady)
        within = limited(known, current, self._began(current), settings)
        replicas = np.where(off, np.where(current == 0, 0.0, inside), within)
        self._moved.put(self._moved.ago(0) + replicas - current)
        return replicas

    def _syncs(self, seconds: float) -> int:
        """How many syncs, the present one included, are younger than so many seconds."""
        return max(1, int(np.ceil(seconds / self.settings.sync)))

    def _stabilized(self, want: Number, current: Number) -> Number:
        """Move current between the lowest wish of the window up and the highest of that down."""
        self._wanted.put(want)
        up = np.fmin.reduce(self._wanted.last(self._syncs(self.settings.up.window)))
        down = np.fmax.reduce(self._wanted.last(self._syncs(self.settings.down.window)))
        return np.minimum(np.maximum(current, up), down)

    def _began(self, current: Number) -> PeriodStart:
        added = self._moved
        return lambda period: current - added.ago(0) + added.ago(self._syncs(period) - 1)


def run(rival: Rival, metric: Lanes, tick: float, replicas: Number) -> Lanes:
    """Let a rival drive a fleet from `replicas` on; returns what it asked for.

    One row a tick of `tick` seconds, one column a lane; `metric` in replicas at target load.
    """
    asked = np.empty((len(metric), *np.shape(replicas)))
    current = replicas
    for index, seen in enumerate(metric):
        current = rival.decide(Tick(index * tick, seen, current))
        asked[index] = current
    return asked

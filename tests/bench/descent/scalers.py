"""The rivals by name, as they are published, and how they are driven over a fall."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ebbtide.planning.scoring.rivals import (
    DOWN,
    Behavior,
    Hpa,
    HpaSettings,
    Limit,
    Rival,
    Tick,
    Unit,
)
from ebbtide_policies.lanes import Lanes, Number
from tests.bench.descent.falls import FLEET, MAX_STEP, TICK, Fall
from tests.bench.rivals.kapacity import Kapacity, KapacitySettings
from tests.bench.rivals.knative import Knative, KnativeSettings
from tests.bench.rivals.schedules import Jump, Scheduled, cron, stairs
from tests.bench.rivals.watermark import Watermark, WatermarkSettings

WINDOW = 300.0
WINDOWS = tuple(float(seconds) for seconds in range(0, 1501, 75))
"""Stabilization windows that are tried for the HPA at Ebbtide's own pace."""


@dataclass(frozen=True)
class Story:
    """What a rival can know of some falls, one lane each, beside the metric."""

    falls: Sequence[Fall]

    @property
    def ends(self) -> Lanes:
        """When the event ends that its schedule is about."""
        return np.array([fall.ends for fall in self.falls])

    @property
    def after(self) -> Lanes:
        """What the schedule asks for from then on."""
        return np.array([np.ceil(fall.demand[-1]) for fall in self.falls])

    @property
    def moves(self) -> bool:
        """Whether the forecast has a new point at every minute."""
        return any(fall.wavers for fall in self.falls)


Make = Callable[[Story, Lanes], Rival]
"""Puts some falls, and fleets of so many replicas, under a rival's care."""


def percent(value: float, window: float = WINDOW) -> Behavior:
    """HPA's way down by Percent in 60 s."""
    return Behavior((Limit(Unit.PERCENT, value, 60.0),), window)


def pods(value: float, window: float = WINDOW) -> Behavior:
    """HPA's way down by Pods in 60 s."""
    return Behavior((Limit(Unit.PODS, value, 60.0),), window)


def hpa(down: Behavior = DOWN, tolerance: float = 0.1) -> Make:
    """A HorizontalPodAutoscaler."""
    return lambda _, replicas: Hpa(HpaSettings(down=down, tolerance=tolerance), replicas)


def own_pace(window: float, tolerance: float = 0.1) -> Make:
    """An HPA that lets go as fast as Ebbtide may."""
    return hpa(pods(MAX_STEP * FLEET, window), tolerance)


class NullIsZero:
    """KEDA's Prometheus scaler, which by default takes an empty answer for nought."""

    def __init__(self, rival: Rival) -> None:
        self._rival = rival

    def decide(self, tick: Tick) -> Number:
        """Answer what the rival does with nought."""
        return self._rival.decide(tick._replace(metric=np.nan_to_num(tick.metric)))


def _keda(story: Story, replicas: Lanes) -> Rival:
    return NullIsZero(Hpa(HpaSettings(), replicas))


def _keda_cron(story: Story, replicas: Lanes) -> Rival:
    return NullIsZero(Scheduled(Hpa(HpaSettings(), replicas), cron(FLEET, story.ends)))


def _knative(delay: float) -> Make:
    return lambda _, replicas: Knative(KnativeSettings(delay=delay), replicas)


def _watermark(story: Story, replicas: Lanes) -> Rival:
    return Watermark(WatermarkSettings(), replicas)


def _kapacity(story: Story, replicas: Lanes) -> Rival:
    return Kapacity(KapacitySettings(expires=60.0 if story.moves else np.inf), replicas)


def _ramp(story: Story, replicas: Lanes) -> Rival:
    return Scheduled(Hpa(HpaSettings(), replicas), stairs(FLEET, story.ends))


def _jump(story: Story, replicas: Lanes) -> Rival:
    return Jump(FLEET, story.after, story.ends)


RIVALS: Mapping[str, Make] = {
    "hpa": hpa(),
    "hpa-10%/60s": hpa(percent(10.0)),
    "hpa-10%/60s-window-0": hpa(percent(10.0, 0.0)),
    "hpa-5pods/60s": hpa(pods(5.0)),
    "keda": _keda,
    "keda-cron": _keda_cron,
    "cron-end": _jump,
    "knative": _knative(0.0),
    "knative-delay-300s": _knative(300.0),
    "watermark": _watermark,
    "kapacity-20%/60s": _kapacity,
    "kube-metrics-adapter": _ramp,
}
"""By the name that the rows have."""

KEEPS_STATUS = {"watermark", "kapacity-20%/60s", "cron-end"}
"""Those whose state stands in a status, or need none: a restart takes nothing from them."""


def driven_by(name: str, make: Make, falls: Sequence[Fall]) -> Lanes:
    """Let a rival drive the fleets of falls that share their troubles; [tick, fall]."""
    story, first = Story(falls), falls[0]
    read = np.stack([fall.read for fall in falls], axis=1)
    current = np.full(len(falls), FLEET)
    rival, asked = make(story, current), np.empty(read.shape)
    for index, second in enumerate(first.seconds.tolist()):
        if first.restarts and second >= 0 and name not in KEEPS_STATUS:
            rival = make(story, current)
        if first.lowered is not None and second == 0 and isinstance(rival, Hpa):
            rival.settings = replace(rival.settings, maximum=first.lowered)
        wanted = rival.decide(Tick(second, read[index], current))
        current = np.minimum(wanted, first.ceiling[index])
        asked[index] = current
    return asked


def best_window(dips: Sequence[Fall], short: Callable[[Fall, Lanes], float]) -> float:
    """The shortest window with which the HPA at Ebbtide's own pace is never short in some dips."""
    for window in np.arange(0.0, 1500.0, TICK).tolist():
        asked = [driven_by("hpa", own_pace(window), [dip])[:, 0] for dip in dips]
        if not any(short(dip, given) for dip, given in zip(dips, asked, strict=True)):
            return float(window)
    raise ValueError("no window is long enough")

"""The rivals written anew, against what others have measured of them: second by second, 1,000 pods.

No delay, a boot of 90 s; idle in replica-hours, short in replica-minutes below a ninth over ready.
"""

from collections.abc import Callable

import numpy as np
import pytest

from ebbtide.planning.scoring.rivals import Hpa, HpaSettings, Rival, Tick
from ebbtide.planning.scoring.score import largest_drop
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide_policies.lanes import Lanes
from tests.bench.rivals.kapacity import Kapacity, KapacitySettings
from tests.bench.rivals.knative import Knative, KnativeSettings
from tests.bench.rivals.schedules import Jump, Scheduled, cron, stairs
from tests.bench.rivals.watermark import Watermark, WatermarkSettings

SECONDS = np.arange(7200.0)
CLIFF = np.where(SECONDS < 600, 1000.0, 60.0)
FALL = np.interp(SECONDS, (600, 780), (1000, 40))
DIP = np.where((SECONDS >= 600) & (SECONDS < 960), 60.0, CLIFF)
DIP = np.where(SECONDS < 960, DIP, np.interp(SECONDS, (960, 1020), (60, 800)))
STEADY = np.full(7200, 1000.0)
HALVED = np.where((SECONDS >= 600) & (SECONDS < 900), 500.0, 1000.0)
FLEET = np.array([1000.0])
END = 600.0

Make = Callable[[], Rival]
KNATIVE: Make = lambda: Knative(KnativeSettings(sync=2.0), FLEET)  # noqa: E731
DELAYED: Make = lambda: Knative(KnativeSettings(sync=2.0, delay=300.0), FLEET)  # noqa: E731
WATERMARK: Make = lambda: Watermark(WatermarkSettings(), FLEET)  # noqa: E731
KAPACITY: Make = lambda: Kapacity(KapacitySettings(), FLEET)  # noqa: E731
RAMP: Make = lambda: Scheduled(Hpa(HpaSettings(), FLEET), stairs(1000.0, END))  # noqa: E731
JUMP: Make = lambda: Jump(1000.0, 60.0, END)  # noqa: E731


def asked_by(make: Make, metric: Lanes) -> Lanes:
    """Drive one fleet; Knative scrapes at every second, the others look at every fifteenth."""
    rival, current, asked = make(), FLEET, np.empty(metric.size)
    for index, seen in enumerate(metric):
        if index % 15 == 0 or isinstance(rival, (Knative, Jump)):
            current = np.asarray(rival.decide(Tick(float(index), np.array([seen]), current)))
        asked[index] = current[0]
    return asked


@pytest.mark.parametrize(
    ("make", "demand", "idle", "short", "drop"),
    [
        pytest.param(KNATIVE, CLIFF, 7.8, 0.0, 925, id="Knative, cliff"),
        pytest.param(KNATIVE, FALL, 8.0, 0.0, 320, id="Knative, fall over 3 minutes"),
        pytest.param(KNATIVE, DIP, 7.8, 1066.0, 925, id="Knative, dip"),
        pytest.param(DELAYED, CLIFF, 140.1, 0.0, 500, id="Knative with a delay, cliff"),
        pytest.param(DELAYED, FALL, 140.2, 0.0, 320, id="Knative with a delay, fall"),
        pytest.param(DELAYED, DIP, 89.8, 430.8, 500, id="Knative with a delay, dip"),
        pytest.param(WATERMARK, CLIFF, 251.4, 0.0, 200, id="Watermark, cliff"),
        pytest.param(WATERMARK, FALL, 273.0, 0.0, 168, id="Watermark, fall"),
        pytest.param(WATERMARK, DIP, 75.2, 124.2, 200, id="Watermark, dip"),
        pytest.param(KAPACITY, CLIFF, 31.3, 0.0, 188, id="Kapacity, cliff"),
        pytest.param(KAPACITY, FALL, 7.5, 0.0, 320, id="Kapacity, fall"),
        pytest.param(KAPACITY, DIP, 31.3, 1034.0, 188, id="Kapacity, dip"),
        pytest.param(RAMP, CLIFF, 146.0, 0.0, 200, id="kube-metrics-adapter, cliff"),
        pytest.param(RAMP, FALL, 126.5, 0.0, 200, id="kube-metrics-adapter, fall"),
        pytest.param(RAMP, DIP, 100.3, 0.0, 200, id="kube-metrics-adapter, dip"),
        pytest.param(JUMP, CLIFF, 0.0, 0.0, 940, id="a jump at the end, cliff"),
        pytest.param(JUMP, FALL, 35.7, 1232.0, 940, id="a jump at the end, fall"),
    ],
)
def test_a_rival_idles_falls_short_and_drops_as_others_measured(
    make: Make, demand: Lanes, idle: float, short: float, drop: float
) -> None:
    asked = asked_by(make, demand)
    ready = ready_replicas(asked, 90)
    assert np.maximum(0.0, ready - demand).sum() / 3600 == pytest.approx(idle, abs=0.06)
    assert np.maximum(0.0, 0.9 * demand - ready).sum() / 60 == pytest.approx(short, abs=0.06)
    assert largest_drop(asked, 1.0, 60.0) == drop


@pytest.mark.parametrize(
    ("make", "left"),
    [
        pytest.param(KNATIVE, 500, id="Knative"),
        pytest.param(WATERMARK, 800, id="Watermark"),
        pytest.param(KAPACITY, 500, id="Kapacity"),
    ],
)
def test_a_half_filled_window_takes_pods_from_a_rival(make: Make, left: float) -> None:
    assert asked_by(make, HALVED).min() == left


def test_a_target_with_a_new_expiry_skips_the_gray_ramp_of_kapacity() -> None:
    rival, asked = Kapacity(KapacitySettings(expires=60.0), np.array([100.0])), []
    current = np.array([100.0])
    for second in range(0, 150, 15):
        metric = np.array([100.0 if second < 15 else 60.0])
        current = np.asarray(rival.decide(Tick(float(second), metric, current)))
        asked.append(float(current[0]))
    assert asked[1] == 92
    assert asked[4:] == [60.0] * 6


def test_a_watermark_takes_no_step_on_zero() -> None:
    zero = np.where((SECONDS >= 600) & (SECONDS < 1200), 0.0, STEADY)
    assert asked_by(WATERMARK, zero).min() == 1000


def test_a_cron_trigger_asks_for_nothing_after_its_end() -> None:
    schedule = cron(1000.0, END)
    assert [float(schedule(at)) for at in (599.0, 600.0)] == [1000.0, 0.0]


def test_a_restarted_knative_holds_what_there_is() -> None:
    fresh = Knative(KnativeSettings(), FLEET)
    assert fresh.decide(Tick(0.0, np.array([60.0]), FLEET)) == 1000

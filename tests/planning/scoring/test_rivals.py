"""The HPA written anew, against its published rules and the numbers that others have measured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.scoring.rivals import (
    DOWN,
    UP,
    Behavior,
    Hpa,
    HpaSettings,
    Limit,
    Select,
    Tick,
    Unit,
    run,
)
from ebbtide.planning.scoring.score import largest_drop
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide_policies.lanes import Lanes

SECONDS = np.arange(7200)
CLIFF = np.where(SECONDS < 600, 1000.0, 60.0)
DIP = np.where(
    (SECONDS >= 600) & (SECONDS < 960),
    60.0,
    np.where(SECONDS < 600, 1000.0, np.interp(SECONDS, (960, 1020), (60, 800))),
)
BOOT = 90


def percent(value: float, period: float) -> Limit:
    return Limit(Unit.PERCENT, value, period)


def pods(value: float, period: float) -> Limit:
    return Limit(Unit.PODS, value, period)


def down(*limits: Limit, window: float = 300.0, select: Select = Select.MAX) -> Behavior:
    return Behavior(limits, window, select)


def driven(demand: Lanes, behavior: Behavior, seen: Lanes | None = None) -> Lanes:
    """Drive 1,000 replicas second by second, with a sync every 15."""
    return run(
        Hpa(HpaSettings(down=behavior), 1000.0), demand if seen is None else seen, 1.0, 1000.0
    )


@pytest.mark.parametrize(
    ("behavior", "idle", "drop"),
    [
        pytest.param(DOWN, 74.4, 940, id="default"),
        pytest.param(down(percent(10, 60)), 187.6, 100, id="Percent 10 per 60 s"),
        pytest.param(down(pods(5, 60)), 1257.4, 5, id="Pods 5 per 60 s"),
    ],
)
def test_on_a_cliff_it_idles_and_drops_as_measured(
    behavior: Behavior, idle: float, drop: float
) -> None:
    asked = driven(CLIFF, behavior)
    ready = ready_replicas(asked, BOOT)
    assert np.maximum(0.0, ready - CLIFF).sum() / 3600 == pytest.approx(idle, abs=0.05)
    assert largest_drop(asked, 1.0, 60.0) == drop


@pytest.mark.parametrize(
    ("behavior", "shortfall"),
    [
        pytest.param(DOWN, 1146.5, id="default"),
        pytest.param(down(percent(10, 60)), 0.0, id="Percent 10 per 60 s"),
        pytest.param(down(pods(5, 60)), 0.0, id="Pods 5 per 60 s"),
    ],
)
def test_in_a_dip_that_returns_it_falls_short_as_measured(
    behavior: Behavior, shortfall: float
) -> None:
    short = np.maximum(0.0, 0.9 * DIP - ready_replicas(driven(DIP, behavior), BOOT))
    assert short.sum() / 60 == pytest.approx(shortfall, abs=0.1)


def test_by_the_plain_word_the_tuned_one_is_short_in_the_dip_as_its_tolerance_parks() -> None:
    short = np.maximum(0.0, DIP - ready_replicas(driven(DIP, down(percent(10, 60))), BOOT))
    assert short.sum() / 60 == pytest.approx(7316, abs=0.5)


@pytest.mark.parametrize(
    ("behavior", "left"), [pytest.param(DOWN, 1, id="default"), (down(percent(10, 60)), 531)]
)
def test_it_obeys_a_metric_that_reads_zero_for_ten_minutes(behavior: Behavior, left: int) -> None:
    zero = np.where((SECONDS >= 600) & (SECONDS < 1200), 1e-4, 1000.0)
    assert driven(zero, behavior).min() == left


@pytest.mark.parametrize(
    ("behavior", "left"), [pytest.param(DOWN, 500, id="default"), (down(percent(10, 60)), 900)]
)
def test_it_obeys_a_window_that_is_half_filled_after_an_outage(
    behavior: Behavior, left: int
) -> None:
    half = np.where((SECONDS >= 600) & (SECONDS < 900), 500.0, 1000.0)
    assert driven(half, behavior).min() == left


def test_a_lowered_maximum_passes_by_window_and_limits() -> None:
    hpa = Hpa(HpaSettings(down=down(percent(10, 60)), maximum=1000.0), 1000.0)
    assert hpa.decide(Tick(0.0, 1000.0, 1000.0)) == 1000
    hpa.settings = replace(hpa.settings, maximum=200.0)
    assert hpa.decide(Tick(15.0, 1000.0, 1000.0)) == 200


def test_a_raised_minimum_passes_by_the_limits() -> None:
    hpa = Hpa(HpaSettings(up=Behavior((pods(1, 15),)), minimum=20.0), 3.0)
    assert hpa.decide(Tick(0.0, 3.0, 3.0)) == 20


def test_a_restart_at_every_sync_forgets_the_limit() -> None:
    settings = HpaSettings(down=down(percent(10, 60), window=0.0))
    current = 1000.0
    for _ in range(4):
        current = float(Hpa(settings, current).decide(Tick(0.0, 60.0, current)))
    assert 1000 - current == 344


@pytest.mark.parametrize(
    ("metric", "current", "replicas"),
    [
        pytest.param(109.9, 100, 100, id="nearly ten percent over is tolerated"),
        pytest.param(110.1, 100, 111, id="more is not, and is rounded up"),
        pytest.param(90.1, 100, 100, id="nearly ten percent under is tolerated"),
        pytest.param(2.05, 1, 3, id="of a single replica it is ten percent of one"),
    ],
)
def test_within_the_tolerance_nothing_changes(metric: float, current: int, replicas: int) -> None:
    assert Hpa(HpaSettings(), current).decide(Tick(0.0, metric, current)) == replicas


def test_what_is_off_by_just_the_tolerance_is_tolerated() -> None:
    assert Hpa(HpaSettings(tolerance=0.125), 8.0).decide(Tick(0.0, 9.0, 8.0)) == 8


def test_a_small_fleet_may_add_four_pods_every_15_seconds() -> None:
    asked = run(Hpa(HpaSettings(), 1.0), np.array([3.0, 9.0]), 15.0, 1.0)
    assert asked.tolist() == [3.0, 7.0]


def test_without_demand_one_replica_stays() -> None:
    assert run(Hpa(HpaSettings(), 3.0), np.zeros(25), 15.0, 3.0)[-1] == 1


def test_the_highest_wish_of_the_window_holds() -> None:
    hpa = Hpa(HpaSettings(), 100.0)
    metric = np.array([100.0, 50.0] + [20.0] * 21)
    assert run(hpa, metric, 15.0, 100.0).tolist() == [100.0] * 20 + [50.0, 20.0, 20.0]


def test_a_window_between_two_syncs_holds_what_is_younger() -> None:
    hpa = Hpa(HpaSettings(down=down(percent(100, 15), window=50.0)), 100.0)
    metric = np.array([100.0] + [20.0] * 4)
    assert run(hpa, metric, 15.0, 100.0).tolist() == [100.0] * 4 + [20.0]


def test_a_window_upwards_waits_for_the_lowest_wish() -> None:
    hpa = Hpa(HpaSettings(up=replace(UP, window=45.0)), 100.0)
    assert run(hpa, np.full(4, 150.0), 15.0, 100.0).tolist() == [100.0, 100.0, 150.0, 150.0]


def test_an_unknown_metric_holds_and_counts_as_no_wish() -> None:
    metric = np.array([100.0] + [float("nan")] * 30 + [50.0])
    asked = run(Hpa(HpaSettings(), 100.0), metric, 15.0, 100.0)
    assert asked[:-1].tolist() == [100.0] * 31
    assert asked[-1] == 50.0


def test_minimum_and_maximum_bound_the_wish() -> None:
    settings = HpaSettings(minimum=5.0, maximum=30.0, down=down(percent(100, 15), window=0.0))
    assert Hpa(settings, 20.0).decide(Tick(0.0, 1.0, 20.0)) == 5
    assert Hpa(settings, 20.0).decide(Tick(0.0, 99.0, 20.0)) == 30
    assert Hpa(settings, 3.0).decide(Tick(0.0, 3.0, 3.0)) == 5


def test_a_target_at_zero_is_switched_off() -> None:
    assert Hpa(HpaSettings(), 0.0).decide(Tick(0.0, 50.0, 0.0)) == 0


def test_somebody_elses_change_is_not_counted_as_its_own() -> None:
    hpa = Hpa(HpaSettings(down=down(pods(10, 60), window=0.0)), 100.0)
    assert hpa.decide(Tick(0.0, 1.0, 100.0)) == 90
    held = [hpa.decide(Tick(now, 1.0, 200.0)) for now in (15.0, 30.0, 45.0)]
    assert held == [200, 200, 200]
    assert hpa.decide(Tick(60.0, 1.0, 200.0)) == 190


@given(
    st.lists(st.floats(0.0, 300.0), min_size=1, max_size=80),
    st.sampled_from([DOWN, down(percent(10, 60)), down(pods(5, 120), percent(5, 60))]),
)
def test_lanes_decide_as_one_by_one(metric: list[float], behavior: Behavior) -> None:
    loads, seen = np.array([0.5, 0.8, 1.1]), np.array(metric)
    together = run(
        Hpa(HpaSettings(load=loads, down=behavior), np.full(3, 100.0)),
        seen,
        15.0,
        np.full(3, 100.0),
    )
    for lane, load in enumerate(loads):
        alone = run(Hpa(HpaSettings(load=float(load), down=behavior), 100.0), seen, 15.0, 100.0)
        assert together[:, lane].tolist() == alone.tolist()


@given(st.lists(st.floats(0.0, 100.0), min_size=5, max_size=80))
def test_ten_percent_a_minute_is_never_passed_while_demand_falls(metric: list[float]) -> None:
    metric.sort(reverse=True)
    hpa = Hpa(HpaSettings(down=down(percent(10, 60), window=0.0)), 100.0)
    asked = np.concatenate(([100.0], run(hpa, np.array(metric), 15.0, 100.0)))
    assert (asked[4:] >= np.trunc(asked[:-4] * 0.9)).all()

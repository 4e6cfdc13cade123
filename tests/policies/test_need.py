"""The floors that demand itself asks for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.contract import Policy
from ebbtide_policies.need import (
    ForecastNeed,
    ForecastNeedSettings,
    PresentNeed,
    PresentNeedSettings,
    Stabilization,
    StabilizationSettings,
    Trend,
)
from tests.policies.builders import INF, NAN, NOW, foretold, outlook, seen, settings, signal, steady


def floors(policy: Policy[Any], *demand: Any, **words: Any) -> list[float]:
    found = seen(demand=demand, **words)
    return [float(bound.replicas) for bound in policy.bounds(found, {})]


NINETY = ForecastNeed(ForecastNeedSettings(quantile=0.9))
RISING = outlook(*[50.0 + 10 * minute for minute in range(10)], spread=5.0)


@pytest.mark.parametrize(
    ("demand", "floor"),
    [
        pytest.param(foretold(70.2), 71, id="rounded up to whole replicas"),
        pytest.param(steady(outlook=RISING, trusted=True), 75, id="the highest in the lead time"),
        pytest.param(steady(outlook=RISING), 0, id="none where it is not trusted"),
        pytest.param(steady(), 0, id="none without a forecast"),
        pytest.param(
            steady(outlook=outlook(70.0, origin=NOW - 3600), trusted=True), 0, id="nor an old one"
        ),
        pytest.param(foretold(INF), 0, id="an infinite forecast is none"),
        pytest.param(foretold(0.0), 0, id="no demand ahead needs nothing"),
    ],
)
def test_forecast_need_is_the_quantile_within_the_lead_time(demand: Any, floor: float) -> None:
    assert floors(NINETY, demand) == [floor]


def test_forecast_need_has_headroom_and_one_floor_a_signal() -> None:
    policy = ForecastNeed(settings(ForecastNeedSettings, headroom="20%"))
    assert floors(policy, foretold(50.0), foretold(10.0, name="egress")) == [60, 12]


def test_a_quantile_that_the_forecast_does_not_hold_is_no_floor() -> None:
    assert floors(ForecastNeed(ForecastNeedSettings(quantile=0.999)), foretold(70.0)) == [0]


@pytest.mark.parametrize(
    ("trend", "reach", "need"),
    [
        pytest.param(Trend(100.0, 0.5, 70.0, 0.5), 60.0, 130.0, id="a rise is followed"),
        pytest.param(Trend(100.0, -0.5, 160.0, 0.0), 60.0, 100.0, id="a fall is not"),
        pytest.param(Trend(0.0, 0.0, 0.0, 0.0), 60.0, 0.0, id="nothing stays nothing"),
        pytest.param(Trend(50.0, 2.0, 100.0, 0.0), 60.0, 100.0, id="a return, to where it was"),
        pytest.param(Trend(50.0, 0.5, 100.0, 0.0), 60.0, 80.0, id="and no faster than it comes"),
        pytest.param(Trend(110.0, 2.0, 100.0, 0.1), 60.0, 116.0, id="then as fast as it outgrows"),
    ],
)
def test_a_trend_leads_to(trend: Trend, reach: float, need: float) -> None:
    assert trend.after(reach) == pytest.approx(need)


PLAIN = PresentNeed(settings(PresentNeedSettings, headroom="0%", tolerance="0%", slopeWindow="5m"))


@pytest.mark.parametrize(
    ("demand", "floor"),
    [
        pytest.param(steady(80.0), 80, id="a steady demand"),
        pytest.param(signal(range(40, 101), late=0.0), 103, id="a rise, for the lead time"),
        pytest.param(signal(range(40, 101), late=120.0), 105, id="and for its own age"),
        pytest.param(
            signal(range(40, 101), late=9000.0), 108, id="no longer than the trend was watched"
        ),
        pytest.param(signal(range(101, 40, -1)), 41, id="a fall is not followed"),
        pytest.param(
            signal([60.0, 70.0, 80.0], late=0.0), 110, id="where nothing was before, all of it"
        ),
        pytest.param(signal([80.0]), 80, id="one minute has a level and no slope"),
        pytest.param(signal([80.0, NAN, NAN]), 80, id="the newest known minute"),
        pytest.param(steady(0.0), 0, id="no demand needs nothing"),
    ],
)
def test_present_need_is_demand_now_and_its_slope_for(demand: Any, floor: float) -> None:
    assert floors(PLAIN, demand) == [floor]


@pytest.mark.parametrize(
    ("demand", "floor"),
    [
        pytest.param(96.5, 97, id="a need well below asks for less"),
        pytest.param(97.5, 100, id="at the edge it is close"),
        pytest.param(98.5, 100, id="a need just below keeps what there is"),
        pytest.param(101.5, 100, id="a need just above keeps what there is"),
        pytest.param(102.5, 103, id="a need well above asks for more"),
    ],
)
def test_a_need_close_to_current_replicas_asks_for_no_change(demand: float, floor: float) -> None:
    policy = PresentNeed(settings(PresentNeedSettings, headroom="0%", tolerance="2%"))
    assert floors(policy, steady(demand), current=100) == [floor]


FAULTS = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.5, NAN]))


@given(
    fault=st.lists(FAULTS, max_size=25),
    back=st.floats(0.0, 1.0),
    window=st.sampled_from(["1m", "2m", "5m"]),
    lead_time=st.floats(1.0, 900.0),
    late=st.floats(0.0, 180.0),
)
def test_whatever_ends_no_more_is_needed_than_was_before_it(
    fault: list[float], back: float, window: str, lead_time: float, late: float
) -> None:
    policy = PresentNeed(settings(PresentNeedSettings, headroom="0%", slopeWindow=window))
    course = [*[1000.0] * 30, *(1000.0 * share for share in fault), 1000.0 * back]
    [floor] = floors(policy, signal(course, late=late), lead_time=lead_time, current=1000)
    assert floor <= 1000


@given(st.lists(st.floats(1.0, 100.0), min_size=7, max_size=40), st.floats(1.0, 900.0))
def test_what_only_rises_is_followed_as_fast_as_it_rises(
    gains: list[float], lead_time: float
) -> None:
    demand = signal(np.cumsum(gains), late=0.0)
    [floor] = floors(PLAIN, demand, lead_time=lead_time)
    rise = min(demand.slope(300.0), (demand.present() - demand.peak(0.0, 300.0)) / 150.0)
    assert floor == np.ceil(demand.present() + rise * lead_time - 1e-6)


def test_what_leaps_past_an_earlier_peak_is_followed_twice_as_fast_as_it_outgrew_it() -> None:
    policy = PresentNeed(settings(PresentNeedSettings, headroom="0%", slopeWindow="2m"))
    course = signal([120.0, *[20.0] * 4, 80.0, 140.0], late=0.0)  # its slope is 60 a minute
    assert floors(policy, course, lead_time=60.0) == [160]  # 20 in two minutes, so 20 in one


def test_present_need_has_headroom() -> None:
    policy = PresentNeed(settings(PresentNeedSettings, headroom="5%"))
    assert floors(policy, steady(80.0)) == [84]


BREATHING = [80.0, 86.0] * 30
"""It rises by 6 within any two minutes, and by nothing from its heights."""


@pytest.mark.parametrize(
    ("demand", "floor"),
    [
        pytest.param(steady(80.0), 80, id="calm, it has none"),
        pytest.param(signal(BREATHING), 86 + 9, id="restless, so many times the usual surge"),
        pytest.param(signal([80.0]), 80, id="one minute is no surge"),
        pytest.param(signal([40.0, *[80.0] * 9]), 80, id="what was long ago is forgotten"),
        pytest.param(signal(range(101, 40, -1)), 41, id="a fall is no surge"),
    ],
)
def test_present_need_is_wider_where_demand_is_restless(demand: Any, floor: float) -> None:
    written = {"headroom": "0%", "tolerance": "0%", "slopeWindow": "30s"}
    wide = settings(PresentNeedSettings, **written, width=2.0, widthWindow="4m")
    assert floors(PresentNeed(wide), demand) == [floor]


def test_a_surge_is_reckoned_from_the_known_minute_to_the_end_of_the_lead_time() -> None:
    written = {"headroom": "0%", "tolerance": "0%", "slopeWindow": "5m"}
    wide = PresentNeed(settings(PresentNeedSettings, **written, width=3.0))
    rising = signal(range(40, 101), late=0.0)
    assert floors(wide, rising, lead_time=60.0) == [100 + 1 + 3 * 2]


@pytest.mark.parametrize("policy", [PLAIN, Stabilization(StabilizationSettings())])
@pytest.mark.parametrize("demand", [steady(NAN), signal([]), steady(INF), steady(per_replica=0.0)])
def test_without_data_the_need_is_unknown(policy: Policy[Any], demand: Any) -> None:
    (floor,) = floors(policy, demand)
    assert floor != floor  # noqa: PLR0124  # NaN is nothing, not even itself


@pytest.mark.parametrize(
    ("window", "floor"),
    [
        pytest.param("0s", 40, id="without a window, the present"),
        pytest.param("59s", 40, id="a window shorter than a minute too"),
        pytest.param("5m", 60, id="the highest of five minutes"),
        pytest.param("1h", 90, id="the highest of all that is known"),
    ],
)
def test_stabilization_keeps_the_highest_need_of_its_window(window: str, floor: float) -> None:
    policy = Stabilization(settings(StabilizationSettings, window=window, headroom="0%"))
    course = [90.0, 50.0, 60.0, NAN, 45.0, 45.0, 45.0, 40.0]
    assert floors(policy, signal(course)) == [floor]
    assert floors(policy, signal(course, late=170.0)) == [floor]


def test_stabilization_has_headroom() -> None:
    policy = Stabilization(settings(StabilizationSettings, headroom="20%"))
    assert floors(policy, steady(50.0)) == [60]


def test_needs_say_what_they_mean() -> None:
    found = seen(demand=(foretold(70.0),))
    said = [
        next(iter(policy.bounds(found, {}))).message
        for policy in (NINETY, PLAIN, Stabilization(StabilizationSettings()))
    ]
    assert said == [
        "viewers: the forecast's 0.9 quantile reaches 70.0 replicas within 180 s",
        "viewers: its level now and its trend for 180 s more ask for 80.0 replicas",
        "viewers: in the last 60 s it reached 80.0 replicas",
    ]

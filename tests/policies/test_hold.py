"""No way down on doubt."""

from typing import Any

import pytest

from ebbtide_policies.hold import Hold, HoldSettings
from tests.policies.builders import INF, NAN, seen, settings, signal, steady


def doubts(*demand: Any, **written: str) -> list[str]:
    found = seen(demand=demand)
    policy = Hold(settings(HoldSettings, **written))
    return [bound.reason for bound in policy.bounds(found, {}) if bound.replicas]


GAP = [80.0] * 20
DROP = [80.0] * 20

ROWS = [
    pytest.param(steady(), [], id="a steady demand is believed"),
    pytest.param(steady(0.0), [], id="so is none, where it is known"),
    pytest.param(steady(late=170.0), [], id="and a metric that is three minutes late"),
    pytest.param(steady(late=240.0), ["DemandUnknown"], id="but no staler one"),
    pytest.param(steady(NAN), ["DemandUnknown", "DemandIncomplete"], id="nothing known"),
    pytest.param(signal([]), ["DemandUnknown", "DemandIncomplete"], id="no minutes at all"),
    pytest.param(steady(INF), ["DemandUnknown", "DemandIncomplete"], id="infinity is no demand"),
    pytest.param(
        steady(alive=0.5, alive_at_least=0.8), ["ScrapeTargetsMissing"], id="targets are missing"
    ),
    pytest.param(
        steady(alive=NAN, alive_at_least=0.8), ["MetricsUnavailable"], id="or the source is silent"
    ),
    pytest.param(steady(alive=0.8, alive_at_least=0.8), [], id="just enough targets answer"),
    pytest.param(signal([*DROP, 40.0]), [], id="half of the demand may go in a minute"),
    pytest.param(signal([*DROP, 39.0]), ["DemandSuspicious"], id="more is suspicious"),
    pytest.param(signal([*DROP, 0.0]), ["DemandSuspicious"], id="all of it too"),
    pytest.param(signal([*DROP, *[30.0] * 6]), ["DemandSuspicious"], id="for a window"),
    pytest.param(signal([*DROP, *[30.0] * 7]), [], id="and no longer"),
    pytest.param(signal([*DROP, NAN, 30.0]), ["DemandSuspicious"], id="also across a gap"),
    pytest.param(signal([*GAP, NAN, NAN, 80.0]), [], id="two minutes may be missing"),
    pytest.param(signal([*GAP, *[NAN] * 3, 80.0]), ["DemandIncomplete"], id="three may not"),
    pytest.param(signal([*[NAN] * 9, 80.0, 80.0]), ["DemandIncomplete"], id="after an outage"),
    pytest.param(signal([*[NAN] * 9, 80.0, 80.0, 80.0]), [], id="until most of it is known"),
    pytest.param(signal([80.0, 80.0]), ["DemandIncomplete"], id="a history that is too short"),
]


@pytest.mark.parametrize(("demand", "reasons"), ROWS)
def test_capacity_is_held_when(demand: Any, reasons: list[str]) -> None:
    assert doubts(demand) == reasons


@pytest.mark.parametrize("late", [0.0, 30.0, 60.0, 90.0, 119.0, 120.0])
@pytest.mark.parametrize("window", ["30s", "1m", "2m", "5m"])
def test_a_metric_that_is_late_is_not_in_doubt(late: float, window: str) -> None:
    assert doubts(steady(late=late), window=window) == []


def test_no_signal_at_all_holds() -> None:
    assert doubts() == ["DemandUnknown"]


def test_one_signal_in_doubt_is_enough() -> None:
    assert doubts(steady(), steady(late=600.0, name="egress")) == ["DemandUnknown"]


def test_a_doubt_says_what_it_is() -> None:
    found = seen(demand=(signal([*DROP, 20.0], late=45.0),))
    said = [bound.message for bound in Hold(HoldSettings()).bounds(found, {})]
    assert said == [
        "viewers: the newest known minute is 60 s old",
        "viewers: the metrics source does not answer, or not whether its targets do",
        "viewers: 100% of the scrape targets answer, 0% are asked for",
        "viewers: 75% of demand went within one minute of the last 300 s",
        "viewers: 100% of the last 300 s are known",
    ]

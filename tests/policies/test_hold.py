"""No way down on doubt."""

import json
from typing import Any

import pytest

from ebbtide_policies.hold import Hold, HoldSettings
from ebbtide_policies.observation import Event
from tests.policies.builders import INF, NAN, NOW, seen, settings, signal, steady


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
        steady(per_replica=0.0), ["DemandUnknown"], id="what a replica carries is not known"
    ),
    pytest.param(
        steady(-3.0), ["DemandUnknown", "DemandIncomplete"], id="fewer than none are no demand"
    ),
    pytest.param(signal([*DROP, -70.0, 80.0]), [], id="a counter has begun anew and is followed"),
    pytest.param(
        signal([*DROP, -70.0, -2.0, -1.0]),
        ["DemandUnknown"],
        id="one that is subtracted from another is not believed",
    ),
    pytest.param(
        signal([*DROP, 0.0, 0.5, 1.0]), ["DemandVanished"], id="nor one that climbs from nought"
    ),
    pytest.param(
        steady(alive=0.5, alive_at_least=0.8), ["ScrapeTargetsMissing"], id="targets are missing"
    ),
    pytest.param(
        steady(alive=NAN, alive_at_least=0.8), ["MetricsUnavailable"], id="or the source is silent"
    ),
    pytest.param(steady(alive=0.8, alive_at_least=0.8), [], id="just enough targets answer"),
    pytest.param(signal([*DROP, 40.0]), [], id="half of the demand may go in a minute"),
    pytest.param(signal([*DROP, 39.0]), ["DemandSuspicious"], id="more is suspicious"),
    pytest.param(signal([*DROP, *[30.0] * 2]), ["DemandSuspicious"], id="until it has lasted"),
    pytest.param(signal([*DROP, *[30.0] * 3]), [], id="and no longer"),
    pytest.param(signal([*DROP, NAN, 30.0]), ["DemandSuspicious"], id="also across a gap"),
    pytest.param(
        signal([*DROP, 0.0]), ["DemandSuspicious", "DemandVanished"], id="all of it is a fault"
    ),
    pytest.param(signal([*DROP, *[1.0] * 15]), ["DemandVanished"], id="for a quarter of an hour"),
    pytest.param(signal([*DROP, *[1.0] * 16]), [], id="then the house is empty"),
    pytest.param(signal([*DROP, *[2.0] * 5]), [], id="a little left is a fact sooner"),
    pytest.param(signal([*GAP, NAN, 80.0]), [], id="one minute may be missing"),
    pytest.param(signal([*GAP, NAN, NAN, 80.0]), ["DemandRecovering"], id="two are an outage"),
    pytest.param(
        signal([*GAP, NAN, NAN, *[40.0] * 5]), ["DemandRecovering"], id="for the window after it"
    ),
    pytest.param(signal([*GAP, NAN, NAN, *[40.0] * 6]), [], id="when averages are whole again"),
    pytest.param(
        signal([*GAP, *[NAN] * 3, 80.0]),
        ["DemandIncomplete", "DemandRecovering"],
        id="three minutes are too many",
    ),
    pytest.param(signal([*GAP, NAN, 80.0, NAN, 80.0, NAN, 80.0]), [], id="some gaps are bad luck"),
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


FELL = signal([*DROP, 30.0])
GONE = signal([*DROP, *[0.0] * 6])


@pytest.mark.parametrize(
    ("fallen", "other", "reasons"),
    [
        pytest.param(FELL, signal([*DROP, 50.0], name="egress"), [], id="fell with it"),
        pytest.param(FELL, signal([*DROP, 55.0], name="egress"), [], id="fell by half as much"),
        pytest.param(
            FELL, signal([*DROP, 55.1], name="egress"), ["DemandSuspicious"], id="fell by less"
        ),
        pytest.param(
            FELL,
            signal([*DROP, 50.0], name="egress", alive=0.8, alive_at_least=0.8),
            [],
            id="fell with it, and just enough of its targets answer",
        ),
        pytest.param(FELL, steady(name="egress"), ["DemandSuspicious"], id="did not"),
        pytest.param(GONE, signal([*DROP, *[30.0] * 6], name="egress"), [], id="went with it"),
        pytest.param(GONE, steady(name="egress"), ["DemandVanished"], id="stayed"),
        pytest.param(FELL, steady(0.0, name="jobs"), ["DemandSuspicious"], id="was zero all along"),
        pytest.param(GONE, steady(0.0, name="jobs"), ["DemandVanished"], id="had nothing to lose"),
        pytest.param(
            FELL,
            signal([*DROP, 30.0], name="egress", alive=0.5, alive_at_least=0.8),
            ["DemandSuspicious", "ScrapeTargetsMissing"],
            id="is in doubt itself",
        ),
        pytest.param(
            FELL,
            signal([*DROP, 30.0, NAN], name="egress"),
            ["DemandSuspicious"],
            id="is not known as late",
        ),
    ],
)
def test_a_fall_is_believed_or_not_where_another_signal(
    fallen: Any, other: Any, reasons: list[str]
) -> None:
    assert doubts(fallen, other) == reasons


@pytest.mark.parametrize(
    ("demand", "ended", "reasons"),
    [
        pytest.param(FELL, NOW - 60, [], id="a fall at the announced end of an event is believed"),
        pytest.param(FELL, NOW, [], id="at that very moment"),
        pytest.param(FELL, NOW + 1, ["DemandSuspicious"], id="but not before it"),
        pytest.param(FELL, NOW - 900, [], id="and a quarter of an hour after it"),
        pytest.param(FELL, NOW - 901, ["DemandSuspicious"], id="later no more"),
        pytest.param(GONE, NOW - 60, ["DemandVanished"], id="and none to nothing"),
    ],
)
def test_the_calendar_says_that(demand: Any, ended: float, reasons: list[str]) -> None:
    event = Event("double-11", NOW - 7200, ended, NOW - 7300)
    found = seen(demand=(demand,), events=(event,))
    held = [bound.reason for bound in Hold(HoldSettings()).bounds(found, {}) if bound.replicas]
    assert held == reasons


@pytest.mark.parametrize(
    ("begins", "reasons"),
    [
        pytest.param(NOW - 7200, ["DemandSuspicious"], id="within which it was"),
        pytest.param(NOW - 61, ["DemandSuspicious"], id="that began before its end"),
        pytest.param(NOW - 60, [], id="that began with it: one was over when the next began"),
    ],
)
def test_a_fall_at_the_end_of_an_event_is_held_by_another_one(
    begins: float, reasons: list[str]
) -> None:
    over = Event("first-hour", NOW - 3600, NOW - 60, NOW - 3700)
    goes_on = Event("double-11", begins, NOW + 7200, begins)
    found = seen(demand=(FELL,), events=(over, goes_on))
    held = [bound.reason for bound in Hold(HoldSettings()).bounds(found, {}) if bound.replicas]
    assert held == reasons


def test_a_doubt_says_what_it_is() -> None:
    found = seen(demand=(signal([*DROP, 20.0], late=45.0),))
    said = [bound.message for bound in Hold(HoldSettings()).bounds(found, {})]
    assert said == [
        "viewers: the newest known minute is 60 s old",
        "viewers: its query, or that for alive, has no sound answer; MetricsAvailable says why",
        "viewers: 100% of the scrape targets answer, 0% are asked for",
        "viewers: 100% of the last 300 s are known",
        "viewers: averages over 300 s are low after a gap of 0 s",
        "viewers: 75% of demand went within one minute of the last 60 s",
        "viewers: next to nothing is left of 80.0 replicas in the last 900 s",
    ]


def test_an_edit_does_not_end_a_doubt_until_a_window_has_passed() -> None:
    careful, bold = (
        settings(HoldSettings, believableDrop="50%"),
        settings(HoldSettings, believableDrop="90%"),
    )
    memory = Hold(careful).recall(None, seen())
    policy = Hold(bold)

    def doubts_at(seconds: float) -> list[str]:
        nonlocal memory
        found = seen(now=NOW + seconds, demand=(signal([*DROP, 20.0], now=NOW + seconds),))
        memory = policy.recall(json.loads(json.dumps(memory)), found)
        said = [bound.reason for bound in policy.bounds(found, memory) if bound.replicas]
        memory = policy.remember(found, memory, found.fleet.current)
        return said

    assert doubts_at(0) == ["DemandSuspicious"]
    assert doubts_at(299) == ["DemandSuspicious"]
    assert doubts_at(300) == []
    assert dict(memory) == dict(policy.recall(None, seen()))


def test_a_memory_from_before_there_was_a_setting_keeps_the_others() -> None:
    memory = dict(Hold(settings(HoldSettings, believableDrop="30%")).recall(None, seen()))
    older = {key: value for key, value in memory.items() if key != "set.outage"}
    assert Hold(HoldSettings()).recall(older, seen()) == memory


def test_an_edit_while_nobody_looks_ends_nothing_that_is_held() -> None:
    policy = Hold(settings(HoldSettings, believableDrop="90%"))
    before = policy.recall(None, seen())
    held = {**before, **{key.replace("set.", "held."): n for key, n in before.items()}}
    stored = {**held, "set.believableDrop": 0.5, "held.believableDrop": 0.3, "heldUntil": NOW + 9}
    assert policy.recall(stored, seen()) == stored


@pytest.mark.parametrize("stored", [{"set.believableDrop": 7.0}, {"set.window": "?"}])
def test_settings_that_nobody_could_have_written_are_no_memory(stored: Any) -> None:
    policy = Hold(HoldSettings())
    assert policy.recall(stored, seen()) == policy.recall(None, seen())

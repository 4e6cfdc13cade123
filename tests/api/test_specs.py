"""What a spec means, once it is understood."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ebbtide.api.compose import compose
from ebbtide.api.event_calendar import ExpectedEvent
from ebbtide.api.parse import parse_calendar, parse_override, parse_policy, parse_profile
from ebbtide.api.presets import merged, presets
from ebbtide.api.status import epoch, stamp
from ebbtide.api.yaml_text import read
from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Policy
from ebbtide_policies.descent import Descent
from ebbtide_policies.limits import Limits
from ebbtide_policies.observation import Mode, Phase
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN
from ebbtide_policies.schedule import Schedule
from tests.api.plugin import Tide
from tests.api.wrong import CALENDAR, OVERRIDE, POLICY, PROFILE, SIGNALS

TEN_PM = 1794315600.0
"""2026-11-10 21:00 in Shanghai."""


def spec(text: str, **changes: Any) -> dict[str, Any]:
    written: dict[str, Any] = read(text).documents[0].body["spec"]
    return {**written, **changes}


def names(policies: Iterable[Policy[Any]]) -> list[str]:
    return [policy.name for policy in policies]


def test_a_single_query_is_the_signal_named_demand() -> None:
    found = parse_policy(spec(POLICY)).signals()
    assert list(found) == ["demand"]
    assert found["demand"].query == "sum(viewers)"
    assert found["demand"].per_replica == 800
    assert found["demand"].source == "default"
    assert found["demand"].alive is not None
    assert found["demand"].alive.at_least == 0.8


def test_a_signal_that_does_not_say_its_own_capacity_has_that_of_the_policy() -> None:
    signals = {"a": {"query": "a"}, "b": {"query": "b", "perReplicaQuery": "c"}}
    found = parse_policy(
        spec(POLICY, demand={"signals": signals}, capacity={"perReplica": "2k"})
    ).signals()
    assert (found["a"].per_replica, found["a"].per_replica_query) == (2000, None)
    assert (found["b"].per_replica, found["b"].per_replica_query) == (None, "c")


def test_signals_with_capacities_of_their_own_need_none_of_the_policy() -> None:
    found = parse_policy(spec(SIGNALS)).signals()
    assert {name: signal.per_replica for name, signal in found.items()} == {
        "streams": 1,
        "egress": 40e6,
    }


def test_a_replica_carries_its_share_after_lead_time_and_warmup() -> None:
    capacity = {"perReplica": 1, "leadTime": "1m30s", "warmup": "500ms"}
    assert parse_policy(spec(POLICY, capacity=capacity)).lead_time == 90.5


def test_a_lead_time_that_is_to_be_measured_has_a_fallback() -> None:
    capacity = {"perReplica": 1, "leadTime": "Auto", "leadTimeFallback": "3m", "warmup": "10s"}
    found = parse_policy(spec(POLICY, capacity=capacity))
    assert found.capacity.measured
    assert found.lead_time == 190
    assert found.capacity.model_dump(mode="json")["lead_time"] == "Auto"
    assert not parse_policy(spec(POLICY)).capacity.measured


@pytest.mark.parametrize("name", presets())
def test_a_preset_measures_the_lead_time_and_says_what_counts_until_then(name: str) -> None:
    found = parse_policy(spec(POLICY, preset=name, capacity={"perReplica": 1}))
    assert found.capacity.measured
    assert found.lead_time > 60


def test_defaults_write_nothing() -> None:
    found = parse_policy(spec(POLICY))
    assert found.mode is Mode.DRY_RUN
    assert found.forecast.model == "Tide"
    assert (found.forecast.horizon, found.forecast.history) == (7200, 28 * 86400)


def test_every_wrong_field_is_one_line() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_policy(spec(POLICY, mode="Off", replicas={"max": True}))
    assert str(refused.value).splitlines() == [
        "spec.mode: 'Off' is none of DryRun, ScaleUpOnly, Enforce",
        "spec.replicas.max: true is not a whole number",
    ]


def test_a_long_value_is_shown_in_short() -> None:
    with pytest.raises(InvalidInput, match=r"spec\.mode: \[\"a+\.\.\. is none of"):
        parse_policy(spec(POLICY, mode=["a" * 100]))


@pytest.mark.parametrize(
    ("capacity", "why"),
    [
        pytest.param({"perReplica": "k" * 300}, "is not a count", id="text-that-is-no-count"),
        pytest.param({"perReplica": 1, "costPerHour": "1"}, "is not a number", id="number"),
        pytest.param({"perReplicaQuery": "q" * 9000}, "is too long: at most 8192", id="long"),
    ],
)
def test_a_wrong_capacity_is_told(capacity: Mapping[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_policy(spec(POLICY, capacity=capacity))


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_right_and_says_nothing_of_a_workload_of_its_own(name: str) -> None:
    assert set(presets()[name]) <= {"capacity", "replicas", "forecast", "policies"}
    found = parse_policy(spec(POLICY, preset=name, policies={}))
    assert compose(found, {})


@pytest.mark.parametrize("name", presets())
def test_a_preset_never_lets_go_faster_than_it_wins_back(name: str) -> None:
    found = parse_policy(spec(POLICY, preset=name, policies={}))
    assert "minimum" not in presets()[name].get("replicas", {})
    descent = found.written(Descent)
    assert isinstance(descent, Descent.Settings)
    assert descent.max_step <= 0.1
    assert descent.soak >= 60


def test_four_presets_are_shipped() -> None:
    assert list(presets()) == ["ai-service", "origin", "streaming-edge", "transcoder"]


def test_what_is_written_wins_over_the_preset() -> None:
    found = parse_policy(
        spec(
            POLICY,
            preset="transcoder",
            capacity={"perReplicaQuery": "max(x)", "leadTime": "9s"},
            policies={"descent": {"maxStep": "1%"}},
        )
    )
    assert found.capacity.per_replica is None
    assert found.capacity.per_replica_query == "max(x)"
    assert found.capacity.lead_time == 9
    descent = found.written(Descent)
    assert isinstance(descent, Descent.Settings)
    assert (descent.max_step, descent.soak) == (0.01, 120)


def test_a_preset_may_say_the_capacity() -> None:
    found = parse_policy(spec(POLICY, preset="transcoder", capacity={}))
    assert found.signals()["demand"].per_replica == 1


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="maps-merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists-are-replaced"),
        pytest.param({"a": {"b": 1}}, {"a": 5}, {"a": 5}, id="values-are-replaced"),
        pytest.param({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="by-maps-too"),
        pytest.param(
            {"a": {"perReplica": 1}},
            {"a": {"perReplicaQuery": "q"}},
            {"a": {"perReplicaQuery": "q"}},
            id="an-alternative-drops-the-other",
        ),
    ],
)
def test_merging(under: dict[str, Any], over: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(under, over) == result


def test_policies_that_keep_a_workload_safe_are_always_there() -> None:
    bare = compose(parse_policy(spec(POLICY, policies={})), {})
    assert names(bare) == [policy.name for policy in (*SPOKEN, *ALWAYS)]
    descent = next(policy for policy in bare if isinstance(policy, Descent))
    assert descent.settings.max_step == 0.05


def test_policies_have_the_settings_that_are_written() -> None:
    made = compose(parse_policy(spec(POLICY, policies={"descent": {"soak": "5m"}})), {})
    assert next(p.settings.soak for p in made if isinstance(p, Descent)) == 300
    assert next(p.settings.max for p in made if isinstance(p, Limits)) == 100


def test_optional_policies_are_there_when_they_are_named() -> None:
    made = compose(parse_policy(spec(POLICY, policies={p.name: {} for p in OPTIONAL})), {})
    assert {policy.name for policy in OPTIONAL} <= set(names(made))
    named = compose(parse_policy(spec(POLICY)), {})
    assert next(p.settings.windows for p in named if isinstance(p, Schedule))["late"].floor == 4


def test_plugins_are_there_when_they_are_named() -> None:
    written = parse_policy(spec(POLICY, plugins={"tide": {"share": "7%"}}))
    made = compose(written, {"tide": Tide})[-1]
    assert isinstance(made, Tide)
    assert made.settings.share == pytest.approx(0.07)
    assert "tide" not in names(compose(parse_policy(spec(POLICY)), {"tide": Tide}))


@pytest.mark.parametrize(
    ("plugins", "why"),
    [
        pytest.param(
            {"ebb": {}},
            "spec.plugins.ebb: no such policy is installed: is not known here; known are tide",
            id="unknown",
        ),
        pytest.param(
            {"tide": {"share": 7}},
            "spec.plugins.tide.share: 7 is not a percentage; write it like 5% or 0.01%",
            id="settings",
        ),
    ],
)
def test_a_wrong_plugin_is_refused(plugins: Mapping[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        compose(parse_policy(spec(POLICY, plugins=plugins)), {"tide": Tide})
    assert str(refused.value) == why


def test_without_plugins_none_is_known() -> None:
    with pytest.raises(InvalidInput, match="known are none"):
        compose(parse_policy(spec(POLICY, plugins={"tide": {}})), {})


def test_events_concern_a_workload_by_the_first_expectation_that_selects_it() -> None:
    calendar = parse_calendar(spec(CALENDAR))
    named = ExpectedEvent(
        "double-11", TEN_PM - 3600, 1794412830.0, TEN_PM - 5400, times=None, demand=2.4e6
    )
    assert list(calendar.events_for({"app": "edge", "x": "y"})) == [named]
    assert list(calendar.events_for({})) == [named._replace(times=1.5, demand=None)]


def test_an_event_without_ready_by_is_ready_at_its_start() -> None:
    text = CALENDAR.replace("      readyBy: 2026-11-10 19:30\n", "")
    [event] = parse_calendar(spec(text)).events_for({})
    assert event.ready_by == event.start


def test_an_event_for_nobody_concerns_nobody() -> None:
    text = CALENDAR.replace("        - times: 1.5\n", "")
    assert list(parse_calendar(spec(text)).events_for({"app": "origin"})) == []


def test_an_event_may_be_like_an_earlier_one() -> None:
    calendar = parse_calendar(spec(CALENDAR.replace("- times", "- like: x\n          times")))
    assert [(event.like, event.times) for event in calendar.events_for({})] == [("x", 1.5)]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        pytest.param({"2026-02-30": "Holiday"}, "that month has no such day", id="no-such-day"),
        pytest.param({"tomorrow": "Holiday"}, "write it like 2026-11-10", id="no-day-at-all"),
        pytest.param({"2026-02-17": "a holiday"}, "does not fit", id="no-name-of-a-kind"),
    ],
)
def test_a_day_that_is_none_is_refused(days: Mapping[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_calendar({"days": days})


def test_a_profile_tells_how_far_above_the_usual_its_event_was() -> None:
    found = parse_profile(spec(PROFILE))
    assert (found.growth, found.seconds) == (8.0, 28 * 3600)


def test_a_profile_of_a_moment_that_clocks_skip_is_refused() -> None:
    with pytest.raises(InvalidInput, match="skip 2025-03-09 02:30"):
        parse_profile(spec(PROFILE, start="2025-03-09 02:30", timeZone="America/New_York"))


def test_an_override_ends_at_a_moment_of_its_zone() -> None:
    found = parse_override(
        spec(OVERRIDE, until="2026-11-10 21:00", timeZone="Asia/Shanghai", phase="War")
    )
    assert found.ends_at() == TEN_PM
    assert found.phase is Phase.WAR
    assert parse_override(spec(OVERRIDE)).ends_at() == 1794463200.0


@pytest.mark.parametrize(
    ("selector", "labels", "concerned"),
    [
        pytest.param({}, {}, True, id="empty-selects-all"),
        pytest.param({"a": "b"}, {"a": "b", "c": "d"}, True, id="labels-beside-it"),
        pytest.param({"a": "b"}, {"a": "c"}, False, id="another-value"),
        pytest.param({"a": "b"}, {}, False, id="no-label"),
    ],
)
def test_an_override_concerns_by_label(
    selector: dict[str, str], labels: dict[str, str], concerned: bool
) -> None:
    assert parse_override(spec(OVERRIDE, selector=selector)).matches(labels) is concerned


def test_moments_of_a_status_come_back() -> None:
    assert stamp(TEN_PM + 0.25) == "2026-11-10T13:00:00.250Z"
    assert epoch(stamp(TEN_PM + 0.25)) == TEN_PM + 0.25


@pytest.mark.parametrize("text", ["2026-11-10T13:00:00", "never"])
def test_a_moment_without_offset_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"offset|isoformat"):
        epoch(text)


# --- settings by phase


def in_each_phase(written: dict[str, Any], policy: type[Policy[Any]], **plugins: Any) -> list[Any]:
    """The settings of one policy in Peace, Prewarm, War and Ebb."""
    found = parse_policy(spec(POLICY, **written))
    made = [compose(found, plugins, phase) for phase in Phase]
    return [next(p.settings for p in policies if p.name == policy.name) for policies in made]


def test_in_a_phase_hold_its_settings_laid_over_the_others() -> None:
    when = {"Ebb": {"maxStep": "10%"}, "War": {"soak": "5m"}}
    descent = {"maxStep": "4%", "soak": "1m", "when": when}
    found = in_each_phase({"policies": {"descent": descent}}, Descent)
    assert [(one.max_step, one.soak) for one in found] == [
        (0.04, 60),
        (0.04, 60),
        (0.04, 300),
        (0.1, 60),
    ]
    assert {type(one) for one in found} == {Descent.Settings}


def test_what_only_a_phase_says_leaves_the_defaults_in_the_others() -> None:
    found = in_each_phase({"policies": {"descent": {"when": {"Ebb": {"maxStep": "9%"}}}}}, Descent)
    assert [one.max_step for one in found] == [0.05, 0.05, 0.05, 0.09]


def test_a_phase_may_have_replicas_of_its_own() -> None:
    replicas = {"min": 2, "max": 100, "when": {"War": {"min": 50}}}
    found = in_each_phase({"replicas": replicas}, Limits)
    assert [(one.min, one.max) for one in found] == [(2, 100), (2, 100), (50, 100), (2, 100)]


def test_in_a_phase_maps_are_merged_key_by_key() -> None:
    late = {"start": "19:00", "end": "23:30", "floor": 4}
    night = {"start": "23:00", "end": "01:00", "floor": 9}
    schedule = {"windows": {"late": late}, "when": {"War": {"windows": {"night": night}}}}
    found = in_each_phase({"policies": {"schedule": schedule}}, Schedule)
    assert [list(one.windows) for one in found] == [["late"], ["late"], ["late", "night"], ["late"]]


def test_the_phases_of_a_preset_are_merged_with_those_of_the_policy() -> None:
    under = {"policies": {"descent": {"maxStep": "2%", "when": {"Ebb": {"maxStep": "9%"}}}}}
    over = {"policies": {"descent": {"when": {"Ebb": {"soak": "2m"}}}}}
    found = in_each_phase(merged(under, over), Descent)
    assert (found[3].max_step, found[3].soak, found[0].max_step) == (0.09, 120, 0.02)


def test_a_plugin_has_settings_by_phase_as_every_policy_has() -> None:
    tide = {"share": "7%", "when": {"War": {"share": "30%"}}}
    found = in_each_phase({"plugins": {"tide": tide}}, Tide, tide=Tide)
    assert [one.share for one in found] == pytest.approx([0.07, 0.07, 0.3, 0.07])
    with pytest.raises(InvalidInput, match=r"spec\.plugins\.tide\.when\.War\.shares"):
        in_each_phase({"plugins": {"tide": {"when": {"War": {"shares": 1}}}}}, Tide, tide=Tide)


def test_a_list_is_no_when() -> None:
    when = [{"phase": "Ebb", "soak": "2m"}]
    with pytest.raises(InvalidInput, match=r"spec\.policies\.descent\.when: .* is not a map"):
        in_each_phase({"policies": {"descent": {"when": when}}}, Descent)


def test_settings_that_make_no_sense_in_a_phase_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_policy(spec(POLICY, replicas={"min": 2, "max": 100, "when": {"War": {"min": 101}}}))
    assert str(refused.value) == (
        "spec.replicas: when War: min 101 is above max 100; lower min or raise max"
    )

"""In a phase hold the settings that are written for it."""

from typing import Any

import pytest

from ebbtide.api.capacity_policy.presets import merged
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Policy
from ebbtide_policies.descent import Descent
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.limits import Limits
from ebbtide_policies.observation import Phase
from ebbtide_policies.schedule import Schedule
from tests.api.plugin import Tide
from tests.api.written import POLICY, spec_of


def in_each_phase(written: dict[str, Any], policy: type[Policy[Any]], **plugins: Any) -> list[Any]:
    """The settings of one policy in Peace, Prewarm, War and Ebb."""
    found = parse_policy(spec_of(POLICY, **written))
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


def test_a_phase_may_have_replicas_of_its_own_and_a_prewarm_those_of_the_war() -> None:
    replicas = {"min": 2, "max": 100, "when": {"War": {"min": 50}}}
    found = in_each_phase({"replicas": replicas}, Limits)
    assert [(one.min, one.max) for one in found] == [(2, 100), (50, 100), (50, 100), (2, 100)]


def test_a_prewarm_has_no_more_than_its_own_maximum_ready_for_the_war() -> None:
    when = {"War": {"min": 50}, "Prewarm": {"max": 40}}
    found = in_each_phase({"replicas": {"min": 2, "max": 100, "when": when}}, Limits)
    assert [(one.min, one.max) for one in found] == [(2, 100), (40, 40), (50, 100), (2, 100)]


def test_until_an_event_begins_the_calendar_reckons_with_what_it_will_take_to_be_ready() -> None:
    when = {"Prewarm": {"headroom": "20%", "margin": "1m"}, "War": {"headroom": "30%"}}
    calendar = {"headroom": "50%", "margin": "9m", "when": when | {"Ebb": {"headroom": "90%"}}}
    found = in_each_phase({"policies": {"calendar": calendar}}, Calendar)
    assert [(one.headroom, one.margin) for one in found] == [(0.3, 540)] * 4
    calendar = {"headroom": "50%", "when": {"War": {"headroom": "30%"}}}
    found = in_each_phase({"policies": {"calendar": calendar}}, Calendar)
    assert [one.headroom for one in found] == [0.5, 0.5, 0.3, 0.5]


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
        parse_policy(
            spec_of(POLICY, replicas={"min": 2, "max": 100, "when": {"War": {"min": 101}}})
        )
    assert str(refused.value) == (
        "spec.replicas: when War: min 101 is above max 100; lower min or raise max"
    )

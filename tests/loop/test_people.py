"""What people say in passing: modes, overrides, other autoscalers, and what comes of them."""

from typing import Any

import pytest

from ebbtide.adapters.embedded.metrics import Period
from ebbtide.loop.ports.autoscalers import Autoscaler
from ebbtide_policies.observation import Mode
from tests.loop.world import HOME, NOON, SLOW, World, fallen, steady, target


def ebbing(**spec: Any) -> World:
    """A fleet of a hundred that needs fifty."""
    world = World(max_mode=spec.pop("max_mode", Mode.ENFORCE))
    world.add(level=50.0, **spec)
    return world


# --- modes


def test_by_default_nothing_is_written_but_status_and_events() -> None:
    world = ebbing(mode="DryRun")
    world.run(5)
    assert world.cluster.changes == []
    assert world.status()["shadow"]["replicas"] < 100
    assert set(world.reasons()) == {"DryRunRescale"}
    assert "lastStep" not in world.status()


def test_scale_up_only_lets_nothing_go_and_grows() -> None:
    world = ebbing(mode="ScaleUpOnly")
    world.run(3)
    assert world.replicas() == 100
    assert world.status()["binding"]["reason"] == "ScaleUpOnly"
    world.metrics.answer("edge", steady(130.0))
    world.run(2)
    assert world.replicas() >= 130


@pytest.mark.parametrize(
    ("most", "said", "holds"),
    [
        (Mode.DRY_RUN, "Enforce", "DryRun"),
        (Mode.SCALE_UP_ONLY, "Enforce", "ScaleUpOnly"),
        (Mode.ENFORCE, "ScaleUpOnly", "ScaleUpOnly"),
        (Mode.SCALE_UP_ONLY, "DryRun", "DryRun"),
    ],
)
def test_no_policy_reaches_further_than_the_operator_allows(
    most: Mode, said: str, holds: str
) -> None:
    world = ebbing(mode=said, max_mode=most)
    world.run(3)
    assert world.status()["mode"] == holds
    assert world.replicas() == 100


# --- overrides


def test_a_freeze_lets_nothing_go_until_it_ends() -> None:
    world = ebbing()
    world.override("freeze-1", minutes=3, freeze=True)
    world.run(3)
    assert world.replicas() == 100
    assert world.status()["binding"]["reason"] == "Frozen"
    assert world.status()["overrides"] == ["live/freeze-1"]
    world.run(2)
    assert world.replicas() < 100
    assert world.status()["overrides"] == []


def test_a_floor_and_a_ceiling_hold_until_they_end() -> None:
    world = World()
    world.add(level=100.0)
    world.override("more", minutes=3, floor=120)
    world.run(1)
    assert world.replicas() == 120
    world.cluster.delete("CapacityOverride", "live", "more")
    world.override("less", minutes=6, ceiling=110)
    world.metrics.answer("edge", steady(130.0))
    world.run(4)
    assert world.replicas() <= 130
    assert world.status()["binding"]["reason"] in {"OverrideCeiling", "DemandMayReturn"}
    world.run(4)
    assert world.replicas() == 130


def test_a_phase_is_as_a_person_says_until_the_end_and_told_both_times() -> None:
    world = World()
    world.add()
    world.tick()
    world.override("war", minutes=1, phase="War")
    world.tick()
    assert world.status()["phase"] == "War"
    assert world.status()["phaseSince"] == "2026-11-11T12:00:15.000Z"
    world.run(1)
    assert world.status()["phase"] != "War"
    assert world.reasons().count("PhaseChanged") == 2


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({"namespace": "live"}, True),
        ({"namespace": HOME}, True),
        ({"namespace": "elsewhere"}, False),
        ({"selector": {"app": "edge"}}, True),
        ({"selector": {"app": "origin"}}, False),
    ],
)
def test_an_override_concerns_its_namespace_and_its_labels(
    said: dict[str, Any], holds: bool
) -> None:
    world = World()
    world.add()
    world.override("more", minutes=9, floor=120, **said)
    world.run(1)
    assert world.replicas() == (120 if holds else 100)


# --- second hands


def test_beside_an_autoscaler_nothing_is_written_and_that_is_said() -> None:
    world = ebbing(policies=SLOW)
    world.cluster.autoscalers.append(Autoscaler("live", "edge", target("edge")))
    world.run(3)
    assert world.cluster.changes == []
    assert world.condition("Conflicted")["status"] == "True"
    assert "HorizontalPodAutoscaler live/edge" in world.condition("Conflicted")["message"]
    assert world.reasons() == ["Conflict"]
    world.cluster.autoscalers.clear()
    world.run(1)
    assert world.condition("Conflicted")["status"] == "False"
    assert world.replicas() < 100


def test_what_was_on_record_when_a_conflict_began_stays() -> None:
    world = ebbing()
    world.run(2)
    before = world.status()
    world.cluster.autoscalers.append(Autoscaler("live", "edge", target("edge")))
    world.run(2)
    after = world.status()
    assert all(before[key] == after[key] for key in ("memory", "lastStep", "decisions"))


def test_a_mode_that_changes_in_a_conflict_starts_from_nothing() -> None:
    world = ebbing()
    world.cluster.autoscalers.append(Autoscaler("live", "edge", target("edge")))
    world.run(1)
    world.edit(mode="ScaleUpOnly")
    world.tick()
    assert world.status()["memory"] == {}


def test_in_dry_run_the_shadow_descends_beside_an_autoscaler() -> None:
    world = ebbing(mode="DryRun", policies=SLOW)
    world.cluster.autoscalers.append(Autoscaler("live", "edge", target("edge")))
    for replicas in (90, 300, 7, 55):
        world.cluster.scale(target("edge"), replicas, by="hpa")
        world.run(1)
    steps = [(d["from"], d["to"]) for d in world.status()["decisions"]]
    assert steps[:3] == [(90, 81), (81, 72), (72, 63)]
    assert all(change.by == "hpa" for change in world.cluster.changes)
    assert world.condition("Conflicted")["status"] == "True"


# --- outages


def test_in_an_outage_of_metrics_nothing_shrinks_and_it_recovers_by_itself() -> None:
    world = World()
    world.add(replicas=100, policies=SLOW)
    world.metrics.answer("edge", fallen(100.0, 40.0))
    world.run(1)
    world.metrics.outages.append(Period(NOON + 60, NOON + 1800))
    held = world.replicas()
    world.run(29)
    assert world.replicas() == held == 90
    assert world.condition("MetricsAvailable")["status"] == "False"
    assert world.reasons().count("MetricsUnavailable") == 1
    world.run(20)
    assert world.condition("MetricsAvailable")["status"] == "True"
    assert world.reasons().count("MetricsAvailable") == 1
    assert world.replicas() == 40

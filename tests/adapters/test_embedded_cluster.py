"""The embedded API server: conflicts, failures and pods, as the loop meets them in a cluster."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.adapters.embedded.cluster import Call, SimulatedCluster
from ebbtide.errors import ClusterUnavailable, Conflict, NotFound
from ebbtide.loop.ports.autoscalers import Autoscaler, Ref
from ebbtide.loop.ports.cluster import Announcement, Cluster, Resource, Target
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from tests.fast_clock import FastClock

EDGE = Ref("apps/v1", "Deployment", "live", "edge")
POLICY = Resource(
    kind="CapacityPolicy",
    namespace="live",
    name="edge",
    spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}},
)


class World:
    """A cluster with one target of ten replicas and its policy."""

    def __init__(self) -> None:
        self.clock = FastClock(0.0)
        self.calls: list[Call] = []
        self.broken: dict[tuple[str, bool], Exception] = {}
        self.twin = SimulatedCluster(self.clock.now, self.watch)
        self.cluster: Cluster = self.twin
        settings = PlantSettings(lead=90.0, session=1e9)
        plant = Plant(settings, 10, 0.0, np.random.default_rng(1))
        self.twin.add_target(EDGE, plant, lambda _: 100.0)
        self.policy = self.twin.apply(POLICY)

    def watch(self, call: Call) -> None:
        self.calls.append(call)
        if (call.verb, call.done) in self.broken:
            raise self.broken[call.verb, call.done]

    def target(self) -> Target:
        target = self.cluster.survey().targets[EDGE]
        assert isinstance(target, Target)
        return target

    def lived(self, until: float) -> Sequence[int]:
        self.clock.sleep(until)
        target = self.target()
        return target.replicas, target.ready


def test_a_survey_shows_policies_targets_calendars_overrides_and_autoscalers() -> None:
    world = World()
    calendar = world.twin.apply(Resource(kind="EventCalendar", namespace="live", name="promotions"))
    profile = world.twin.apply(Resource(kind="EventProfile", namespace="live", name="opening"))
    freeze = world.twin.apply(Resource(kind="CapacityOverride", namespace="live", name="freeze"))
    world.twin.autoscalers.append(Autoscaler("live", "edge", EDGE))
    survey = world.cluster.survey()
    assert list(survey.policies) == [world.policy]
    assert list(survey.calendars) == [calendar]
    assert list(survey.profiles) == [profile]
    assert list(survey.overrides) == [freeze]
    assert [one.name for one in survey.autoscalers] == ["edge"]
    assert world.lived(0.0) == (10, 10)


def test_new_replicas_are_ready_after_the_lead_time() -> None:
    world = World()
    world.cluster.patch_scale(world.target(), 14)
    assert world.lived(89.0) == (14, 10)
    assert world.lived(90.0) == (14, 14)
    assert [(c.at, c.before, c.after, c.by) for c in world.twin.changes] == [(0, 10, 14, "ebbtide")]


def test_a_scale_that_somebody_else_has_changed_is_a_conflict() -> None:
    world = World()
    read = world.target()
    world.twin.scale(EDGE, 20)
    with pytest.raises(Conflict, match="20 replicas by now"):
        world.cluster.patch_scale(read, 9)
    assert world.target().replicas == 20


def test_a_resource_version_that_moved_on_alone_is_no_conflict_for_a_scale() -> None:
    world = World()
    world.cluster.patch_scale(world.target(), 14)
    read = world.target()
    assert world.lived(90.0) == (14, 14)
    assert world.target().resource_version != read.resource_version
    world.cluster.patch_scale(read, 13)
    assert world.target().replicas == 13


def test_a_target_that_was_made_again_is_another_one() -> None:
    world = World()
    read = world.target()
    world.twin.remove_target(EDGE)
    with pytest.raises(NotFound):
        world.cluster.patch_scale(read, 9)
    world.twin.add_target(EDGE, Plant(PlantSettings(), 10, 0.0, np.random.default_rng(1)))
    with pytest.raises(Conflict):
        world.cluster.patch_scale(read, 9)


def test_a_status_is_written_only_over_the_one_that_was_read() -> None:
    world = World()
    written = world.cluster.write_status(world.policy, {"phase": "Peace"})
    assert written.status == {"phase": "Peace"}
    assert int(written.resource_version) > int(world.policy.resource_version)
    assert written.generation == 1
    with pytest.raises(Conflict):
        world.cluster.write_status(world.policy, {"phase": "War"})
    assert world.twin.get("CapacityPolicy", "live", "edge") == written


def test_an_edited_policy_keeps_its_status_and_counts_a_generation() -> None:
    world = World()
    world.cluster.write_status(world.policy, {"phase": "Peace"})
    edited = world.twin.apply(replace(POLICY, spec={**POLICY.spec, "mode": "Enforce"}))
    again = world.twin.apply(replace(POLICY, spec={**POLICY.spec, "mode": "Enforce"}))
    assert (edited.generation, again.generation) == (2, 2)
    assert (edited.uid, edited.status) == (world.policy.uid, {"phase": "Peace"})


def test_a_deleted_policy_is_gone_and_a_new_one_of_its_name_is_another() -> None:
    world = World()
    world.twin.delete("CapacityPolicy", "live", "edge")
    with pytest.raises(NotFound):
        world.cluster.write_status(world.policy, {})
    assert world.twin.apply(POLICY).uid != world.policy.uid
    with pytest.raises(Conflict):
        world.cluster.write_status(world.policy, {})


def test_a_status_that_json_cannot_hold_is_refused() -> None:
    world = World()
    with pytest.raises(ValueError, match="JSON"):
        world.cluster.write_status(world.policy, {"need": float("nan")})


def test_targets_that_cannot_be_read_say_why_and_stop_no_other() -> None:
    world = World()
    missing = {"scaleTargetRef": {**POLICY.spec["scaleTargetRef"], "name": "origin"}}
    world.twin.apply(replace(POLICY, name="origin", spec=missing))
    world.twin.apply(replace(POLICY, name="broken", spec={"scaleTargetRef": "edge"}))
    targets = world.cluster.survey().targets
    assert isinstance(targets[EDGE], Target)
    assert isinstance(targets[EDGE._replace(name="origin")], NotFound)
    assert len(targets) == 2


@pytest.mark.parametrize("done", [False, True])
def test_a_write_may_fail_before_or_after_it_took_effect(done: bool) -> None:
    world = World()
    read = world.target()
    world.broken["scale", done] = ClusterUnavailable("timeout")
    with pytest.raises(ClusterUnavailable):
        world.cluster.patch_scale(read, 12)
    assert world.target().replicas == (12 if done else 10)


def test_a_target_can_fail_alone_and_a_list_as_a_whole() -> None:
    world = World()
    world.broken["get", False] = ClusterUnavailable("timeout")
    assert isinstance(world.cluster.survey().targets[EDGE], ClusterUnavailable)
    world.broken["list", False] = ClusterUnavailable("timeout")
    with pytest.raises(ClusterUnavailable):
        world.cluster.survey()


def test_announcements_are_kept_and_their_failure_stops_nothing() -> None:
    world = World()
    event = Announcement(world.policy, "StepDown", "10 -> 9")
    world.cluster.announce(event)
    world.broken["event", False] = ClusterUnavailable("timeout")
    world.cluster.announce(event)
    assert world.twin.announcements == [event]


def test_a_census_is_kept_for_every_moment_with_all_that_happened_in_it() -> None:
    world = World()
    world.clock.sleep(15.0)
    world.cluster.patch_scale(world.target(), 9)
    census = world.twin.census(EDGE)
    assert [one.now for one in census] == [0.0, 15.0]
    assert (census[-1].asked, census[-1].live, census[-1].disrupted) == (9, 100, 10)

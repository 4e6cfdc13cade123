"""The embedded pods: what a plant's fleet looks like at an API server."""

import numpy as np
import pytest

from ebbtide.adapters.embedded.cluster import SimulatedCluster
from ebbtide.errors import Conflict, NotFound
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Resource, Target
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, Marks
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from tests.fast_clock import FastClock

EDGE = Ref("apps/v1", "Deployment", "live", "edge")
DRAINS = Marks(labels={DRAIN: "true"})


class World:
    """A fleet of four pods that carry forty sessions, and takes 90 s to boot one more."""

    def __init__(self) -> None:
        self.clock = FastClock(0.0)
        self.twin = SimulatedCluster(self.clock.now)
        settings = PlantSettings(lead=90.0, session=1e9, termination=30.0)
        self.offered = 40.0
        plant = Plant(settings, 4, 0.0, np.random.default_rng(1))
        self.twin.add_target(EDGE, plant, lambda _: self.offered)
        ref = {"apiVersion": EDGE.api_version, "kind": EDGE.kind, "name": EDGE.name}
        self.twin.apply(
            Resource(
                kind="CapacityPolicy", namespace="live", name="edge", spec={"scaleTargetRef": ref}
            )
        )
        self.book = self.twin.book(EDGE)

    def target(self) -> Target:
        found = self.twin.survey().targets[EDGE]
        assert isinstance(found, Target)
        return found


def test_pods_are_listed_with_their_zones_and_the_moment_they_were_ready() -> None:
    world = World()
    world.twin.scale(EDGE, 5)
    pods = world.twin.pods(world.target())
    assert [(pod.name, pod.zone, pod.ready_since, pod.phase) for pod in pods] == [
        ("edge-0", "a", 0.0, "Running"),
        ("edge-1", "b", 0.0, "Running"),
        ("edge-2", "c", 0.0, "Running"),
        ("edge-3", "a", 0.0, "Running"),
        ("edge-4", "b", None, "Pending"),
    ]


def test_a_mark_needs_the_pod_as_it_was_read() -> None:
    world = World()
    first, second, *_ = world.twin.pods(world.target())
    marked = world.twin.mark_pod(first, DRAINS)
    assert marked.labels == {DRAIN: "true"}
    with pytest.raises(Conflict, match="live/edge-0 has changed"):
        world.twin.mark_pod(first, Marks())
    back = world.twin.mark_pod(marked, Marks(labels={DRAIN: None}))
    assert back.labels == {}
    world.twin.mark_pod(second, Marks())


def test_a_pod_that_is_gone_can_not_be_marked() -> None:
    world = World()
    gone, *_ = world.twin.pods(world.target())
    world.twin.scale(EDGE, 3)
    with pytest.raises(NotFound, match="live/edge-0 is gone"):
        world.twin.mark_pod(gone, DRAINS)
    world.twin.remove_target(EDGE)
    with pytest.raises(NotFound, match="live/edge-0 is gone"):
        world.twin.mark_pod(gone, DRAINS)


def test_a_pod_that_drains_gets_no_new_sessions() -> None:
    world = World()
    world.book.write("edge-0", DRAINS)
    world.offered = 70.0
    world.twin.advance()
    assert world.book.sessions() == {"edge-0": 10, "edge-1": 20, "edge-2": 20, "edge-3": 20}


def test_the_least_deletion_cost_goes_first_and_ends_in_its_own_time() -> None:
    world = World()
    marked = world.book.write("edge-1", Marks(annotations={DELETION_COST: "-7"}), by="someone")
    assert (marked.deletion_cost, marked.deletion_cost_by) == ("-7", "someone")
    world.twin.scale(EDGE, 3)
    assert [pod.name for pod in world.twin.pods(world.target()) if pod.active] == [
        "edge-0",
        "edge-2",
        "edge-3",
    ]
    (ending,) = [pod for pod in world.twin.pods(world.target()) if not pod.active]
    assert (ending.name, ending.terminating_since) == ("edge-1", 0.0)
    world.clock.sleep(30.0)
    assert len(world.twin.pods(world.target())) == 3


def test_a_deletion_cost_that_is_taken_away_has_no_manager() -> None:
    world = World()
    world.book.write("edge-1", Marks(annotations={DELETION_COST: "-7"}))
    gone = world.book.write("edge-1", Marks(annotations={DELETION_COST: None}))
    assert (gone.deletion_cost, gone.deletion_cost_by) == (None, "")


def test_a_pod_that_fails_its_probe_is_not_ready_and_its_version_moves() -> None:
    world = World()
    (before, *_) = world.twin.pods(world.target())
    world.book.unready.add("edge-0")
    target = world.target()
    (after, *_) = world.twin.pods(target)
    assert (target.ready, after.ready_since, after.unready_since) == (3, None, 0.0)
    assert before.resource_version != after.resource_version

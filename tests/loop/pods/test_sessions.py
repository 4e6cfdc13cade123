"""Live sessions on the way down: who drains, who goes, and what is said when it goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from ebbtide.adapters.embedded.cluster import Call
from ebbtide.adapters.embedded.metrics import DemandMetrics, Period
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, MetricsUnavailable
from ebbtide.loop.acting.finalizer import FINALIZER
from ebbtide.loop.acting.put_back import PATIENCE
from ebbtide.loop.pods.draining import COST
from ebbtide.loop.pods.pod_sessions import count_sessions
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.metrics import Query, Vector
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, DRAIN_SINCE, DRAINED, WRITER, Marks, Pod
from ebbtide.planning.simulated_fleet.pods import Pods, highest_first, newest_first
from ebbtide_policies.victims import Rank
from tests.loop.session_world import SessionWorld, started
from tests.loop.world import NOON, PLAIN, fails, steady, target

BUSY = {0: 3, 1: 3, 2: 3, 3: 3, 4: 1, 5: 2}
"""Of eight pods two are idle: 6 and 7."""


def bound(world: SessionWorld) -> Json:
    """What `sessions` said last."""
    found: list[Json] = world.status()["bounds"]
    return next(one for one in found if one["policy"] == "sessions")


def test_the_idle_go_the_busy_drain_and_nobody_is_cut_off() -> None:
    world = started(live=BUSY)
    world.run(4)
    assert world.names() == {f"edge-{n}" for n in range(6)}
    assert world.draining() == {"edge-4", "edge-5"}
    assert bound(world)["reason"] == "SessionsLive"
    world.carry(edge_4=0)
    world.run(2)
    world.carry(edge_5=0)
    world.run(2)
    assert world.names() == {f"edge-{n}" for n in range(4)}
    assert (world.disrupted(), world.draining(), world.costed()) == (0, set(), set())


def test_in_peace_no_pods_are_listed() -> None:
    world = started(replicas=4, need=4, live={0: 1, 1: 1, 2: 1, 3: 1})
    world.run(2)
    assert "pods" not in {call.verb for call in world.calls}


def test_idle_pods_that_are_still_open_do_not_go_before_the_router_knows() -> None:
    world = started(live=BUSY)
    world.tick()
    assert world.draining() == {"edge-4", "edge-5", "edge-6", "edge-7"}
    assert world.policy().finalizers == (FINALIZER,)
    assert world.status()["sessions"] == {"draining": 4, "busy": 6, "terminating": 0}
    world.tick()
    assert len(world.names()) == 8


def test_on_a_rebound_the_pods_that_drain_are_open_again() -> None:
    world = started(live=BUSY)
    world.run(3)
    assert world.draining() == {"edge-4", "edge-5"}
    world.metrics.answer("edge", steady(6.0))
    world.run(0.5)
    assert world.draining() == set()
    assert world.names() >= {f"edge-{n}" for n in range(6)}
    assert "sessions" not in world.status()


def test_after_the_deadline_a_pod_goes_with_what_it_carries_and_it_is_told() -> None:
    world = started(live=BUSY, settings={"deadline": "5m"})
    world.run(4.5)
    assert world.disrupted() == 0
    ticks = world.run(2)
    assert world.disrupted() == 3
    told = [a.sessions.disrupted for t in ticks for a in t.accounts.values() if a.sessions]
    assert sum(told) == 3
    assert "SessionsDisrupted" in world.reasons()


def test_a_job_is_never_cut_off() -> None:
    world = started(live=BUSY, settings={"deadline": "Never"})
    world.run(90)
    assert (len(world.names()), world.disrupted()) == (6, 0)


def test_with_ack_a_pod_goes_only_after_its_own_word() -> None:
    world = started(live=BUSY, settings={"drain": "Ack"})
    world.run(4)
    assert len(world.names()) == 8
    world.book.write("edge-6", Marks(annotations={DRAINED: "true"}))
    world.run(1)
    assert world.names() == {f"edge-{n}" for n in range(8) if n != 6}


def test_a_session_that_arrives_at_the_last_moment_stops_the_step() -> None:
    world = started(live=BUSY)
    world.run(0.5)

    def arrive(call: Call) -> None:
        if call.verb == "mark" and call.done and world.costed():
            world.carry(edge_6=1, edge_7=1)

    world.trouble = arrive
    tick = world.tick()
    assert "live sessions since it was chosen to go" in tick.failures["live/edge"]
    assert (len(world.names()), world.disrupted()) == (8, 0)
    world.trouble = lambda _: None
    world.run(1)
    assert world.costed() == set()


def test_costs_are_set_on_exactly_the_victims_and_cleared_when_the_plan_changes() -> None:
    world = started(live=BUSY)
    world.run(0.5)
    world.trouble = fails("edge", "scale", ClusterUnavailable("timeout"))
    world.tick()
    assert world.costed() == {"edge-6", "edge-7"}
    assert world.status()["sessions"]["victims"] == ["edge-6", "edge-7"]
    world.trouble = lambda _: None
    world.carry(edge_6=2)
    world.run(0.5)
    assert world.costed() == set()
    world.run(1)
    assert world.names() == {f"edge-{n}" for n in range(7)}


def test_when_a_step_is_taken_only_its_victims_have_a_cost() -> None:
    """A busy one still has the cost of a step that was never taken."""
    world = started(live=BUSY | {6: 2})
    costed: list[set[str]] = []

    def watch(call: Call) -> None:
        if call.verb == "pods" and not call.done:
            world.book.write("edge-6", Marks(annotations={DELETION_COST: COST}), by=WRITER)
        if call.verb == "scale" and not call.done:
            costed.append(world.costed())

    world.trouble = watch
    world.run(1)
    assert costed == [{"edge-7"}]


def test_another_writer_of_the_deletion_cost_is_a_conflict() -> None:
    world = started(live=BUSY)
    world.book.write("edge-0", Marks(annotations={DELETION_COST: "5"}), by="chaos")
    world.run(2)
    assert len(world.names()) == 8
    assert bound(world)["reason"] == "DeletionCostConflict"
    found = world.condition("Conflicted")
    assert (found["status"], "chaos has set" in found["message"]) == ("True", True)
    world.book.write("edge-0", Marks(annotations={DELETION_COST: None}), by="chaos")
    world.run(2)
    assert world.condition("Conflicted")["status"] == "False"
    assert len(world.names()) < 8


def test_the_sessions_of_unready_pods_count_first() -> None:
    world = started(live=BUSY)
    world.run(0.5)

    def flaps(call: Call) -> None:
        if call.verb == "pods":
            world.book.unready.add("edge-0")

    world.trouble = flaps
    world.tick()
    assert len(world.names()) == 8
    assert bound(world)["message"].startswith("0 of 8 pods may go")


def unreadable(world: SessionWorld) -> None:
    world.trouble = fails("edge", "pods", Forbidden("may not list pods"))


def silent(world: SessionWorld) -> None:
    world.metrics.answer_each("sum by (pod) (live_sessions)", dict)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        pytest.param(unreadable, "may not list pods", id="pods-can-not-be-listed"),
        pytest.param(silent, "no series for any of 8 pods", id="the-answer-is-empty"),
    ],
)
def test_what_is_not_known_lets_nobody_go(
    trouble: Callable[[SessionWorld], None], says: str
) -> None:
    world = started(live=BUSY)
    world.run(0.5)
    trouble(world)
    world.run(5)
    assert len(world.names()) == 8
    assert bound(world)["reason"] == "SessionsUnknown"
    assert says in bound(world)["message"]
    assert world.draining() == {"edge-4", "edge-5", "edge-6", "edge-7"}
    world.trouble = lambda _: None
    world.metrics.answer_each("sum by (pod) (live_sessions)", world.book.sessions)
    world.run(2)
    assert len(world.names()) == 6


def test_pods_go_on_draining_in_an_outage_until_demand_is_too_old_to_rely_on() -> None:
    """What they have drained so far would be lost by a metrics store that restarts."""
    world = started(live=BUSY)
    world.run(0.5)
    begun = world.draining()
    world.metrics.outages.append(Period(world.time, world.time + 600))
    world.run(1.5)
    assert world.draining() == begun == {"edge-4", "edge-5", "edge-6", "edge-7"}
    world.run(4)
    assert world.draining() == set()
    assert len(world.names()) == 8


class Refusing(DemandMetrics):
    """Answers what demand is; and when told so, not what pods carry."""

    refuses = False

    def vector(self, query: Query, label: str, memory: float) -> Vector:
        if self.refuses:
            return MetricsUnavailable("422: too many series")
        return super().vector(query, label, memory)


def test_pods_of_which_nobody_can_say_what_they_carry_stay_as_they_are() -> None:
    world = SessionWorld()
    world.metrics = metrics = Refusing({}, lambda: world.time)
    world.restart()
    world.fleet_with_sessions(8, 4, live=BUSY)
    world.tick()
    metrics.refuses = True
    world.run(5)
    assert (len(world.names()), bound(world)["reason"]) == (8, "SessionsUnknown")
    assert "live sessions are not known: 422: too many series" in bound(world)["message"]
    assert world.draining() == {"edge-4", "edge-5", "edge-6", "edge-7"}


def listed(name: str, **known: Any) -> Pod:
    """A pod as the API server lists it."""
    at = {"uid": name, "resource_version": "1", "created": NOON - 600}
    return Pod(namespace="live", name=name, **at, **known)  # type: ignore[arg-type]


class Lists:
    """A cluster that has these pods."""

    def __init__(self, *pods: Pod) -> None:
        self._pods = pods

    def pods(self, target: object) -> tuple[Pod, ...]:
        return self._pods


def test_pods_have_the_rank_that_the_replica_set_gives_them() -> None:
    node = {"scheduled_since": NOON - 500}
    there: Any = Lists(
        listed("nowhere", phase="Pending"),
        listed("pulls", phase="Pending", **node),
        listed("boots", **node),
        listed("serves", **node, ready_since=NOON - 400),
        listed("ends", **node, terminating_since=NOON),
    )
    fleet = Target(ref=target("edge"), uid="u", resource_version="1", replicas=3, ready=1)
    counted = count_sessions(there, fleet, None, NOON)
    assert {pod.name: pod.rank for pod in counted.crew.pods} == {
        "nowhere": Rank.UNASSIGNED,
        "pulls": Rank.PENDING,
        "boots": Rank.UNREADY,
        "serves": Rank.READY,
    }
    assert (counted.crew.terminating, counted.crew.surplus) == (1, 1)


def test_an_outage_of_the_metrics_at_the_last_look_stops_the_step() -> None:
    world = started(live=BUSY)
    world.run(0.5)

    def outage(call: Call) -> None:
        if call.verb == "mark" and call.done and world.costed():
            world.metrics.outages.append(Period(world.time, world.time + 1))

    world.trouble = outage
    assert "can't be read once more" in world.tick().failures["live/edge"]
    assert len(world.names()) == 8


def test_a_new_pod_without_a_series_is_busy_until_it_is_older_than_that() -> None:
    world = started(live=BUSY, settings={"absence": "4m"})
    hidden = {"edge-6", "edge-7"}
    world.metrics.answer_each(
        "sum by (pod) (live_sessions)",
        lambda: {k: v for k, v in world.book.sessions().items() if k not in hidden},
    )
    world.run(3.5)
    assert len(world.names()) == 8
    world.run(2)
    assert world.names() == {f"edge-{n}" for n in range(6)}


def test_of_a_deployment_the_emptiest_pods_can_be_told_to_go() -> None:
    world = started(live=BUSY)
    world.tick()
    spared = world.condition("SessionsSpared")
    assert (spared["status"], spared["reason"]) == ("True", "EmptiestFirst")


def test_of_a_stateful_set_the_highest_ordinals_go_or_the_step_waits() -> None:
    world = started(live={6: 1}, kind="StatefulSet", victims=highest_first)
    world.run(4)
    spared = world.condition("SessionsSpared")
    assert (spared["status"], spared["reason"]) == ("False", "OrdinalOrder")
    assert (len(world.pods()), world.costed()) == (7, set())
    assert world.draining() == {"edge-4", "edge-5", "edge-6"}


def test_a_rollout_blocks_the_way_down_only() -> None:
    world = started(live=BUSY)
    world.cluster.rolling = True
    world.run(3)
    assert (len(world.names()), world.draining()) == (8, set())
    world.metrics.answer("edge", steady(9.0))
    world.run(1)
    assert len(world.names()) >= 9


@pytest.mark.parametrize("mode", ["DryRun", "ScaleUpOnly"])
def test_when_the_mode_goes_back_every_mark_is_taken_away(mode: str) -> None:
    world = started(live=BUSY)
    world.run(1.5)
    assert world.draining()
    world.edit(mode=mode)
    world.run(1)
    assert (world.draining(), world.costed()) == (set(), set())
    assert all(DRAIN_SINCE not in pod.annotations for pod in world.pods())
    assert "sessions" not in world.status()


def test_a_label_that_somebody_else_has_set_is_left_alone() -> None:
    world = started(replicas=8, need=4, live=BUSY)
    world.book.write("edge-0", Marks(labels={DRAIN: "true"}), by="kubectl")
    world.run(4)
    assert DRAIN in world.pods()[0].labels
    assert "edge-0" in world.names()


def test_a_mark_that_fails_is_tried_again() -> None:
    world = started(live=BUSY)
    world.trouble = fails("edge-6", "mark", Conflict("it has changed"))
    world.tick()
    assert world.draining() == {"edge-4", "edge-5", "edge-7"}
    world.trouble = lambda _: None
    world.tick()
    assert "edge-6" in world.draining()


def test_a_pod_that_goes_in_place_of_a_victim_is_noticed() -> None:
    def stubborn(pods: Pods, now: float, count: int) -> object:
        return newest_first(pods._replace(cost=-pods.cost), now, count)

    world = started(live=BUSY, victims=stubborn, termination=60.0)
    world.run(1.25)
    assert world.disrupted() > 0
    assert {"VictimsMissed", "SessionsDisrupted"} <= set(world.reasons())


# --- the policy goes while pods drain


def draining() -> SessionWorld:
    """Half of the fleet is busy, and drains; the policy can't go without a word."""
    world = started(live=BUSY)
    world.run(1.5)
    assert world.draining()
    assert world.policy().finalizers == (FINALIZER,)
    return world


def test_a_policy_that_goes_opens_its_pods_again_before_it_does() -> None:
    world = draining()
    fleet = world.names()
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    assert not world.draining() | world.costed()
    assert world.reasons().count("PodsReopened") == 1
    assert world.names() == fleet
    with pytest.raises(KeyError):
        world.policy()


def test_sessions_that_are_no_longer_asked_for_leave_no_mark_and_no_finalizer() -> None:
    world = draining()
    policies = {name: p for name, p in world.policy().spec["policies"].items() if name == "descent"}
    world.edit(policies=PLAIN | policies)
    world.run(0.75)
    assert not world.draining() | world.costed()
    assert not world.policy().finalizers


def test_a_policy_that_is_let_go_of_is_decided_on_all_the_same() -> None:
    world = draining()
    for need in range(5, 10):  # its status is written at every tick
        world.metrics.answer("edge", steady(float(need)))
        assert not world.tick().failures
    assert not world.policy().finalizers
    assert len(world.names()) > len(BUSY)


def test_an_operator_that_was_away_meanwhile_takes_its_time_to_open_them_again() -> None:
    world = started(live=BUSY)
    world.run(1)
    assert world.draining()
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.time += 2 * PATIENCE
    world.restart()
    busy = ClusterUnavailable("the API server has too much to do")
    world.trouble = fails("edge-4", "mark", busy)
    world.tick()
    assert world.draining() == {"edge-4"}
    world.trouble = lambda _: None
    world.run(1)
    assert world.draining() == set()
    assert "NotPutBack" not in world.reasons()
    with pytest.raises(KeyError):
        world.policy()


def test_a_pod_that_cannot_be_opened_again_is_tried_until_the_time_is_over() -> None:
    world = draining()
    name = min(world.draining())
    world.trouble = fails(name, "mark", ClusterUnavailable("timeout"))
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(1)
    assert world.draining() == {name}
    assert world.policy().deleting
    assert world.reasons().count("PodsReopened") == 1, "of the others"
    world.run(PATIENCE / 60)
    assert "NotPutBack" in world.reasons()
    with pytest.raises(KeyError):
        world.policy()


@pytest.mark.parametrize("forgotten", ["settings", "record"])
def test_either_settings_or_record_tell_of_pods_to_open_again(forgotten: str) -> None:
    world = draining()
    if forgotten == "settings":
        world.edit(policies=PLAIN)
    else:
        known = world.status().items()
        world.set_status({key: section for key, section in known if key != "sessions"})
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    assert not world.draining() | world.costed()


def test_beside_other_fleets_a_policy_opens_the_pods_of_its_own() -> None:
    world = SessionWorld()
    world.add("another", replicas=4, level=4.0)
    world.fleet_with_sessions(8, 4, live=BUSY)
    world.run(2)
    assert world.draining()
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    assert not world.draining() | world.costed()


@pytest.mark.parametrize("verb", ["pods", "get"])
def test_pods_that_cannot_be_seen_keep_the_policy_that_goes(verb: str) -> None:
    world = draining()
    world.trouble = fails("edge", verb, ClusterUnavailable("timeout"))
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(1)
    assert world.policy().deleting


def test_a_policy_whose_fleet_is_gone_goes_at_once() -> None:
    world = draining()
    world.cluster.remove_target(world.ref)
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    with pytest.raises(KeyError):
        world.policy()

"""Decisions as floors of another autoscaler: the staircase holds whatever it does meanwhile."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.errors import ClusterUnavailable, Forbidden
from ebbtide.loop.acting.autoscaler_floor import minimum_after
from ebbtide.loop.acting.finalizer import FINALIZER
from ebbtide.loop.acting.put_back import PATIENCE
from ebbtide.loop.ports.autoscalers import Autoscaler, Held
from ebbtide.loop.ports.cluster import Announcement
from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.observation import LastStep, Mode
from tests.loop.test_interrupt import Killed
from tests.loop.world import NOON, PLAIN, SLOW, TICK, World, fails, target

FLEET, NEED = 20, 10
KEDA = "ScaledObject"


def floored(
    wants: Callable[[float], int] = lambda _: 1,
    *,
    minimum: int | None = FLEET,
    kind: str = "HorizontalPodAutoscaler",
    most: int = 100,
    **spec: Any,
) -> World:
    """A fleet that an HPA has, twice as large as it needs to be; Ebbtide writes the HPA's floor."""
    world = World()
    spec = {"actuator": "AutoscalerFloor", "policies": SLOW} | spec
    world.add(replicas=FLEET, level=float(NEED), **spec)
    hpa = Autoscaler("live", "by-cpu", target("edge"), kind, minimum=minimum, maximum=most)
    world.cluster.autoscalers.add(hpa, wants)
    return world


def autoscaler(world: World) -> Autoscaler:
    return world.cluster.autoscalers[0]


def told(world: World, reason: str) -> Announcement:
    """The last event of a reason."""
    return [event for event in world.cluster.announcements if event.reason == reason][-1]


class Sight(NamedTuple):
    """The minimum and the fleet, after a tick."""

    at: float
    minimum: int
    replicas: int


def sights(world: World, minutes: float) -> Iterator[Sight]:
    for _ in range(round(minutes * 60 / TICK)):
        at = world.time
        world.tick()
        yield Sight(at, autoscaler(world).least, world.replicas())


def steps(numbers: list[int]) -> list[int]:
    """The numbers, each once for as long as it stands."""
    return [numbers[0], *(b for a, b in pairwise(numbers) if a != b)]


# --- the staircase


def test_the_minimum_goes_down_the_staircase_and_the_fleet_behind_it() -> None:
    world = floored()
    seen = list(sights(world, 5))
    assert steps([s.minimum for s in seen]) == [20, 18, 16, 14, 12, 10]
    assert steps([s.replicas for s in seen]) == [20, 18, 16, 14, 12, 10]
    assert {change.by for change in world.cluster.changes} == {"HorizontalPodAutoscaler"}
    assert world.condition("Conflicted")["status"] == "False"
    assert "SuccessfulRescale" in world.reasons()


def test_a_minimum_below_the_fleet_rises_to_it_first_so_that_nothing_drops() -> None:
    world = floored(lambda _: 1, minimum=1)
    world.cluster.autoscalers[0] = autoscaler(world)._replace(minimum=FLEET)  # nothing drops yet
    seen = list(sights(world, 1))
    assert seen[0].minimum == FLEET


def test_what_the_autoscaler_adds_is_followed_and_is_no_step() -> None:
    surge = [1]
    world = floored(lambda _: surge[0])
    list(sights(world, 5))
    surge[0] = 40
    assert list(sights(world, 0.25))[-1][1:] == (40, 40)
    surge[0] = 1
    seen = list(sights(world, 3))
    assert steps([s.replicas for s in seen])[:4] == [40, 36, 32, 28]
    assert [d for d in world.status()["decisions"] if d["to"] == 40] == []


def test_while_the_autoscaler_holds_more_the_minimum_stays_one_step_below() -> None:
    world = floored(lambda _: FLEET)
    seen = list(sights(world, 5))
    assert steps([s.minimum for s in seen]) == [20, 18]
    assert {s.replicas for s in seen} == {FLEET}
    assert [(d["from"], d["to"]) for d in world.status()["decisions"]] == [(20, 18)]
    world.verbs()
    world.run(1)
    assert set(world.verbs()) == {"list"}, "so there is nothing to write"


def test_a_freeze_lifts_a_minimum_that_a_step_had_lowered() -> None:
    world = floored(lambda _: FLEET)
    list(sights(world, 2))
    world.override("freeze-1", minutes=5, freeze=True)
    assert list(sights(world, 0.25))[-1].minimum == FLEET


def test_the_need_raises_the_minimum_and_the_autoscaler_follows() -> None:
    world = floored()
    world.add("origin", replicas=FLEET, level=30.0, actuator="AutoscalerFloor", policies=SLOW)
    hpa = Autoscaler("live", "origin", target("origin"), minimum=1, maximum=100)
    world.cluster.autoscalers.add(hpa, lambda _: FLEET)
    world.run(0.5)
    assert world.replicas("origin") == 30


def test_no_more_is_asked_of_an_autoscaler_than_its_maximum() -> None:
    world = floored(lambda _: 1, most=15, minimum=5, policies=PLAIN)
    world.edit(replicas={"min": 18, "max": 100})
    world.run(1)
    assert autoscaler(world).least == 15
    assert "AutoscalerMaximum" in [b["reason"] for b in world.status()["bounds"]]


@pytest.mark.parametrize("mode", ["DryRun", "ScaleUpOnly"])
def test_another_mode_lets_nothing_go(mode: str) -> None:
    world = floored(lambda _: FLEET, mode=mode)
    world.run(3)
    assert autoscaler(world).least == FLEET
    assert autoscaler(world).held is None


WANTS = st.lists(st.integers(0, 60), min_size=12, max_size=24)


@settings(deadline=None, max_examples=40)
@given(WANTS, st.integers(1, 30))
def test_whatever_the_autoscaler_wants_no_soak_sees_more_than_a_step_go(
    wants: list[int], minimum: int
) -> None:
    course = iter([*wants, *[1] * 1000])
    moments: dict[float, int] = {}
    world = floored(lambda now: moments.setdefault(now, next(course)), minimum=minimum)
    world.cluster.strict = False  # other tests look at the statuses
    world.run(len(wants) / 4 + 4)
    changes = world.cluster.changes
    falls = [c for c in changes if c.after < c.before and c.at > NOON]  # at noon nobody has looked
    for fall in falls:
        highest = max(c.before for c in changes if c.at <= fall.at)
        assert fall.before - fall.after <= max(1, highest // 10)
    for one, other in pairwise(falls):
        assert other.at - one.at >= 30


@given(
    current=st.integers(0, 100),
    change=st.integers(-10, 10),
    below=st.integers(0, 10),
    reason=st.sampled_from(["DescentSoaking", "Frozen"]),
)
def test_a_minimum_never_stands_further_below_the_fleet_than_a_step(
    current: int, change: int, below: int, reason: str
) -> None:
    replicas, minimum = max(0, current + change), max(0, current - below)
    bound = Bound(Kind.PACE_DOWN, current, "descent", reason)
    decision = Decision(at=0, current=current, want=0, replicas=replicas, bounds=(bound,))
    last = LastStep(0.0, float(minimum + 5), float(minimum))
    after = minimum_after(decision, minimum, last)
    assert after >= min(replicas, current - 5)
    assert minimum_after(decision, minimum, None) == replicas


# --- killed anywhere


def test_killed_at_any_call_no_step_is_taken_twice() -> None:
    plain = floored()
    plain.run(2.5)
    for at in range(len(plain.calls)):
        world = floored()
        world.cluster.strict = False
        calls = iter(range(10**9))

        def trouble(call: object, calls: Iterator[int] = calls, at: int = at) -> None:
            if next(calls) == at:
                raise Killed

        world.trouble = trouble
        try:
            world.run(2.5)
        except Killed:
            world.trouble = lambda _: None
            world.restart()
        end = world.time + 12 * 60
        while world.replicas() > NEED and world.time < end:
            world.tick()
        world.run(1)
        falls = [c for c in world.cluster.changes if c.after < c.before]
        assert all(c.before - c.after <= 2 for c in falls), at
        assert all(b.at - a.at >= 30 for a, b in pairwise(falls)), at
        assert world.replicas() == NEED, at
        assert "intent" not in world.status(), at


# --- put back


def test_a_policy_that_is_deleted_puts_the_minimum_back_and_leaves_the_fleet() -> None:
    world = floored(lambda _: 12, minimum=5)
    world.run(3)
    assert world.policy().finalizers == (FINALIZER,)
    assert autoscaler(world).held is not None
    replicas = world.replicas()
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.tick()
    assert (autoscaler(world).least, autoscaler(world).held) == (5, None)
    world.tick()
    assert replicas == 12
    with pytest.raises(KeyError):
        world.policy()
    assert told(world, "MinimumPutBack").message.endswith("by-cpu is 5 again")
    assert "NotPutBack" not in world.reasons()


@pytest.mark.parametrize(
    "change", [{"mode": "DryRun"}, {"actuator": "Scale"}], ids=["the mode", "the actuator"]
)
def test_a_change_of_mode_or_actuator_puts_it_back(change: dict[str, str]) -> None:
    world = floored(minimum=5)
    world.run(1)
    world.edit(**change)
    world.run(1)
    assert (autoscaler(world).least, autoscaler(world).held) == (5, None)
    assert world.policy().finalizers == ()


def test_an_operator_that_may_only_look_puts_it_back() -> None:
    world = floored(minimum=5)
    world.run(1)
    looking = World(max_mode=Mode.DRY_RUN)
    world.rules = looking.rules
    world.restart()
    world.run(0.5)
    assert autoscaler(world).least == 5


def test_a_scaled_object_that_named_no_minimum_names_none_again() -> None:
    world = floored(lambda _: FLEET, minimum=None, kind=KEDA)
    world.run(1)
    assert autoscaler(world).minimum == FLEET - 2
    world.edit(actuator="Scale")
    world.tick()
    assert autoscaler(world).minimum is None
    assert told(world, "MinimumPutBack").message.endswith("by-cpu is unset again")


def test_a_minimum_that_people_have_changed_since_is_what_is_put_back() -> None:
    world = floored(lambda _: FLEET, minimum=5)
    world.run(1)
    world.cluster.autoscalers.edit("by-cpu", 8)
    world.run(1)
    assert autoscaler(world).held == Held("live/edge", 8, FLEET - 2)  # one step below the fleet
    assert "ScaledByHand" in world.reasons()
    world.edit(actuator="Scale")
    world.tick()
    assert autoscaler(world).least == 8


def test_a_minimum_whose_policy_is_gone_without_a_word_is_put_back() -> None:
    world = floored(minimum=5)
    world.add("origin", replicas=10, level=10.0)
    world.run(1)
    world.cluster.purge("CapacityPolicy", "live", "edge")
    world.tick()
    assert (autoscaler(world).least, autoscaler(world).held) == (5, None)


def test_a_policy_that_cannot_be_understood_keeps_its_minimum() -> None:
    world = floored(lambda _: FLEET, minimum=5)
    world.run(1)
    held = autoscaler(world).held
    world.edit(level=7)
    world.run(1)
    assert autoscaler(world).held == held
    world.cluster.autoscalers.clear()
    world.run(1)
    assert world.policy().finalizers == (FINALIZER,)


def test_a_policy_is_let_go_after_a_while_even_if_nothing_can_be_put_back() -> None:
    world = floored(minimum=5)
    world.run(1)
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.trouble = fails("by-cpu", "minimum", ClusterUnavailable("forbidden"))
    world.run(PATIENCE / 60)
    assert world.policy().deleting
    world.run(1)
    with pytest.raises(KeyError):
        world.policy()
    last = told(world, "NotPutBack")
    assert last.warning
    assert "by hand: HorizontalPodAutoscaler live/by-cpu" in last.message


def test_a_policy_without_sessions_goes_without_a_look_at_pods() -> None:
    world = floored(minimum=5)
    world.run(1)
    world.trouble = fails("edge", "pods", Forbidden("pods are forbidden"))
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(1)
    with pytest.raises(KeyError):
        world.policy()


def test_a_policy_that_cannot_be_let_go_of_is_let_go_at_a_later_tick() -> None:
    world = floored(minimum=5)
    world.run(1)
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.trouble = fails("edge", "finalizer", ClusterUnavailable("timeout"))
    world.run(1)
    assert world.policy().deleting
    world.trouble = lambda _: None
    world.tick()
    with pytest.raises(KeyError):
        world.policy()


# --- what is said where it can't be done


def test_without_an_autoscaler_nothing_is_done_and_it_is_said() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), actuator="AutoscalerFloor", policies=SLOW)
    world.run(2)
    assert world.replicas() == FLEET
    said = world.condition("Conflicted")
    assert (said["status"], said["reason"]) == ("True", "NoAutoscaler")


def test_two_autoscalers_are_a_conflict() -> None:
    world = floored()
    second = Autoscaler("live", "by-memory", target("edge"), minimum=1, maximum=9)
    world.cluster.autoscalers.append(second)
    world.run(1)
    assert autoscaler(world).held is None
    assert "both scale" in world.condition("Conflicted")["message"]

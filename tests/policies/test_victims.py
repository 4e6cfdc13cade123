"""Which pods go: the order of the ReplicaSet, sessions, zones, deadlines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.victims import (
    SKEW,
    Pod,
    Rank,
    Terms,
    balanced,
    leaving,
    may_go,
    to_drain,
)
from tests.policies.builders import INF, NAN

TERMS = Terms(deadline=3600.0, settle=45.0)
ACK = replace(TERMS, ack=True)
NEVER = replace(TERMS, deadline=INF)


def pod(name: str = "a", sessions: float = 0.0, drains: float | None = 60.0, **more: object) -> Pod:
    return Pod(name=name, sessions=sessions, drains=drains, **more)  # type: ignore[arg-type]


def names(pods: Sequence[Pod]) -> list[str]:
    return [each.name for each in pods]


@pytest.mark.parametrize(
    ("which", "terms", "may"),
    [
        pytest.param(pod(), TERMS, True, id="idle-and-drained"),
        pytest.param(pod(drains=44.0), TERMS, False, id="the-router-may-not-know-yet"),
        pytest.param(pod(drains=None), TERMS, False, id="idle-but-open-to-a-new-session"),
        pytest.param(pod(sessions=1.0), TERMS, False, id="one-session"),
        pytest.param(pod(sessions=1.0, drains=3600.0), TERMS, True, id="its-time-is-over"),
        pytest.param(pod(sessions=1.0, drains=1e9), NEVER, False, id="a-job-has-no-deadline"),
        pytest.param(pod(sessions=NAN), TERMS, False, id="unknown-is-busy"),
        pytest.param(pod(), ACK, False, id="it-has-not-said-so-itself"),
        pytest.param(pod(drained=True), ACK, True, id="it-has-said-so-itself"),
        pytest.param(pod(drained=True, sessions=2.0), ACK, False, id="it-has-said-so-too-early"),
        pytest.param(pod(drains=3600.0, sessions=2.0), ACK, True, id="no-word-by-the-deadline"),
        pytest.param(pod(rank=Rank.UNREADY, drains=None), ACK, True, id="unready-and-idle"),
        pytest.param(pod(rank=Rank.UNREADY, sessions=1.0), TERMS, False, id="unready-and-busy"),
    ],
)
def test_a_pod_may_go_when_it_is_empty_and_stays_so(which: Pod, terms: Terms, may: bool) -> None:
    assert may_go(which, terms) is may


def test_pods_go_in_the_order_of_the_replica_set() -> None:
    fleet = [
        pod("ready"),
        pod("unready", rank=Rank.UNREADY),
        pod("pending", rank=Rank.PENDING),
        pod("nowhere", rank=Rank.UNASSIGNED),
    ]
    assert names(leaving(fleet, TERMS)) == ["nowhere", "pending", "unready", "ready"]


def test_behind_an_unready_pod_with_a_session_nobody_goes() -> None:
    fleet = [
        pod("ready"),
        pod("busy", rank=Rank.UNREADY, sessions=3.0),
        pod("idle", rank=Rank.UNREADY),
        pod("pending", rank=Rank.PENDING),
    ]
    assert names(leaving(fleet, TERMS)) == ["pending", "idle"]


def test_the_emptiest_go_first_and_the_busy_stay() -> None:
    fleet = [
        pod("two", sessions=2.0, drains=4000.0),
        pod("nine", sessions=9.0, drains=4000.0),
        pod("none"),
        pod("busy", sessions=1.0),
    ]
    assert names(leaving(fleet, TERMS)) == ["none", "two", "nine"]


def test_of_those_that_are_not_ready_the_emptiest_go_first_too() -> None:
    late = {"drains": 4000.0, "rank": Rank.UNREADY}
    fleet = [pod("five", sessions=5.0, **late), pod("two", sessions=2.0, **late)]
    assert names(leaving(fleet, TERMS)) == ["two", "five"]


def test_of_equals_the_name_decides() -> None:
    fleet = [pod("a"), pod("b"), pod("c")]
    assert names(leaving(reversed(fleet), TERMS)) == names(leaving(fleet, TERMS))


def test_a_stateful_set_lets_its_highest_ordinals_go_or_waits() -> None:
    fleet = [pod(f"db-{n}", sessions=float(n == 7), ordinal=n) for n in range(10)]
    assert names(leaving(fleet, TERMS)) == ["db-9", "db-8"]
    assert names(to_drain(fleet, 4)) == ["db-9", "db-8", "db-7", "db-6"]


def test_a_pod_whose_ordinal_nobody_can_read_goes_last() -> None:
    fleet = [pod("z"), pod("db-0", ordinal=0), pod("db-1", ordinal=1)]
    assert names(leaving(fleet, TERMS)) == names(to_drain(fleet, 3)) == ["db-1", "db-0", "z"]


def test_the_next_to_drain_are_the_emptiest_and_who_began_goes_on() -> None:
    fleet = [
        pod("begun", sessions=40.0),
        pod("five", sessions=5.0, drains=None),
        pod("three", sessions=3.0, drains=None),
        pod("flaps", sessions=50.0, drains=None, rank=Rank.UNREADY),
    ]
    assert names(to_drain(fleet, 3)) == ["flaps", "begun", "three"]


def test_those_that_the_replica_set_takes_first_are_the_first_to_drain() -> None:
    fleet = [
        pod("unready", rank=Rank.UNREADY, sessions=1.0),
        pod("idle", rank=Rank.UNREADY),
        pod("pending", rank=Rank.PENDING, sessions=9.0),
    ]
    assert names(to_drain(fleet, 3)) == ["pending", "idle", "unready"]


def test_an_idle_pod_takes_no_place_of_one_that_drains_and_is_idle() -> None:
    begun, fresh = pod("begun"), pod("fresh", drains=None)
    assert names(to_drain([begun, fresh], 1)) == ["begun"]
    assert names(to_drain([begun._replace(sessions=1.0), fresh], 1)) == ["fresh"]


def test_only_an_idle_pod_takes_the_place_of_one_that_drains() -> None:
    fleet = [
        pod("ten", sessions=10.0),
        pod("one", sessions=1.0, drains=None),
        pod("none", drains=None),
        pod("unknown", sessions=NAN, drains=None),
    ]
    assert names(to_drain(fleet, 1)) == ["none"]
    assert names(to_drain(fleet, 2)) == ["none", "ten"]
    assert names(to_drain(fleet, 4)) == ["none", "ten", "one", "unknown"]


def test_on_a_rebound_the_fullest_are_opened_first() -> None:
    fleet = [pod(f"p{n}", sessions=float(n)) for n in range(6)]
    assert names(to_drain(fleet, 2)) == ["p0", "p1"]
    assert to_drain(fleet, 0) == to_drain(fleet, -3) == []


def zoned(*counts: int) -> list[Pod]:
    """Pods in zones a, b, c ...; those of zone a are the emptiest, those of the next less so."""
    return [
        pod(f"{zone}{n}", sessions=10.0 * place + n, zone=zone)
        for place, (zone, count) in enumerate(zip("abcd", counts, strict=False))
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("counts", "take", "left"),
    [
        pytest.param((4, 4, 4), 3, {"a": 2, "b": 3, "c": 4}, id="a-little-out-of-balance"),
        pytest.param((4, 4, 4), 6, {"a": 1, "b": 1, "c": 4}, id="never-far-below-the-share"),
        pytest.param((2, 8, 8), 6, {"a": 2, "b": 3, "c": 7}, id="a-small-zone-is-spared"),
        pytest.param((6,), 4, {"a": 2}, id="one-zone"),
    ],
)
def test_zones_are_kept_in_balance(
    counts: tuple[int, ...], take: int, left: dict[str, int]
) -> None:
    fleet = zoned(*counts)
    gone = balanced(fleet, fleet, take)
    assert Counter(each.zone for each in fleet if each not in gone) == left


def test_where_only_a_small_zone_is_idle_its_pods_go_all_the_same() -> None:
    fleet = zoned(2, 8, 8)
    assert names(balanced(fleet[:2], fleet, 2)) == ["a0", "a1"]


pods = st.builds(
    Pod,
    name=st.uuids().map(str),
    sessions=st.one_of(st.just(NAN), st.integers(0, 3).map(float)),
    rank=st.sampled_from(Rank),
    zone=st.sampled_from(["a", "b", "c"]),
    drains=st.one_of(st.none(), st.floats(0, 8000)),
    drained=st.booleans(),
)
fleets = st.lists(pods, max_size=30)
terms = st.builds(
    Terms, deadline=st.sampled_from([60.0, 3600.0, INF]), settle=st.just(45.0), ack=st.booleans()
)


@given(fleets, terms)
def test_nobody_goes_with_a_session_before_the_deadline(fleet: list[Pod], said: Terms) -> None:
    for each in leaving(fleet, said):
        assert each.sessions == 0 or (each.drains or 0.0) >= said.deadline


@given(fleets, terms)
def test_whoever_goes_is_among_those_that_drain_or_were_never_open(
    fleet: list[Pod], said: Terms
) -> None:
    gone = leaving(fleet, said)
    told = names(to_drain(fleet, len(fleet)))
    assert {each.name for each in gone} <= set(told)
    assert all(each.rank < Rank.READY or each.drains is not None for each in gone)


@given(fleets, terms, st.randoms())
def test_the_order_of_the_list_changes_nothing(fleet: list[Pod], said: Terms, luck: object) -> None:
    shuffled = list(fleet)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert names(leaving(shuffled, said)) == names(leaving(fleet, said))
    assert names(to_drain(shuffled, 7)) == names(to_drain(fleet, 7))


@given(fleets, st.integers(-2, 35))
def test_as_many_drain_as_are_asked_for(fleet: list[Pod], count: int) -> None:
    chosen = names(to_drain(fleet, count))
    assert len(chosen) == len(set(chosen)) == max(0, min(count, len(fleet)))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(0, 40), st.data())
def test_a_zone_never_falls_far_below_its_even_share(
    zones: list[str], take: int, data: st.DataObject
) -> None:
    loads = data.draw(st.lists(st.integers(0, 9), min_size=len(zones), max_size=len(zones)))
    fleet = [
        pod(f"{i}", sessions=float(load), zone=zone)
        for i, (zone, load) in enumerate(zip(zones, loads, strict=True))
    ]
    gone = balanced(fleet, fleet, take)
    left = Counter(each.zone for each in fleet if each not in gone)
    before = Counter(zones)
    share = (len(fleet) - len(gone)) // len(before)
    assert all(left[zone] >= min(before[zone], share - SKEW) for zone in before)

"""What a cluster can carry: quotas, limits, nodes and pools, one by one and together."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.readiness.site import Fleet, Node, Pool, Quota, Shape, Site
from ebbtide.planning.readiness.walls import (
    FARTHEST,
    Kind,
    Lack,
    alone,
    lacks,
    on_new_nodes,
    together,
)

POD = Shape({"pods": 1.0, "cpu": 0.5, "memory": 100.0, "limits.cpu": 1.0})


def fleet(name: str = "edge", pods: int = 4, most: int = 1000, shape: Shape | None = POD) -> Fleet:
    return Fleet(workload=name, replicas=pods, most=most, shape=shape, pods=pods, placed=pods)


def node(name: str, cpu: float, taken: float = 0.0) -> Node:
    room = {"cpu": cpu, "memory": 1e6, "pods": 110.0}
    return Node(name=name, all=room, free=room | {"cpu": cpu - taken})


def found(site: Site, **wanted: int) -> list[tuple[Kind, str, str, float]]:
    return [(each.kind, each.name, each.resource, each.missing) for each in lacks(site, wanted)]


# --- one wall at a time -----------------------------------------------------------------------


def test_what_fits_lacks_nothing() -> None:
    quota = Quota("compute", {"cpu": 10.0, "limits.cpu": 16.0, "pods": 20.0}, {"cpu": 2.0})
    site = Site(fleets=[fleet()], quotas=[quota], nodes=[node("a", 10.0, 2.0)])
    assert found(site, edge=20) == []
    assert on_new_nodes(site, {"edge": 20}) == {}


@pytest.mark.parametrize(
    ("hard", "used", "missing"),
    [
        pytest.param({"cpu": 5.0}, {"cpu": 2.0}, ("cpu", 5.0), id="requests"),
        pytest.param({"limits.cpu": 19.0}, {"limits.cpu": 4.0}, ("limits.cpu", 1.0), id="limits"),
        pytest.param({"pods": 10.0}, {"pods": 5.0}, ("pods", 11.0), id="pods, and others' too"),
    ],
)
def test_a_quota_lacks_what_the_pods_to_come_ask_for(
    hard: dict[str, float], used: dict[str, float], missing: tuple[str, float]
) -> None:
    site = Site(fleets=[fleet()], quotas=[Quota("compute", hard, used)])
    [lack] = lacks(site, {"edge": 20})
    assert lack == Lack(Kind.QUOTA, "compute", *missing, hard[missing[0]], like="", nodes=0)


def test_the_first_pod_that_a_full_quota_does_not_let_in_is_missed() -> None:
    site = Site(fleets=[fleet()], quotas=[Quota("compute", {"cpu": 2.0}, {"cpu": 2.0})])
    assert found(site, edge=5) == [(Kind.QUOTA, "compute", "cpu", 0.5)]


def test_a_quota_of_what_the_pods_do_not_ask_for_is_no_wall() -> None:
    full = Quota("gpus", {"requests.nvidia.com/gpu": 1.0}, {"requests.nvidia.com/gpu": 1.0})
    assert found(Site(fleets=[fleet()], quotas=[full]), edge=20) == []


def test_a_quota_that_is_full_already_is_no_wall_for_who_does_not_grow() -> None:
    site = Site(fleets=[fleet()], quotas=[Quota("compute", {"cpu": 1.0}, {"cpu": 2.0})])
    assert found(site, edge=4) == []


def test_workloads_share_a_quota() -> None:
    quota = Quota("compute", {"cpu": 10.0}, {"cpu": 4.0})
    site = Site(fleets=[fleet("edge"), fleet("origin")], quotas=[quota])
    assert found(site, edge=10, origin=10) == []
    assert found(site, edge=10, origin=12) == [(Kind.QUOTA, "compute", "cpu", 1.0)]


def test_the_maximum_of_a_policy_is_a_wall() -> None:
    assert found(Site(fleets=[fleet(most=15)]), edge=20) == [("replicas.max", "edge", "pods", 5.0)]


def test_pods_that_find_no_node_are_counted_with_the_nodes_that_would_do() -> None:
    site = Site(fleets=[fleet()], nodes=[node("small", 2.0, 2.0), node("big", 4.0, 1.0)])
    [lack] = lacks(site, {"edge": 20})
    assert (lack.kind, lack.missing, lack.there) == (Kind.NODES, 10.0, 10.0)
    assert (lack.like, lack.nodes) == ("big", 2)


def test_a_node_without_a_resource_takes_no_pod_that_asks_for_it() -> None:
    shape = Shape({"pods": 1.0, "nvidia.com/gpu": 1.0})
    site = Site(fleets=[fleet(pods=0, shape=shape)], nodes=[node("a", 100.0)])
    [lack] = lacks(site, {"edge": 1})
    assert (lack.missing, lack.like, lack.nodes) == (1.0, "", 0)


def test_of_nodes_that_take_one_pod_each_as_many_are_missing_as_pods() -> None:
    site = Site(fleets=[fleet(pods=0)], nodes=[node("small", 0.9, 0.9)])
    [lack] = lacks(site, {"edge": 3})
    assert (lack.like, lack.nodes) == ("small", 3)


def test_where_there_is_no_node_none_is_named() -> None:
    [lack] = lacks(Site(fleets=[fleet(pods=0)], nodes=[]), {"edge": 3})
    assert (lack.missing, lack.like, lack.nodes) == (3.0, "", 0)


def test_what_one_pod_does_not_ask_for_is_left_to_the_others() -> None:
    thinks, remembers = Shape({"cpu": 1.0}), Shape({"memory": 1.0})
    room = {"cpu": 2.0, "memory": 2.0}
    site = Site(
        fleets=[fleet("a", 0, shape=thinks), fleet("b", 0, shape=remembers)],
        nodes=[Node(name="n", all=room, free=room)],
    )
    assert found(site, a=2, b=2) == []


def test_pods_go_only_where_they_may() -> None:
    bound = replace(POD, nodes=frozenset({"b"}))
    nodes = [node("a", 10.0), node("b", 1.0)]
    site = Site(fleets=[fleet(pods=0, shape=bound)], nodes=nodes)
    assert found(site, edge=3) == [(Kind.NODES, "edge", "pods", 1.0)]


def test_the_room_of_the_narrow_is_not_given_to_those_who_have_a_choice() -> None:
    bound = replace(POD, nodes=frozenset({"a"}))
    nodes = [node("a", 1.0), node("b", 1.0)]
    site = Site(fleets=[fleet("free", pods=0), fleet("bound", pods=0, shape=bound)], nodes=nodes)
    assert found(site, free=2, bound=2) == []


def test_pools_make_nodes_up_to_their_limits() -> None:
    pools = [Pool("spot", {"cpu": 1.0}), Pool("on-demand", {"cpu": 2.0, "memory": 1e9})]
    site = Site(fleets=[fleet()], nodes=[], pools=pools)
    assert found(site, edge=10) == []
    assert on_new_nodes(site, {"edge": 10}) == {"edge": 6}
    assert found(site, edge=12) == [(Kind.NODES, "edge", "pods", 2.0)]


def test_a_pod_that_asks_for_nothing_finds_room_on_any_node() -> None:
    site = Site(fleets=[fleet(pods=0, shape=Shape({}))], nodes=[node("full", 1.0, 1.0)])
    assert found(site, edge=9) == []


def test_a_pool_without_limits_is_no_wall() -> None:
    site = Site(fleets=[fleet()], nodes=[], pools=[Pool("any", {})])
    assert found(site, edge=1000) == []


def test_what_is_not_known_limits_nothing() -> None:
    quota = Quota("compute", {"cpu": 0.0}, {})
    assert found(Site(fleets=[fleet(shape=None)], quotas=[quota], nodes=[]), edge=900) == []
    assert found(Site(fleets=[fleet()], nodes=None), edge=900) == []
    assert on_new_nodes(Site(fleets=[fleet()], nodes=None), {"edge": 900}) == {}
    assert on_new_nodes(Site(fleets=[fleet(shape=None)], nodes=[]), {"edge": 900}) == {}


# --- how far it is ----------------------------------------------------------------------------


def test_the_first_wall_on_the_way_up_is_named() -> None:
    quota = Quota("compute", {"cpu": 15.0}, {"cpu": 2.0})
    site = Site(fleets=[fleet(most=40)], quotas=[quota], nodes=[node("a", 100.0, 2.0)])
    times, behind = together(site, {"edge": 20})
    assert times == 1.5
    assert [(each.kind, each.name) for each in behind] == [(Kind.QUOTA, "compute")]


def test_a_wall_close_behind_the_first_is_not_named_with_it() -> None:
    quota = Quota("compute", {"pods": 151.0}, {"pods": 4.0})
    site = Site(fleets=[fleet(most=150)], quotas=[quota])
    for times, behind in (together(site, {"edge": 100}), alone(site, {"edge": 100}, "edge")):
        assert times in {1.5, 150}
        assert [each.kind for each in behind] == [Kind.LIMIT]


def test_without_a_wall_in_sight_there_is_nothing_behind() -> None:
    site = Site(fleets=[fleet(most=10**9, shape=None)])
    assert together(site, {"edge": 20}) == (FARTHEST, ())


def test_a_peak_that_does_not_fit_is_carried_in_part() -> None:
    times, behind = together(Site(fleets=[fleet(most=10)]), {"edge": 20})
    assert times == 0.5
    assert [each.kind for each in behind] == [Kind.LIMIT]


def test_one_alone_grows_beside_the_peaks_of_the_others() -> None:
    quota = Quota("compute", {"cpu": 20.0}, {"cpu": 4.0})
    site = Site(fleets=[fleet("edge"), fleet("origin")], quotas=[quota])
    most, behind = alone(site, {"edge": 10, "origin": 10}, "edge")
    assert most == 30
    assert [(each.name, each.resource) for each in behind] == [("compute", "cpu")]


def test_each_is_held_against_its_own_maximum() -> None:
    site = Site(fleets=[fleet("edge", most=30), fleet("origin", most=50)])
    for name, most in (("edge", 30), ("origin", 50)):
        carried, behind = alone(site, {"edge": 10, "origin": 10}, name)
        assert carried == most
        assert [each.name for each in behind] == [name]


def test_what_another_lacks_is_no_wall_of_ones_own() -> None:
    site = Site(fleets=[fleet("edge", most=30), fleet("origin", most=5)])
    most, behind = alone(site, {"edge": 10, "origin": 10}, "edge")
    assert most == 30
    assert [each.name for each in behind] == ["edge"]


# --- whatever the cluster ---------------------------------------------------------------------

AMOUNT = st.integers(0, 40).map(float)
SHAPES = st.builds(
    lambda cpu, memory, nodes: Shape({"pods": 1.0, "cpu": cpu, "memory": memory}, nodes),
    st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    st.sampled_from([0.0, 1.0, 4.0]),
    st.one_of(st.none(), st.frozensets(st.sampled_from("abc"))),
)
NODES = st.lists(
    st.tuples(AMOUNT, AMOUNT, st.integers(0, 20).map(float)), min_size=0, max_size=3
).map(
    lambda rooms: [
        Node(name=name, all=free, free=free)
        for name, free in zip(
            "abc", ({"cpu": c, "memory": m, "pods": p} for c, m, p in rooms), strict=False
        )
    ]
)


def brute_force(nodes: Sequence[Node], shape: Shape) -> int:
    """Pods of one kind that fit: one after the other, on whatever node still has room."""
    count = 0
    for each in nodes:
        free = dict(each.free)
        while (shape.nodes is None or each.name in shape.nodes) and all(
            free[name] >= much for name, much in shape.asks.items()
        ):
            free = {name: much - shape.asks.get(name, 0.0) for name, much in free.items()}
            count += 1
    return count


@given(NODES, SHAPES, st.integers(0, 60))
def test_pods_of_one_kind_fit_exactly_as_one_by_one(
    nodes: list[Node], shape: Shape, wanted: int
) -> None:
    site = Site(fleets=[fleet(pods=0, shape=shape)], nodes=nodes)
    homeless = on_new_nodes(site, {"edge": wanted}).get("edge", 0)
    assert homeless == max(0, wanted - brute_force(nodes, shape))


@given(NODES, SHAPES, SHAPES, st.integers(0, 30), st.integers(0, 30))
def test_no_more_is_put_on_nodes_than_they_have(
    nodes: list[Node], one: Shape, other: Shape, first: int, second: int
) -> None:
    site = Site(fleets=[fleet("a", 0, shape=one), fleet("b", 0, shape=other)], nodes=nodes)
    homeless = on_new_nodes(site, {"a": first, "b": second})
    placed = {"a": first - homeless.get("a", 0), "b": second - homeless.get("b", 0)}
    for name in ("cpu", "memory", "pods"):
        taken = placed["a"] * one.asks.get(name, 0) + placed["b"] * other.asks.get(name, 0)
        assert taken <= sum(each.free[name] for each in nodes)


@given(NODES, SHAPES, AMOUNT, st.integers(1, 30), st.integers(1, 60))
def test_the_multiple_that_fits_is_the_largest(
    nodes: list[Node], shape: Shape, hard: float, peak: int, most: int
) -> None:
    quota = Quota("compute", {"cpu": hard}, {})
    site = Site(fleets=[fleet(pods=0, most=most, shape=shape)], quotas=[quota], nodes=nodes)
    times, behind = together(site, {"edge": peak})
    fits, _ = alone(site, {"edge": peak}, "edge")
    assert not lacks(site, {"edge": fits})
    assert lacks(site, {"edge": fits + 1})
    assert times * peak <= fits + 1e-6
    assert (times + 0.01) * peak > fits
    assert bool(behind) == (times < FARTHEST)

"""The simulated fleet: what it promises at every moment, whatever is asked of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ebbtide.planning.simulated_fleet.nodes import Nodes
from ebbtide.planning.simulated_fleet.plant import (
    Census,
    CostFrom,
    Plant,
    PlantSettings,
    drive,
    ready_replicas,
)
from ebbtide.planning.simulated_fleet.plant_settings import (
    BootTime,
    NodeSettings,
    ZoneLoss,
    usual,
)
from ebbtide.planning.simulated_fleet.pods import (
    Pods,
    Victims,
    at_random,
    highest_first,
    new_pods,
    newest_first,
)

TICK = 15.0
fleets = st.lists(st.integers(0, 40), min_size=1, max_size=60)
offers = st.lists(st.integers(0, 500), min_size=60, max_size=60)


def plant(replicas: int = 10, seed: int = 1, **settings: object) -> Plant:
    return Plant(
        PlantSettings(**settings),  # type: ignore[arg-type]
        replicas,
        0.0,
        np.random.default_rng(seed),
    )


def lived(fleet: Plant, asked: Sequence[int], offered: Sequence[int]) -> Sequence[Census]:
    times = TICK * np.arange(1.0, len(asked) + 1)
    demand = np.array(offered[: len(asked)], dtype=np.float64)
    return drive(fleet, times, np.array(asked, dtype=np.float64), demand)


def test_a_replica_is_ready_one_lead_time_after_it_is_asked_for() -> None:
    fleet = plant(replicas=2, lead=90.0)
    ready = [fleet.advance(now, 5).ready for now in (0.0, 89.9, 90.0)]
    assert ready == [2, 2, 5]


@given(fleets, st.integers(0, 8))
def test_the_closed_form_is_the_plant(asked: list[int], boot: int) -> None:
    fleet = plant(replicas=asked[0], lead=boot * TICK)
    census = lived(fleet, asked, [0] * 60)
    formula = ready_replicas(np.array(asked, dtype=np.float64), boot)
    assert [one.ready for one in census] == formula.tolist()


MISHAPS: dict[str, Any] = {
    "loss": 20.0,
    "zone_losses": (ZoneLoss(90.0, 120.0), ZoneLoss(150.0, 60.0, 2)),
    "nodes": NodeSettings(pods=7, provisioning=BootTime(60.0, 0.5), spare=1, keep=60.0),
}


@given(fleets, offers, st.sampled_from([90.0, BootTime(60.0, 0.5)]), st.booleans())
def test_sessions_and_pods_are_never_lost_or_made_up(
    asked: list[int], offered: list[int], lead: float | BootTime, calm: bool
) -> None:
    fleet = plant(lead=lead, session=120.0, **({} if calm else MISHAPS))
    live = 0
    for one, count, offer in zip(lived(fleet, asked, offered), asked, offered, strict=False):
        assert one.asked == count
        assert one.ready <= count
        assert one.live == live + one.arrived - one.ended - one.disrupted
        assert one.live + one.refused >= offer
        assert one.live <= max(offer, live)
        assert min(one) >= 0
        live = one.live
    assert fleet.pods.asked_at.size == asked[-1]
    assert fleet.pods.sessions.sum() == live
    assert np.unique(fleet.pods.number).size == asked[-1]


@given(fleets, offers)
def test_the_same_seed_lives_the_same_life(asked: list[int], offered: list[int]) -> None:
    made = [plant(lead=BootTime(60.0, 0.5), session=60.0, **MISHAPS) for _ in range(2)]
    assert lived(made[0], asked, offered) == lived(made[1], asked, offered)


@given(fleets, st.integers(0, 5))
def test_ready_pods_go_only_when_none_boots_and_the_oldest_stay(
    asked: list[int], seed: int
) -> None:
    fleet = plant(seed=seed, lead=BootTime(60.0, 1.0))
    for step, count in enumerate(asked, start=1):
        before = fleet.pods
        fleet.advance(step * TICK, count)
        gone = ~np.isin(before.ready_at, fleet.pods.ready_at)
        ready = before.ready_at <= step * TICK
        if gone[ready].any():
            assert gone[~ready].all()
            assert before.ready_at[gone & ready].min() >= before.ready_at[ready & ~gone].max(
                initial=-1.0
            )


def test_boot_times_spread_around_their_median() -> None:
    drawn = BootTime(90.0, 0.5).draw(100_000, np.random.default_rng(1))
    assert np.median(drawn) == pytest.approx(90.0, rel=0.01)
    assert np.quantile(drawn, 0.8413) == pytest.approx(90.0 * np.exp(0.5), rel=0.02)


def test_sessions_end_in_their_own_time_also_when_demand_is_gone() -> None:
    fleet = plant(session=1200.0)
    fleet.advance(0.0, 10, 100_000)
    left = [fleet.advance(now, 10).live for now in np.arange(TICK, 1201.0, TICK)]
    assert left[-1] == pytest.approx(100_000 / np.e, rel=0.02)
    assert left == sorted(left, reverse=True)


def test_sessions_end_also_while_other_pods_have_none() -> None:
    fleet = plant(replicas=1, session=60.0)
    fleet.advance(0.0, 1, 1000)
    assert fleet.advance(60.0, 2).live == pytest.approx(1000 / np.e, rel=0.1)
    assert fleet.advance(120.0, 2).live == pytest.approx(1000 / np.e**2, rel=0.2)


def test_sessions_are_dealt_out_evenly_over_ready_pods_only() -> None:
    fleet = plant(replicas=3, session=600.0, lead=90.0)
    fleet.advance(0.0, 5, 10)
    assert sorted(fleet.pods.sessions.tolist()) == [0, 0, 3, 3, 4]
    fleet.advance(0.0, 5, 12)
    assert sorted(fleet.pods.sessions.tolist()) == [0, 0, 4, 4, 4]


def test_a_removed_pod_disrupts_its_sessions_which_come_back() -> None:
    fleet = plant(replicas=4, session=600.0)
    fleet.advance(0.0, 4, 40)
    census = fleet.advance(0.0, 3, 40)
    assert (census.disrupted, census.arrived, census.live) == (10, 10, 40)


def test_without_a_ready_pod_sessions_are_refused() -> None:
    census = plant(replicas=0, session=600.0).advance(0.0, 2, 7)
    assert (census.refused, census.arrived, census.live) == (7, 0, 0)


def test_unknown_demand_brings_no_sessions_and_neither_does_none() -> None:
    assert plant(session=600.0).advance(0.0, 10, float("nan")).live == 0
    assert plant(session=600.0).advance(0.0, 10).live == 0


def test_two_censuses_of_a_moment_are_one_in_which_nothing_is_lost() -> None:
    fleet = plant(replicas=4, session=600.0, zone_losses=(ZoneLoss(60.0, 60.0),))
    fleet.advance(0.0, 4, 40)
    first, second = fleet.advance(60.0, 4, 40), fleet.advance(60.0, 1, 40)
    both = first.then(second)
    assert both.asked == 1
    assert both.live == 40 + both.arrived - both.ended - both.disrupted
    assert (both.disrupted, both.lost) == (first.disrupted + second.disrupted, 2)
    assert min(first.ended, first.disrupted, second.disrupted) > 0


@pytest.mark.parametrize(("cost_from", "paid"), [(CostFrom.ASKED, 12), (CostFrom.READY, 10)])
def test_a_pod_costs_from_the_moment_that_the_settings_say(cost_from: CostFrom, paid: int) -> None:
    assert plant(cost_from=cost_from).advance(0.0, 12).paid == paid


@pytest.mark.parametrize(
    ("victims", "going"),
    [
        pytest.param(newest_first, [4, 0, 3, 2, 1], id="that boot, then cheap, then new"),
        pytest.param(highest_first, [4, 3, 2, 1, 0], id="from the highest number down"),
    ],
)
def test_pods_go_in_the_order_of_their_controller(victims: Victims, going: list[int]) -> None:
    pods = new_pods(np.arange(5), np.array([10.0, 20.0, 40.0, 40.0, 41.0]), 0.0)
    pods.cost[0] = -1.0
    pods.asked_at[3] = 5.0
    assert victims(pods, 40.0, 5).tolist() == going
    assert victims(pods, 40.0, 2).tolist() == going[:2]


def test_the_choice_of_victims_is_the_callers() -> None:
    def emptiest(pods: Pods, now: float, count: int) -> NDArray[np.intp]:
        return np.argsort(pods.sessions, kind="stable")[:count]

    fleet = plant(replicas=3, session=600.0, victims=emptiest)
    fleet.advance(0.0, 3, 7)
    assert fleet.advance(0.0, 2, 0).disrupted == 2


def test_a_choice_of_too_few_victims_is_refused() -> None:
    fleet = plant(victims=lambda *asked: np.zeros(asked[2], dtype=np.intp))
    with pytest.raises(ValueError, match="2 different pods"):
        fleet.advance(0.0, 8)


@pytest.mark.parametrize(("now", "asked"), [(-1.0, 10), (0.0, -1)])
def test_time_and_replicas_make_sense(now: float, asked: int) -> None:
    with pytest.raises(ValueError, match="can't go"):
        plant().advance(now, asked)


def test_a_fleet_can_be_driven_without_sessions() -> None:
    census = drive(plant(), np.array([0.0, 15.0]), np.array([10.0, 12.0]))
    assert [one.asked for one in census] == [10, 12]


def test_a_pod_on_its_way_out_costs_until_it_is_gone() -> None:
    fleet = plant(replicas=4, termination=30.0)
    paid = [fleet.advance(now, asked).paid for now, asked in ((0.0, 4), (10.0, 3), (39.9, 3))]
    assert paid == [4, 4, 4]
    assert fleet.advance(40.0, 3).paid == 3


def test_the_cheapest_pod_goes_first_and_pods_that_drain_get_nothing_new() -> None:
    fleet = plant(replicas=3, session=1e9)
    fleet.mark(0, draining=True, cost=-1.0)
    census = fleet.advance(1.0, 3, 20.0)
    assert (fleet.pods.sessions.tolist(), census.draining) == ([0, 10, 10], 1)
    assert fleet.advance(2.0, 2, 20.0).disrupted == 0
    assert fleet.pods.number.tolist() == [1, 2]


def test_where_every_pod_drains_sessions_still_find_one() -> None:
    fleet = plant(replicas=2, session=1e9)
    for number in (0, 1):
        fleet.mark(number, draining=True, cost=0.0)
    assert fleet.advance(1.0, 2, 10.0).refused == 0


def test_a_router_that_knows_no_drain_deals_sessions_to_all() -> None:
    fleet = plant(replicas=2, session=1e9, router_drains=False)
    fleet.mark(0, draining=True, cost=0.0)
    fleet.advance(1.0, 2, 10.0)
    assert fleet.pods.sessions.tolist() == [5, 5]


# --- what befalls a fleet ---------------------------------------------------------------------


def test_a_boot_time_is_told_by_two_of_its_quantiles() -> None:
    drawn = BootTime.between(60.0, 120.0, after=30.0).draw(100_000, np.random.default_rng(1))
    assert np.quantile(drawn, [0.5, 0.9]) == pytest.approx([90.0, 150.0], rel=0.01)
    assert BootTime.between(60.0, 60.0).draw(3, np.random.default_rng(1)).tolist() == [60.0] * 3


def test_the_usual_boot_time_is_that_of_half_of_the_pods() -> None:
    assert usual(90.0) == 90.0
    assert usual(BootTime(60.0, 0.5, after=30.0)) == 90.0


def test_a_lost_zone_takes_its_pods_at_once_and_new_ones_boot_elsewhere() -> None:
    fleet = plant(replicas=9, lead=90.0, zone_losses=(ZoneLoss(60.0, 600.0, 1),), session=1e9)
    fleet.advance(0.0, 9, 90)
    struck = fleet.advance(60.0, 9, 90)
    assert (struck.asked, struck.ready, struck.lost, struck.disrupted) == (9, 6, 3, 30)
    assert struck.live == 90
    assert not np.any(fleet.pods.number % 3 == 1)
    assert fleet.advance(150.0, 12, 90).ready == 9
    assert not np.any(fleet.pods.number % 3 == 1)
    fleet.advance(700.0, 24)
    assert np.any(fleet.pods.number % 3 == 1)


def test_pods_that_are_asked_for_one_by_one_take_turns_with_the_zones() -> None:
    fleet = plant(replicas=0)
    for count in range(1, 7):
        fleet.advance(0.0, count)
    assert np.bincount(fleet.pods.number % 3).tolist() == [2, 2, 2]


def test_a_zone_that_is_back_gets_pods_again() -> None:
    fleet = plant(replicas=3, zone_losses=(ZoneLoss(60.0, 60.0, 1),))
    fleet.advance(119.0, 6)
    assert not np.any(fleet.pods.number % 3 == 1)
    fleet.advance(120.0, 9)
    assert np.any(fleet.pods.number % 3 == 1)


def test_a_lost_pod_of_a_fleet_that_shrinks_is_not_replaced() -> None:
    fleet = plant(replicas=9, termination=60.0, zone_losses=(ZoneLoss(60.0, 60.0),))
    census = fleet.advance(60.0, 6)
    assert (census.ready, census.lost, census.terminating) == (6, 3, 0)


@pytest.mark.parametrize("zones", [1, 2])
def test_where_every_zone_is_away_pods_boot_when_the_first_is_back(zones: int) -> None:
    lost = tuple(ZoneLoss(10.0, 600.0 + 300.0 * zone, zone) for zone in range(zones))
    fleet = plant(replicas=4, zones=zones, zone_losses=lost, lead=90.0)
    census = [fleet.advance(now, 4) for now in (10.0, 100.0, 609.0, 699.0, 700.0)]
    assert [one.asked for one in census] == [4] * 5
    assert [one.ready for one in census] == [0, 0, 0, 0, 4]
    assert np.all(fleet.pods.number % zones == 0)


def test_pods_are_lost_at_the_rate_that_is_said_and_replaced() -> None:
    fleet = plant(replicas=1000, loss=0.05, lead=0.0)
    census = [fleet.advance(now, 1000) for now in np.arange(0.0, 4 * 3600.0, 60.0)]
    assert sum(one.lost for one in census) == pytest.approx(200, abs=50)
    assert {one.asked for one in census} == {1000}


def test_a_pod_without_room_waits_for_its_node_and_then_boots() -> None:
    pool = NodeSettings(pods=10, provisioning=120.0)
    fleet = plant(replicas=18, lead=60.0, nodes=pool)
    ready = [fleet.advance(now, 25).ready for now in (0.0, 59.0, 60.0, 179.0, 180.0)]
    assert ready == [18, 18, 20, 20, 25]


def test_a_node_is_let_go_when_nobody_has_needed_it_for_long_enough() -> None:
    nodes = Nodes(NodeSettings(pods=10, provisioning=120.0, spare=1, keep=300.0), 35, 0.0)
    counts = []
    for now, pods in ((0.0, 35), (60.0, 5), (300.0, 5), (301.0, 5), (302.0, 1)):
        nodes.settle(pods, now)
        counts.append(nodes.count)
    assert counts == [5, 5, 5, 2, 2]


def test_pods_wait_again_for_a_node_that_was_let_go() -> None:
    pool = NodeSettings(pods=10, provisioning=120.0, keep=30.0)
    fleet = plant(replicas=20, lead=0.0, nodes=pool)
    for now in (0.0, 31.0):
        fleet.advance(now, 5)
    assert [fleet.advance(now, 20).ready for now in (40.0, 159.0, 160.0)] == [10, 10, 20]


@given(fleets)
def test_nodes_always_carry_the_fleet_and_never_speed_it_up(asked: list[int]) -> None:
    pool = NodeSettings(pods=7, provisioning=60.0, keep=30.0)
    bare, housed = plant(lead=30.0), plant(lead=30.0, nodes=pool)
    for plain, one in zip(
        lived(bare, asked, [0] * 60), lived(housed, asked, [0] * 60), strict=True
    ):
        assert one.ready <= plain.ready


def test_a_lost_zone_takes_its_nodes_too() -> None:
    pool = NodeSettings(pods=1, provisioning=300.0)
    fleet = plant(replicas=9, lead=0.0, nodes=pool, zone_losses=(ZoneLoss(60.0, 60.0),))
    assert [fleet.advance(now, 9).ready for now in (59.0, 60.0, 359.0, 360.0)] == [9, 6, 6, 9]


def test_victims_at_random_are_any_of_the_ready_and_the_same_ones_again() -> None:
    fleets_ = [plant(replicas=200, victims=at_random) for _ in range(2)]
    for fleet in fleets_:
        fleet.advance(1.0, 203)
        fleet.advance(2.0, 100)
    kept = fleets_[0].pods.number
    assert kept.tolist() == fleets_[1].pods.number.tolist()
    assert kept.max() < 200
    assert 70 < kept.mean() < 130

"""The replay of a workload's own last weeks: what it speaks for, and what it says nothing of."""

from typing import Any

import numpy as np
import pytest

from ebbtide.api.capacity_policy.objective import PRIORS, Reckoned, Settings, bursting, knobs, prior
from ebbtide.api.reading.parse import parse_policy
from ebbtide.planning.demand.past import Past
from ebbtide.planning.tuning.own_weeks import Before, OwnWeeks, reckoned, replayed
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Event

DAY = 1440
MANY = 28 * DAY
START = 1_699_920_000.0
AIM = 1e-3
USUAL, LOOSE, STRICT = prior(AIM), PRIORS[0][1], knobs(0.3, 3.0)
CANDIDATES = (LOOSE, USUAL, STRICT)


def calm(days: float) -> Lanes:
    """Demand that hardly moves: it always needs a hundred replicas."""
    at = np.arange(round(days * DAY))
    return 995 + 4 * np.sin(at / DAY * 2 * np.pi)


def restless(days: float, leap: float = 1.2) -> Lanes:
    """Demand that leaps up every few hours, by a fifth if nothing else is said."""
    minutes = calm(days)
    for hour in range(0, minutes.size, 200):
        minutes[hour : hour + 20] *= leap
    return minutes


def weeks(demand: Lanes, most: int = 1000, lead: float = 180.0, **more: Any) -> OwnWeeks:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
        "demand": {"query": "viewers"},
        "capacity": {"perReplica": 10, "leadTime": f"{lead:.0f}s"},
        "replicas": {"min": 1, "max": most},
        "objective": {"unserved": "0.1%"},
        **more.pop("spec", {}),
    }
    past = Past(start=START, demands={"demand": demand}, per_replica={"demand": 10.0})
    given: dict[str, Any] = {"candidates": CANDIDATES} | more
    return OwnWeeks(name="live/edge", spec=spec, past=past, lead_time=lead, delay=30.0, **given)


def asked(own: OwnWeeks) -> Reckoned:
    return reckoned(own, USUAL, Before(USUAL), {})


def test_while_little_is_known_the_settings_are_those_of_the_prior() -> None:
    found = asked(weeks(calm(3)))
    assert (found.settings, found.minutes) == (USUAL, 3 * DAY)
    assert np.isnan([found.unserved, found.cost]).all()
    assert "3.0 days of demand are known and 7.0 speak for" in found.why


def test_few_days_in_which_the_prior_fails_speak_for_more() -> None:
    found = asked(weeks(restless(3, leap=1.6)))
    assert found.settings == STRICT
    assert found.cost > 1.1
    assert "lost more in 3.0 days than it may in 7.0" in found.why


@pytest.mark.parametrize(
    "demand",
    [
        pytest.param(calm(6), id="the past was lost"),
        pytest.param(np.concatenate([np.full(22 * DAY, np.nan), calm(6)]), id="most is unknown"),
        pytest.param(np.full(28 * DAY, np.nan), id="all of it is unknown"),
    ],
)
@pytest.mark.parametrize("before", [STRICT, LOOSE, bursting(1.2, "1h")])
def test_what_was_chosen_once_stays_where_too_little_is_known_to_choose_anew(
    demand: Lanes, before: Settings
) -> None:
    found = reckoned(weeks(demand), before, Before(before, MANY), {})
    assert (found.settings, found.minutes) == (before, MANY)
    assert found.why.startswith("kept: only ")
    assert "7.0 speak for an unserved share of 0.1%" in found.why


def test_what_few_days_spoke_for_goes_where_more_of_them_do_not() -> None:
    found = reckoned(weeks(calm(4)), STRICT, Before(STRICT, 3 * DAY), {})
    assert (found.settings, found.minutes) == (USUAL, 4 * DAY)


@pytest.mark.parametrize("before", [LOOSE, USUAL])
def test_few_days_in_which_what_is_held_fails_speak_for_more_than_it(before: Settings) -> None:
    found = reckoned(weeks(restless(3, leap=1.6)), before, Before(before, MANY), {})
    assert found.settings == STRICT
    assert "lost more in 3.0 days than it may in 7.0" in found.why


def test_few_days_in_which_the_prior_fails_do_not_speak_for_less_than_what_is_held() -> None:
    held = knobs(0.7, 3.0)
    found = reckoned(weeks(restless(3, leap=1.6)), held, Before(held, MANY), {})
    assert found.settings == held


def test_what_is_on_record_and_makes_no_sense_counts_for_nothing() -> None:
    senseless = {**STRICT, "forecastNeed": {"quantile": 7.0}}
    for days in (0.5, 3, 8):
        found = reckoned(weeks(calm(days)), USUAL, Before(senseless, MANY), {})
        assert found.settings == (LOOSE if days > 7 else USUAL)


def test_where_nothing_at_all_is_known_nothing_is_replayed() -> None:
    found = asked(weeks(np.full(9 * DAY, np.nan)))
    assert (found.settings, found.minutes) == (USUAL, 0)


def test_calm_demand_needs_nothing_to_spare_and_that_is_cheaper_than_what_is_in_force() -> None:
    found = asked(weeks(calm(8)))
    assert found.settings == LOOSE
    assert found.minutes == 8 * DAY
    assert found.unserved <= AIM
    assert 0.9 < found.cost < 1
    assert "of 3 settings tried on 8.0 days it came cheapest" in found.why


def test_restless_demand_needs_more_than_the_prior() -> None:
    found = asked(weeks(restless(8, leap=1.5)))
    assert found.settings == STRICT
    assert found.cost > 1.1


@pytest.mark.parametrize(
    ("history", "unserved", "raised"),
    [
        pytest.param("7d", "0.1%", "8d", id="a week, where it takes one"),
        pytest.param("7d", "0.01%", "9d", id="a week, where it takes more"),
        pytest.param("8d", "0.01%", "9d", id="just as much as it takes"),
        pytest.param("1h", "0.001%", "15d", id="an hour, where it takes two weeks"),
        pytest.param("9d", "0.01%", None, id="enough"),
        pytest.param("28d", "0.001%", None, id="more than enough"),
    ],
)
@pytest.mark.parametrize("days", [0.5, 6.9])
def test_a_history_that_never_tells_enough_is_to_be_raised_to(
    days: float, history: str, unserved: str, raised: str | None
) -> None:
    spec = {"forecast": {"history": history}, "objective": {"unserved": unserved}}
    why = asked(weeks(calm(days), spec=spec)).why
    told = f"; forecast.history is {history} and never tells of so many: raise it to {raised} or"
    assert (told in why) is (raised is not None)
    assert ("forecast.history" in why) is (raised is not None)


WRITES = {"policies": {"presentNeed": {"headroom": "50%"}}}
WRITES_ALL = {"policies": {name: dict(own) for name, own in knobs(0.6, 0.0).items()}}
APPLIED = {"tuning": "Apply"}


def test_what_a_policy_writes_itself_is_part_of_what_is_applied() -> None:
    found = asked(weeks(restless(8), spec=WRITES | APPLIED))
    assert found.settings == {**LOOSE, "presentNeed": {**LOOSE["presentNeed"], "headroom": "50%"}}
    assert found.unserved == 0
    assert "of 3 settings tried" in found.why


@pytest.mark.parametrize("spec", [WRITES, WRITES_ALL], ids=["some", "all of them"])
def test_what_is_suggested_may_be_other_than_what_is_written(spec: dict[str, Any]) -> None:
    written, plain = asked(weeks(calm(8), spec=spec)), asked(weeks(calm(8)))
    assert written.settings == plain.settings == LOOSE
    assert written.unserved == plain.unserved
    assert written.cost < 0.75, "beside what is written, which is in force"


@pytest.mark.parametrize("days", [0.5, 3, 8])
def test_where_all_is_written_there_is_nothing_to_apply(days: float) -> None:
    found = asked(weeks(calm(days), spec=WRITES_ALL | APPLIED))
    assert found.settings == WRITES_ALL["policies"]
    assert found.why.endswith("there is nothing to choose")


def test_while_little_is_known_nothing_is_held_that_was_not_chosen() -> None:
    found = asked(weeks(calm(3), spec=WRITES | APPLIED))
    assert found.settings == USUAL
    assert "3.0 days of demand are known" in found.why


def test_what_the_most_replicas_can_not_carry_is_no_settings_fault() -> None:
    found = asked(weeks(restless(8), most=102))
    assert (found.settings, found.unserved) == (USUAL, 0.0)


def test_what_one_phase_alone_may_carry_is_asked_of_the_settings_too() -> None:
    own = weeks(restless(8), most=102)
    for war, asked_for in ((102, 102.0), (110, 110.0), (1000, own.past.need.max())):
        limits = {"min": 1, "max": 102, "when": {"War": {"max": war}}}
        truth = own.truth(parse_policy(own.spec | {"replicas": limits}).replicas)
        assert truth.demand.max() == pytest.approx(asked_for, rel=1e-3)


def test_an_announced_event_speaks_for_nothing() -> None:
    demand = calm(15.1)
    demand[4000:14080] = restless(15.1, leap=1.3)[4000:14080]
    strict = {"objective": {"unserved": "0.05%"}}
    alone = asked(weeks(demand, spec=strict))
    begins, ends = (START + MINUTE * row for row in (3990, 14090))
    event = Event("final", begins, ends, begins)
    told = asked(weeks(demand, spec=strict, events=[event]))
    assert alone.settings == STRICT
    assert told.settings == LOOSE
    assert told.minutes == 15.1 * DAY - 10100


def test_what_is_needed_in_a_gap_is_unknown_and_right_beside_it_known() -> None:
    demand = calm(1)
    demand[500:510] = np.nan
    own = weeks(demand, lead=45.0)
    needed = own.truth(parse_policy(own.spec).replicas).demand
    unknown = (own.now[np.isnan(needed)] - START) / MINUTE
    assert 499 < unknown.min() < 500
    assert 509 < unknown.max() < 510


def test_minutes_that_nobody_knows_speak_for_nothing() -> None:
    demand = calm(9)
    demand[2000:2500] = np.nan
    found = asked(weeks(demand))
    assert (found.settings, found.minutes) == (LOOSE, 9 * DAY - 501)


@pytest.mark.parametrize("row", [500, 501])
def test_what_lies_beside_a_minute_that_nobody_knows_is_unknown_on_both_sides(row: int) -> None:
    demand = calm(1)
    demand[row] = np.nan
    own = weeks(demand)
    unknown = own.now[np.isnan(own.truth(parse_policy(own.spec).replicas).demand)]
    assert ((unknown - START) / MINUTE).tolist() == [row - 0.5, row + 0.5]


VOUCHED = {"demand": {"query": "viewers", "alive": {"query": "avg(up)", "atLeast": "80%"}}}


def test_what_too_few_scrape_targets_told_of_speaks_for_nothing() -> None:
    """A third of the scrapes is missing every few hours: that is neither an ebb nor a leap."""
    demand, alive = calm(15), np.ones(15 * DAY)
    for hour in range(0, demand.size, 200):
        demand[hour : hour + 30] *= 0.66
        alive[hour : hour + 30] = 0.66
    told = asked(weeks(demand, spec=VOUCHED, alive={"demand": alive}))
    untold = asked(weeks(demand, spec=VOUCHED))
    assert (told.settings, untold.settings) == (LOOSE, STRICT)
    assert untold.minutes - told.minutes == 108 * 31 - 1  # the first begins with the first minute


def test_capacity_stays_while_too_few_scrape_targets_answer() -> None:
    demand, alive = calm(2), np.ones(2 * DAY)
    demand[600:900] *= 0.5
    alive[600:900] = 0.5
    own = weeks(demand, spec=VOUCHED, alive={"demand": alive})
    truth = own.truth(parse_policy(own.spec).replicas)
    found = replayed(own, truth, [LOOSE], {}, rounds=None)
    assert found.unserved[0] == 0
    assert found.replica_hours[0] == pytest.approx(100 * (2 * DAY - 301) / 60, rel=0.02)


def test_what_is_paid_while_nobody_knows_the_demand_makes_no_setting_dearer() -> None:
    demand = calm(9)
    whole = replayed_costs(demand)
    demand[2000:6000] = np.nan
    np.testing.assert_allclose(replayed_costs(demand), whole, rtol=1e-3)


def replayed_costs(demand: Lanes) -> Lanes:
    """What each candidate costs beside the clairvoyant bound."""
    own = weeks(demand)
    return replayed(own, own.truth(parse_policy(own.spec).replicas), CANDIDATES, {}).beside_bound


@pytest.mark.parametrize(
    ("objective", "spare"),
    [
        pytest.param("0.005%", "30%", id="weeks tell of"),
        pytest.param("0.0001%", "120%", id="they do not tell of"),
    ],
)
def test_a_burst_that_all_served_has_to_be_served_twice_as_high_for_what(
    objective: str, spare: str
) -> None:
    fleets = (knobs(0.3, 0.0), bursting(1.2, "1h"))
    own = weeks(restless(15), spec={"objective": {"unserved": objective}}, candidates=fleets)
    found = reckoned(own, fleets[0], Before(fleets[0]), {})
    assert found.unserved == 0
    assert found.settings["presentNeed"]["headroom"] == spare


def test_no_more_than_four_weeks_are_replayed() -> None:
    own = weeks(calm(40))
    assert own.now.size == 28 * DAY
    assert own.now[-1] == START + 40 * DAY * MINUTE - MINUTE + 30


@pytest.mark.parametrize(
    ("lead", "tick", "boot"),
    [
        (600.0, 60.0, 10),
        (180.0, 60.0, 3),
        (175.0, 60.0, 3),
        (90.0, 30.0, 3),
        (30.0, 30.0, 1),
        (45.0, 15.0, 3),
        (17.0, 15.0, 2),
        (5.0, 15.0, 1),
    ],
)
def test_decisions_are_as_far_apart_as_a_lead_time_allows(
    lead: float, tick: float, boot: int
) -> None:
    own = weeks(calm(1), lead=lead)
    assert (own.tick, own.truth(parse_policy(own.spec).replicas).boot) == (tick, boot)


def test_what_is_needed_between_two_minutes_lies_between_them() -> None:
    own = weeks(np.linspace(1000.0, 2000.0, DAY), lead=45.0)
    needed = own.truth(parse_policy(own.spec).replicas).demand
    expected = np.interp(own.now, START + MINUTE * np.arange(DAY), np.linspace(100.0, 200.0, DAY))
    np.testing.assert_allclose(needed, expected)


def test_a_choice_stays_until_another_is_clearly_cheaper() -> None:
    nearly = {**LOOSE, "presentNeed": {**LOOSE["presentNeed"], "headroom": "0.05%"}}
    own = weeks(calm(8), candidates=(LOOSE, nearly, STRICT))
    assert reckoned(own, USUAL, Before(nearly), {}).settings == nearly
    assert reckoned(own, USUAL, Before(STRICT), {}).settings == LOOSE


def test_a_few_rounds_tell_what_an_exact_replay_tells() -> None:
    own = weeks(restless(10))
    truth = own.truth(parse_policy(own.spec).replicas)
    near, exact = (replayed(own, truth, CANDIDATES, {}, rounds) for rounds in (2, None))
    assert near.replica_hours == pytest.approx(exact.replica_hours, rel=1e-3)
    assert near.unserved == pytest.approx(exact.unserved, rel=0.02, abs=1e-6)

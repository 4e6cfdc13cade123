"""A policy held against its own past: each rule with a past that it speaks up for, and one not."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.error_messages import place
from ebbtide.api.reading.parse import parse_policy
from ebbtide.planning.demand.past import Past, typical
from ebbtide.planning.linting.findings import Case, Finding, Severity, rounded
from ebbtide.planning.linting.lint import lint
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Phase
from ebbtide_policies.quantities import parse_duration

START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
MINUTES = np.arange(3 * 1440.0)
_NOISE = np.tile([0.0, 10.0, 3.0, 7.0], MINUTES.size // 4)
WAVE: Lanes = 2500 + 2000 * np.sin(MINUTES / 1440 * 2 * np.pi) + _NOISE
"""Three days between 500 and 4,500, on 100 a replica: 5 to 46 replicas."""
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}


def findings(minutes: Lanes = WAVE, ready: Lanes | None = None, **spec: Any) -> list[Finding]:
    """What is found of a policy that has nothing wrong with it but what is given."""
    events, apart = spec.pop("events", ()), spec.pop("apart", 60.0)
    written = {
        "scaleTargetRef": REF,
        "demand": {"query": "sum(viewers)"},
        "capacity": {"perReplica": 100},
        "replicas": {"min": 2, "max": 60},
        "forecast": {"history": "3d"},
        **spec,
    }
    parsed = parse_policy(written)
    each = {n: s.per_replica or UNKNOWN for n, s in parsed.signals().items()}
    demands = dict.fromkeys(each, minutes)
    past = Past(start=START, demands=demands, per_replica=each, ready=ready, apart=apart)
    policies = compose(parsed, {}, Phase.EBB)
    return list(lint(Case(spec=parsed, policies=policies, past=past, events=events)))


def only(found: list[Finding]) -> tuple[str, Severity, str, str]:
    [one] = found
    return place(one.at), one.severity, one.found, one.todo


def test_a_policy_that_fits_its_past_has_nothing_against_it() -> None:
    assert findings() == []


# --- the range --------------------------------------------------------------------------------


def test_a_maximum_below_the_peak_is_an_error_with_the_number_that_would_do() -> None:
    at, severity, found, todo = only(findings(replicas={"min": 2, "max": 40}))
    assert (at, severity) == ("replicas.max", Severity.ERROR)
    assert found.startswith("demand took 46 replicas at 2026-03-02 06:0")
    short = np.count_nonzero(WAVE > 4000)
    assert found.endswith(f"40 are allowed: {short:,} minutes could not be served")
    assert todo == "raise it to 50 or more"


def test_a_maximum_that_leaves_no_headroom_is_a_warning() -> None:
    for most in (46, 47):  # the peak itself is served by 46
        at, severity, found, _ = only(findings(replicas={"min": 2, "max": most}))
        assert (at, severity) == ("replicas.max", Severity.WARNING)
        assert "took 46 replicas, and with its headroom 50" in found


def test_the_largest_maximum_of_any_phase_counts() -> None:
    assert findings(replicas={"min": 2, "max": 40, "when": {"War": {"max": 60}}}) == []


def test_a_maximum_that_limits_nothing_is_a_note() -> None:
    at, severity, found, _ = only(findings(replicas={"min": 2, "max": 5000}))
    assert (at, severity) == ("replicas.max", Severity.NOTE)
    assert "no more than 46 replicas were ever needed" in found


@pytest.mark.parametrize(
    ("more", "found", "todo"),
    [
        pytest.param({}, "no more than 1 replica was ever needed", "; 10 would do", id="minimum"),
        pytest.param(
            {"replicas": {"min": 2, "max": 5000, "when": {"War": {"min": 90}}}},
            "no more than 1 replica was ever needed",
            "; 450 would do",
            id="minimum of war",
        ),
    ],
)
def test_the_maximum_that_would_do_is_no_smaller_than_what_is_asked_for_anyway(
    more: dict[str, Any], found: str, todo: str
) -> None:
    told = only(findings(WAVE / 100, **({"replicas": {"min": 2, "max": 5000}} | more)))
    assert found in told[2]
    assert told[3].endswith(todo)


def test_a_maximum_that_an_event_needs_limits_something() -> None:
    at = datetime(2026, 11, 10, 20, tzinfo=UTC).timestamp()
    event = ExpectedEvent("double-11", at, at + 3600, at - 1800, None, 50_000.0)
    assert findings(WAVE / 100, replicas={"min": 2, "max": 600}, events=[event]) == []


def test_a_minimum_that_was_never_needed_is_a_warning() -> None:
    at, severity, found, todo = only(findings(replicas={"min": 55, "max": 60}))
    assert (at, severity) == ("replicas.min", Severity.WARNING)
    assert found == "no more than 50 replicas were ever needed, headroom included"
    assert todo == "lower it; in half of the minutes 28 would have done"


def test_a_minimum_that_is_mostly_idle_is_a_warning_with_what_it_costs() -> None:
    at, _, found, _ = only(findings(replicas={"min": 50, "max": 60}))
    assert at == "replicas.min"
    idle = np.maximum(50 - WAVE / 100 * 1.1, 0.0).mean() * 24
    assert found.startswith("it is above the need in 93% of the minutes: ")
    assert found.endswith(f": {idle:.0f} replica-hours a day")


def test_a_small_minimum_is_for_safety() -> None:
    assert findings(WAVE / 100, replicas={"min": 3, "max": 60}) == []


def test_an_event_that_needs_more_than_the_maximum_is_an_error() -> None:
    at = datetime(2026, 11, 10, 20, tzinfo=UTC).timestamp()
    event = ExpectedEvent("double-11", at, at + 3600, at - 1800, None, 7901.0)
    path, severity, found, todo = only(findings(events=[event]))
    assert (path, severity) == ("replicas.max", Severity.ERROR)
    assert found == "event double-11 is expected to need 87 replicas"
    assert todo == "raise it to 87 or more before 2026-11-10 19:30 UTC"
    assert findings(events=[event], replicas={"min": 2, "max": 87}) == []
    for phase, fits in (("War", False), ("Prewarm", False), ("Ebb", True)):
        limits = {"min": 2, "max": 87, "when": {phase: {"max": 86}}}
        assert (findings(events=[event], replicas=limits) == []) is fits
    roomier = {"calendar": {"when": {"War": {"headroom": "20%"}}}}
    assert "95 replicas" in only(findings(events=[event], policies=roomier))[2]
    assert findings(events=[event], capacity={"perReplicaQuery": "avg(load)"}) == []


@pytest.mark.parametrize(
    ("said", "needs"),
    [
        pytest.param({"times": 4.0}, "88", id="of the usual in those hours"),
        pytest.param({"times": 2.5}, "", id="of the usual, and it fits"),
        pytest.param({"times": 2.0, "like": "gala", "peak": 7901.0}, "87", id="of an earlier one"),
        pytest.param({"like": "gala"}, "", id="nobody knows"),
    ],
)
def test_an_event_is_held_against_the_maximum_however_it_was_said(
    said: dict[str, Any], needs: str
) -> None:
    """At this hour of the days before, 19.9 replicas were needed."""
    at = datetime(2026, 3, 10, 13, tzinfo=UTC).timestamp()
    event = ExpectedEvent("gala", at, at + 1800, at - 1800, None, None)
    found = findings(events=[event._replace(**said)])
    assert [needs in one.found for one in found] == [True] * bool(needs)


def test_an_event_that_is_over_asks_for_nothing() -> None:
    event = ExpectedEvent("double-11", START + 3600, START + 7200, START, None, 7901.0)
    assert findings(events=[event]) == []


# --- the ways up and down ---------------------------------------------------------------------


def descent(**settings: str) -> dict[str, Any]:
    return {"policies": {"descent": settings}}


def test_a_soak_longer_than_the_ebb_is_a_warning() -> None:
    path, severity, found, todo = only(findings(**descent(soak="12h")))
    assert (path, severity) == ("policies.descent.soak", Severity.WARNING)
    assert found == "a soak of 12h is longer than the ebb: demand falls within 7h7m"
    assert todo == "a soak of 27m, or a larger maxStep, would reach the bottom"


def test_a_soak_of_a_minute_is_not_called_longer_than_a_fall_within_one() -> None:
    """Jobs that begin and end together: there is nothing shorter to write."""
    jobs = np.where(MINUTES % 360 < 180, 2400.0, 200.0) + _NOISE
    assert findings(jobs, **descent(soak="1m")) == []
    assert "soak of 5m is longer than the ebb" in only(findings(jobs, **descent(soak="5m")))[2]


def test_a_way_down_that_outlasts_the_low_is_a_warning_with_a_soak_that_fits() -> None:
    path, _, found, todo = only(findings(**descent(soak="1h")))
    assert path == "policies.descent.soak"
    assert found == "the way down takes 21h (21 steps), and demand is back after 12h"
    assert todo.startswith("a soak of 27m, or a larger maxStep")
    assert findings(**descent(soak="27m")) == []


def test_what_holds_in_the_ebb_counts() -> None:
    assert findings(**descent(soak="1h") | {}) != []
    settings: dict[str, Any] = {"soak": "1h", "when": {"Ebb": {"soak": "1m"}}}
    assert findings(policies={"descent": settings}) == []


def test_demand_that_hardly_falls_has_no_ebb() -> None:
    assert findings(4000 + WAVE / 10 + 2 * _NOISE, **descent(soak="12h")) == []


def test_a_rise_that_the_pace_can_not_follow_is_a_warning() -> None:
    demand = WAVE.copy()
    demand[2000] = demand[2010] = np.nan  # unknown minutes are passed over
    demand[2100:2130] += 1000.0

    def paced(period: str) -> list[Finding]:
        pace = {"rate": {"share": "1%", "replicas": 2, "period": period}}
        return findings(demand, policies=pace)

    path, severity, found, _ = only(paced("90s"))
    assert (path, severity) == ("policies.rate", Severity.WARNING)
    assert found == (
        "at 2026-03-03 10:56 UTC the need rose from 31 to 41 replicas within 5 minutes; "
        "this pace takes 6m"
    )
    assert paced("75s") == []


# --- the demand -------------------------------------------------------------------------------


def test_demand_that_never_changes_is_an_error() -> None:
    demand = np.full(1440, 4200.0)
    demand[700:710] = np.nan
    path, severity, said, _ = only(findings(demand, forecast={"history": "1d"}))
    assert (path, severity) == ("demand.query", Severity.ERROR)
    assert said == "demand never changes: it is 4,200 in all of 1,430 minutes"


def test_a_line_that_is_drawn_over_the_top_is_not_flat() -> None:
    """Once an hour, and a smooth top: nobody knows what was between two values."""
    hourly = np.interp(MINUTES, MINUTES[::60], 2500 + 2000 * np.sin(MINUTES[::60] / 229))
    assert findings(hourly) == findings(hourly, apart=3600.0) == []
    clipped = np.interp(MINUTES, MINUTES[::60], np.minimum(hourly[::60], 4000))
    assert "lies flat at its top, 4,000" in findings(clipped, apart=3600.0)[0].found


def test_demand_that_lies_flat_at_its_top_is_a_warning() -> None:
    found = findings(np.minimum(WAVE, 4000.0))
    assert {(place(one.at), one.severity) for one in found} == {("demand.query", Severity.WARNING)}
    assert found[0].found.startswith("demand lies flat at its top, 4,000, from 2026-03-02 03:1")


@pytest.mark.parametrize(
    ("days", "before"),
    [(3, ""), (4, ", as it did 1 time before"), (7, ", as it did 4 times before")],
)
def test_of_many_flat_tops_the_last_are_told_and_the_others_counted(days: int, before: str) -> None:
    found = findings(np.tile(np.minimum(WAVE[:1440], 4000.0), days))
    assert [one.found.partition(" UTC, ")[2] for one in found[1:]] == ["", ""]
    assert found[0].found.endswith(f" UTC{before}")


def test_unknown_minutes_are_a_warning() -> None:
    demand = WAVE.copy()
    demand[100:700] = np.nan
    path, severity, found, _ = only(findings(demand))
    assert (path, severity) == ("demand.query", Severity.WARNING)
    assert found == "14% of the minutes are unknown: nothing is let go in them"


def test_demand_that_vanishes_with_its_last_user_wants_to_be_zero_when_absent() -> None:
    demand = np.where(WAVE < 1000, 0.0, WAVE)
    empty = np.flatnonzero(demand == 0)
    first = empty[np.diff(empty, prepend=-2) > 1]
    demand[np.setdiff1d(empty, first)] = np.nan
    at, _, _, todo = only([one for one in findings(demand) if "unknown" in one.found])
    assert at == "demand.query"
    assert todo.startswith("if it vanishes with the last user, write whenAbsent: Zero")


@pytest.mark.parametrize(
    ("missed", "vanishes"),
    [
        pytest.param(50, True, id="most of them after it was nearly none"),
        pytest.param(1200, False, id="most of them in the midst of it"),
    ],
)
def test_gaps_are_told_by_what_came_before_most_of_them(missed: int, vanishes: bool) -> None:
    """So they are where nothing is known of the first weeks that were asked for."""
    never = np.full(28 * 1440, np.nan)
    demand = np.concatenate((never, np.tile(WAVE[:1440], 9)))
    for day in range(28, 37):
        night = day * 1440 + 1000
        demand[night : night + 100] = [80.0, *[np.nan] * 99]
    demand[29 * 1440 + 100 : 29 * 1440 + 100 + missed] = np.nan
    [found] = [one for one in findings(demand) if "unknown" in one.found]
    assert ("whenAbsent: Zero" in found.todo) is vanishes


def test_a_signal_of_many_is_named_by_its_path() -> None:
    signals = {"viewers": {"query": "a"}, "egress": {"query": "b", "perReplica": 120}}
    ready = np.full(WAVE.size, 1000.0)
    found = findings(ready=ready) + findings(WAVE, ready, demand={"signals": signals})
    at = {place(one.at) for one in found if "nobody has seen" in one.found}
    assert at == {"capacity.perReplica", "demand.signals.egress.perReplica"}


@pytest.mark.parametrize(
    ("begins", "history", "known"),
    [
        pytest.param(0, "28d", "3d", id="of all that was asked for"),
        pytest.param(1440, "5d", "2d", id="of what is known, which begins later"),
    ],
)
def test_less_than_half_the_past_that_the_forecast_wants_is_a_note(
    begins: int, history: str, known: str
) -> None:
    demand = np.where(begins > MINUTES, np.nan, WAVE)
    path, severity, found, _ = only(findings(demand, forecast={"history": history}))
    assert (path, severity) == ("forecast.history", Severity.NOTE)
    assert found == f"the forecast wants {history} of the past, and {known} are known"


def test_half_the_past_that_the_forecast_wants_will_do() -> None:
    assert findings(forecast={"history": "6d"}) == []


# --- what a replica carries -------------------------------------------------------------------


def test_a_capacity_that_nobody_has_seen_is_a_warning() -> None:
    path, severity, found, todo = only(findings(ready=np.full(WAVE.size, 150.0)))
    assert (path, severity) == ("capacity.perReplica", Severity.WARNING)
    assert found.startswith("in 99 of 100 minutes a replica carried up to 30")
    assert todo == "try it under load first, or begin with 30"


def test_more_than_is_written_is_a_note() -> None:
    path, severity, found, _ = only(findings(ready=np.full(WAVE.size, 30.0)))
    assert (path, severity) == ("capacity.perReplica", Severity.NOTE)
    assert "more than the 100 that are written" in found


def test_what_was_seen_and_what_nobody_counted_say_nothing() -> None:
    assert findings(ready=np.full(WAVE.size, 50.0)) == []
    assert findings(ready=np.full(WAVE.size, np.nan)) == []
    assert findings(capacity={"perReplicaQuery": "avg(load)"}) == []


def test_minutes_with_less_than_one_replica_prove_nothing() -> None:
    assert findings(ready=np.full(WAVE.size, 1e-305)) == []


def test_one_replica_alone_proves_what_it_carried() -> None:
    found = findings(WAVE / 100, np.full(WAVE.size, 1.0), replicas={"min": 1, "max": 9})
    assert "a replica carried up to 45" in only(found)[2]


def gate(least: str) -> dict[str, Any]:
    signal = {"query": "stalls", "atMost": 0.01, "minDemand": least}
    return {"experienceGate": {"signals": {"stall": signal}}}


def test_a_gate_below_whose_demand_it_always_was_is_a_warning() -> None:
    assert findings(policies=gate("4k")) == []
    path, severity, found, _ = only(findings(policies=gate("5k")))
    assert path == "policies.experienceGate.signals.stall.minDemand"
    assert severity is Severity.WARNING
    assert found.startswith("demand never reached it (highest: 4,50")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        *((89.6, "90s"), (299, "4m59s"), (300, "5m"), (329, "5m"), (331, "6m"), (3605, "1h")),
        *((172_740, "1d23h59m"), (172_860, "2d"), (1_076_460, "12d11h"), (2_419_200, "28d")),
    ],
)
def test_the_longer_a_time_the_rounder_it_is_told(seconds: float, told: str) -> None:
    assert rounded(seconds) == parse_duration(told)


# --- whatever the past ------------------------------------------------------------------------


@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(0, 1e6)), min_size=1, max_size=200),
    st.lists(st.one_of(st.just(np.nan), st.floats(0, 1e4)), min_size=200, max_size=200),
)
def test_no_past_is_too_odd_to_look_at(demand: list[float], ready: list[float]) -> None:
    found = findings(np.array(demand), np.array(ready[: len(demand)]))
    assert [one.severity for one in found] == sorted(
        (one.severity for one in found), key=list(Severity).index
    )
    assert all(one.found and one.todo for one in found)


def test_an_ebb_is_as_long_as_the_demand_falls() -> None:
    day = np.concatenate([np.full(600, 10.0), np.linspace(10, 2, 120), np.full(720, 2.0)])
    past = Past(start=START, demands={"demand": np.tile(day, 3)}, per_replica={"demand": 1.0})
    ebb = typical(past.ebbs)
    assert (ebb.top, ebb.bottom) == (10.0, 2.0)
    assert 80 <= ebb.falls / 60 <= 120
    assert 720 <= ebb.stays / 60 <= 745

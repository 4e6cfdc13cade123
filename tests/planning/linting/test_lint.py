"""A policy held against its own past: each rule with a past that it speaks up for, and one not."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.planning.demand.past import Past, typical
from ebbtide.planning.linting.findings import Case, Finding, Severity
from ebbtide.planning.linting.lint import lint
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Phase

START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
MINUTES = np.arange(3 * 1440.0)
_NOISE = np.tile([0.0, 10.0, 3.0, 7.0], MINUTES.size // 4)
WAVE: Lanes = 2500 + 2000 * np.sin(MINUTES / 1440 * 2 * np.pi) + _NOISE
"""Three days between 500 and 4,500, on 100 a replica: 5 to 46 replicas."""
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}


def findings(minutes: Lanes = WAVE, ready: Lanes | None = None, **spec: Any) -> list[Finding]:
    """What is found of a policy that has nothing wrong with it but what is given."""
    events = spec.pop("events", ())
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
    past = Past(start=START, demands=demands, per_replica=each, ready=ready)
    policies = compose(parsed, {}, Phase.EBB)
    return list(lint(Case(spec=parsed, policies=policies, past=past, events=events)))


def only(found: list[Finding]) -> tuple[str, Severity, str, str]:
    [one] = found
    return ".".join(one.at), one.severity, one.found, one.todo


def test_a_policy_that_fits_its_past_has_nothing_against_it() -> None:
    assert findings() == []


# --- the range --------------------------------------------------------------------------------


def test_a_maximum_below_the_peak_is_an_error_with_the_number_that_would_do() -> None:
    at, severity, found, todo = only(findings(replicas={"min": 2, "max": 40}))
    assert (at, severity) == ("replicas.max", Severity.ERROR)
    assert found.startswith("demand took 46 replicas at 2026-03-02 06:0")
    assert "40 are allowed" in found
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


def test_a_minimum_that_was_never_needed_is_a_warning() -> None:
    at, severity, found, todo = only(findings(replicas={"min": 55, "max": 60}))
    assert (at, severity) == ("replicas.min", Severity.WARNING)
    assert found == "no more than 50 replicas were ever needed, headroom included"
    assert todo == "lower it; in half of the minutes 28 would have done"


def test_a_minimum_that_is_mostly_idle_is_a_warning_with_what_it_costs() -> None:
    at, _, found, _ = only(findings(replicas={"min": 50, "max": 60}))
    assert at == "replicas.min"
    assert "in 9" in found
    assert "replica-hours a day" in found


def test_a_small_minimum_is_for_safety() -> None:
    assert findings(WAVE / 100, replicas={"min": 3, "max": 60}) == []


def test_an_event_that_needs_more_than_the_maximum_is_an_error() -> None:
    at = datetime(2026, 11, 10, 20, tzinfo=UTC).timestamp()
    event = ExpectedEvent("double-11", at, at + 3600, at - 1800, None, 8000.0)
    path, severity, found, todo = only(findings(events=[event]))
    assert (path, severity) == ("replicas.max", Severity.ERROR)
    assert found == "event double-11 is expected to need 88 replicas"
    assert todo == "raise it to 88 or more before 2026-11-10 19:30 UTC"
    assert findings(events=[event._replace(demand=None, times=2.0)]) == []


# --- the ways up and down ---------------------------------------------------------------------


def descent(**settings: str) -> dict[str, Any]:
    return {"policies": {"descent": settings}}


def test_a_soak_longer_than_the_ebb_is_a_warning() -> None:
    path, severity, found, todo = only(findings(**descent(soak="12h")))
    assert (path, severity) == ("policies.descent.soak", Severity.WARNING)
    assert found.startswith("a soak of 12h is longer than the ebb: demand falls within ")
    assert todo.startswith("a soak of ")


def test_a_way_down_that_outlasts_the_low_is_a_warning_with_a_soak_that_fits() -> None:
    path, _, found, todo = only(findings(**descent(soak="1h")))
    assert path == "policies.descent.soak"
    assert found.startswith("the way down takes 21h (21 steps), and demand is back after ")
    fit = todo.split()[3].rstrip(",")
    assert findings(**descent(soak=fit)) == []


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
    pace = {"rate": {"share": "1%", "replicas": 1, "period": "2m"}}
    path, severity, found, _ = only(findings(demand, policies=pace))
    assert (path, severity) == ("policies.rate", Severity.WARNING)
    assert "replicas within 5 minutes" in found


# --- the demand -------------------------------------------------------------------------------


def test_demand_that_never_changes_is_an_error() -> None:
    found = findings(np.full(1440, 4200.0), forecast={"history": "1d"})
    path, severity, said, _ = only(found)
    assert (path, severity) == ("demand.query", Severity.ERROR)
    assert said == "demand never changes: it is 4,200 in all of 1,440 minutes"


def test_demand_that_lies_flat_at_its_top_is_a_warning() -> None:
    found = findings(np.minimum(WAVE, 4000.0))
    assert {(".".join(one.at), one.severity) for one in found} == {
        ("demand.query", Severity.WARNING)
    }
    assert found[0].found.startswith("demand lies flat at its top, 4,000, from 2026-03-02 03:1")


def test_of_many_flat_tops_the_last_are_told_and_the_others_counted() -> None:
    found = findings(np.tile(np.minimum(WAVE[:1440], 4000.0), 7))
    assert [", as it did 4 times before" in one.found for one in found] == [True, False, False]


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


def test_a_signal_of_many_is_named_by_its_path() -> None:
    signals = {"viewers": {"query": "a"}, "egress": {"query": "b", "perReplica": 120}}
    ready = np.full(WAVE.size, 1000.0)
    found = findings(ready=ready) + findings(WAVE, ready, demand={"signals": signals})
    at = {".".join(one.at) for one in found if "nobody has seen" in one.found}
    assert at == {"capacity.perReplica", "demand.signals.egress.perReplica"}


def test_less_past_than_the_forecast_wants_is_a_note() -> None:
    path, severity, found, _ = only(findings(forecast={"history": "28d"}))
    assert (path, severity) == ("forecast.history", Severity.NOTE)
    assert found == "the forecast wants 28d of the past, and 3d are known"


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


def test_a_gate_below_whose_demand_it_always_was_is_a_warning() -> None:
    signal = {"query": "stalls", "atMost": 0.01, "minDemand": "5k"}
    gate = {"experienceGate": {"signals": {"stall": signal}}}
    path, severity, found, _ = only(findings(policies=gate))
    assert path == "policies.experienceGate.signals.stall.minDemand"
    assert severity is Severity.WARNING
    assert found.startswith("demand never reached it (highest: 4,50")


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

"""Ebbtide's own metrics and health, asked for over a real port."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ebbtide.adapters.exposition import Exposition
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import LEVELS
from ebbtide.loop.forecasting.cohort import SignalForecast
from ebbtide.loop.forecasting.forecasts import Foresight, Prospects
from ebbtide.loop.forecasting.signals import Column, Task
from ebbtide.loop.forecasting.trust import Trust
from ebbtide.loop.record.ledger import Step
from ebbtide.loop.reporting.account import Account, DrainCounts
from ebbtide.loop.reporting.conditions import Condition
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick
from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.decide import Outcome
from ebbtide_policies.demand import Outlook
from ebbtide_policies.observation import Phase
from tests.policies.builders import NOW, seen, steady

PATIENCE = 60.0
WHICH = {"current": 100, "ready": 100, "desired": 95, "want": 90}


class Stopwatch:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def exposition(stopwatch: Stopwatch) -> Iterator[Exposition]:
    with closing(Exposition("127.0.0.1:0", PATIENCE, stopwatch)) as started:
        yield started


def ask(exposition: Exposition, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{exposition.port}{path}", timeout=60
        ) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(exposition: Exposition) -> dict[str, float]:
    """What /metrics says, by series."""
    _, text = ask(exposition, "/metrics")
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def account(
    workload: str = "live/edge",
    *,
    current: int = 100,
    desired: int = 95,
    reason: str = "DescentStep",
    phase: Phase = Phase.EBB,
    signal: str = "viewers",
) -> Account:
    look = seen(current=current, demand=(steady(80.0, name=signal),), phase=phase)
    look = replace(look, workload=workload)
    bound = Bound(Kind.PACE_DOWN, desired, "descent", reason, "")
    decision = Decision(at=NOW, current=current, want=90, replicas=desired, bounds=(bound,))
    step = Step(NOW, current, desired) if desired != current else None
    return Account(look, Outcome(decision, {}), (), step)


def tick(*accounts: Account, leading: bool = True, **failures: str) -> Tick:
    return Tick(
        now=NOW,
        leading=leading,
        accounts={one.seen.workload: one for one in accounts},
        failures={f"live/{name}": why for name, why in failures.items()},
        seconds={"survey": 0.02},
    )


def labels(workload: str, **more: str) -> str:
    namespace, policy = workload.split("/")
    named = sorted({"namespace": namespace, "policy": policy, **more}.items())
    return "{" + ",".join(f'{name}="{value}"' for name, value in named) + "}"


def of(found: dict[str, float], workload: str) -> set[str]:
    """The names of the series about a workload."""
    named = f'policy="{workload.split("/")[1]}"'
    return {series.partition("{")[0] for series in found if named in series}


# --- metrics ----------------------------------------------------------------------------------


def test_a_tick_shows_replicas_demand_phase_and_reason(exposition: Exposition) -> None:
    exposition.tell(tick(account()))
    found = samples(exposition)
    edge = {which: f"ebbtide_replicas{labels('live/edge', which=which)}" for which in WHICH}
    assert {which: found[series] for which, series in edge.items()} == WHICH
    assert found[f"ebbtide_demand_replicas{labels('live/edge', signal='viewers')}"] == 80
    assert found[f"ebbtide_phase{labels('live/edge', phase='Ebb')}"] == 1
    assert found[f"ebbtide_binding{labels('live/edge', reason='DescentStep')}"] == 1
    assert found["ebbtide_leading"] == 1
    assert found['ebbtide_tick_step_seconds_count{step="survey"}'] == 1


def test_pods_on_the_way_down_and_sessions_that_were_cut_off_are_shown(
    exposition: Exposition,
) -> None:
    told = DrainCounts(busy=90, draining=7, terminating=3, disrupted=2)
    exposition.tell(tick(replace(account(), sessions=told)))
    exposition.tell(tick(replace(account(), sessions=told._replace(disrupted=1))))
    found = samples(exposition)
    pods = {"busy": 90, "draining": 7, "terminating": 3}
    edge = {which: f"ebbtide_pods{labels('live/edge', which=which)}" for which in pods}
    assert {which: found[series] for which, series in edge.items()} == pods
    assert found[f"ebbtide_disrupted_sessions_total{labels('live/edge')}"] == 3
    exposition.tell(tick(account()))
    assert not edge.values() & samples(exposition).keys()


def test_a_suggestion_that_waits_for_somebody_is_shown(exposition: Exposition) -> None:
    series = f"ebbtide_suggestion_waiting{labels('live/edge')}"
    for waiting in (True, False):
        exposition.tell(tick(replace(account(), extra_sections={"tuning": {"waiting": waiting}})))
        assert samples(exposition)[series] == waiting
    exposition.tell(tick(account()))
    assert series not in samples(exposition)


def test_the_errors_of_forecasts_are_shown_by_minutes_ahead_once_they_are_known(
    exposition: Exposition,
) -> None:
    ratios, shares = {1: 0.9, 120: float("nan")}, {1: 0.02, 120: float("nan")}
    column = Column(("live/edge", "viewers"), NOW, np.zeros(0), "Tide", 7200.0)
    nothing = np.zeros((6, 0))
    outlook = Outlook(NOW, LEVELS, nothing)
    said = SignalForecast(Task(column, NOW), outlook, nothing[0], True, True, ratios, shares, 0.9)
    ahead = Prospects(foresights={"viewers": Foresight(said, Trust())})
    exposition.tell(tick(replace(account(), prospects=ahead)))
    found = samples(exposition)
    at = labels("live/edge", ahead_minutes="1", signal="viewers")
    assert found[f"ebbtide_forecast_error_ratio{at}"] == 0.9
    assert found[f"ebbtide_forecast_error{at}"] == 0.02
    assert f"ebbtide_forecast_trusted{labels('live/edge', signal='viewers')}" in found
    assert not [series for series in found if 'ahead_minutes="120"' in series]


def test_a_condition_is_one_while_somebody_should_look(exposition: Exposition) -> None:
    said = (Condition("Ready", True, "Deciding"), Condition("PrewarmLate", True, "PrewarmLate"))
    exposition.tell(tick(replace(account(), conditions=said)))
    found = samples(exposition)
    assert found[f"ebbtide_condition{labels('live/edge', condition='Ready')}"] == 0
    assert found[f"ebbtide_condition{labels('live/edge', condition='PrewarmLate')}"] == 1
    assert found[f"ebbtide_lead_time_seconds{labels('live/edge')}"] == 180


def test_only_the_phase_and_the_reason_that_hold_are_shown(exposition: Exposition) -> None:
    exposition.tell(tick(account()))
    exposition.tell(tick(account(phase=Phase.WAR, reason="EventFloor", signal="streams")))
    found = samples(exposition)
    shown = [s for s in found if s.startswith(("ebbtide_phase", "ebbtide_b", "ebbtide_demand"))]
    assert sorted(shown) == [
        f"ebbtide_binding{labels('live/edge', reason='EventFloor')}",
        f"ebbtide_demand_replicas{labels('live/edge', signal='streams')}",
        f"ebbtide_phase{labels('live/edge', phase='War')}",
    ]


def test_steps_are_counted_by_direction(exposition: Exposition) -> None:
    for desired in (95, 95, 110, 100):
        exposition.tell(tick(account(desired=desired)))
    exposition.tell(tick(replace(account(desired=90), step=None)))  # wanted, but withheld
    found = samples(exposition)
    assert found[f"ebbtide_steps_total{labels('live/edge', direction='down')}"] == 2
    assert found[f"ebbtide_steps_total{labels('live/edge', direction='up')}"] == 1


def test_series_of_a_deleted_workload_vanish(exposition: Exposition) -> None:
    exposition.tell(tick(account(), account("live/origin"), edge2="its target is gone"))
    assert of(samples(exposition), "live/origin")
    exposition.tell(tick(account()))
    found = samples(exposition)
    assert of(found, "live/origin") == of(found, "live/edge2") == set()
    assert "ebbtide_steps_total" in of(found, "live/edge")


def test_a_workload_that_fails_is_counted_and_keeps_its_series(exposition: Exposition) -> None:
    exposition.tell(tick(account()))
    before = samples(exposition)
    exposition.tell(tick(edge="its target is gone"))
    found = samples(exposition)
    assert found[f"ebbtide_failures_total{labels('live/edge')}"] == 1
    assert of(found, "live/edge") >= of(before, "live/edge")


def test_who_leads_no_more_shows_no_workload(exposition: Exposition) -> None:
    exposition.tell(tick(account(), edge2="its target is gone"))
    exposition.tell(tick(leading=False))
    found = samples(exposition)
    assert found["ebbtide_leading"] == 0
    assert of(found, "live/edge") == of(found, "live/edge2") == set()


@pytest.mark.parametrize(
    ("missed", "count"),
    [
        pytest.param(Missed(NOW, 0, "the API server did not answer"), 1, id="failed"),
        pytest.param(Missed(NOW, 3), 3, id="late"),
    ],
)
def test_ticks_that_were_missed_are_counted(
    exposition: Exposition, missed: Missed, count: int
) -> None:
    exposition.tell(tick(account()))
    exposition.tell(missed)
    found = samples(exposition)
    assert found["ebbtide_ticks_missed_total"] == count
    assert of(found, "live/edge")


# --- health -----------------------------------------------------------------------------------


def test_it_is_healthy_until_it_was_silent_for_too_long(
    exposition: Exposition, stopwatch: Stopwatch
) -> None:
    assert ask(exposition, "/healthz") == (200, "ok\n")
    stopwatch.at += PATIENCE + 1
    assert ask(exposition, "/healthz") == (503, "no tick for 61 s\n")
    exposition.tell(Missed(NOW, 0, "the API server did not answer"))
    assert ask(exposition, "/healthz") == (200, "ok\n")


def test_in_the_middle_of_a_long_tick_it_is_healthy_while_the_loop_goes_on(
    exposition: Exposition, stopwatch: Stopwatch
) -> None:
    for _ in range(3):
        stopwatch.at += PATIENCE
        exposition.live()
        assert ask(exposition, "/healthz") == (200, "ok\n")
    stopwatch.at += PATIENCE + 1
    assert ask(exposition, "/healthz")[0] == 503


def test_a_client_that_hangs_keeps_no_probe_waiting(exposition: Exposition) -> None:
    with socket.create_connection(("127.0.0.1", exposition.port)):
        assert ask(exposition, "/healthz") == (200, "ok\n")


def test_other_paths_are_not_there(exposition: Exposition) -> None:
    assert ask(exposition, "/") == (404, "here are /metrics and /healthz\n")


# --- the address ------------------------------------------------------------------------------


def refused(address: str) -> str:
    with pytest.raises(InvalidInput) as error:
        Exposition(address, PATIENCE, Stopwatch())
    return str(error.value)


def test_a_port_that_is_taken_is_refused(exposition: Exposition) -> None:
    told = refused(f"127.0.0.1:{exposition.port}")
    assert told.startswith(f"--listen '127.0.0.1:{exposition.port}' can't be used: ")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "no where:0"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert refused(address).startswith(f"--listen '{address}' ")


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="there is no IPv6 here")
def test_it_is_heard_where_addresses_are_those_of_ipv6(stopwatch: Stopwatch) -> None:
    with closing(Exposition("[::]:0", PATIENCE, stopwatch)) as served:
        url = f"http://[::1]:{served.port}/healthz"
        with urllib.request.urlopen(url, timeout=60) as found:
            assert found.read() == b"ok\n"


def test_a_port_is_free_again_once_closed(stopwatch: Stopwatch) -> None:
    first = Exposition("127.0.0.1:0", PATIENCE, stopwatch)
    first.close()
    with closing(Exposition(f"127.0.0.1:{first.port}", PATIENCE, stopwatch)) as second:
        assert ask(second, "/healthz")[0] == 200


def test_another_hand_in_the_way_is_a_series_to_page_on(exposition: Exposition) -> None:
    reset = Condition("Conflicted", True, "ReplicasReset", "deployer writes it back")
    series = f"ebbtide_conflict{labels('live/edge', reason='ReplicasReset')}"
    exposition.tell(tick(replace(account(), conditions=(reset,))))
    assert samples(exposition)[series] == 1
    exposition.tell(tick(account()))
    assert series not in samples(exposition)

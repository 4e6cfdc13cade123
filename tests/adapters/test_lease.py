"""Leadership: never two, whatever the network does; and a successor as soon as may be."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.adapters.kubernetes.api_server import Timeout, connect
from ebbtide.adapters.kubernetes.lease import KubernetesLease, LeaseSettings, sleepless_clock
from ebbtide.errors import InvalidInput
from tests.adapters.http_api import Answer, HttpApi, http_api, refusal
from tests.adapters.lease_world import Weather, World

A, B = 0, 1
LEASE = "/apis/coordination.k8s.io/v1/namespaces/ebbtide/leases/ebbtide"
NAMED: dict[str, Any] = {"namespace": "ebbtide", "name": "ebbtide", "identity": "pod-1"}


def renew(world: World, who: int, *weather: Weather) -> None:
    """Renew with this weather on the read and on the write; the write's default is fine."""
    world.weather = list(weather)
    world.leases[who].renew()
    world.weather = []
    world.check()


# --- settings ---------------------------------------------------------------------------------


def test_a_lease_too_short_for_its_tick_is_refused_with_the_sum() -> None:
    with pytest.raises(InvalidInput, match=r"tick \(15 s\) .* make 56\.1 s; lengthen the lease"):
        LeaseSettings(**NAMED, duration=56)
    assert LeaseSettings(**NAMED, duration=57).duration == 57


def test_a_margin_shorter_than_a_request_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a write that is on its way"):
        LeaseSettings(**NAMED, margin=5)


# --- holding ----------------------------------------------------------------------------------


def test_an_empty_lease_is_taken_at_once() -> None:
    world = World()
    assert world.holders == []
    renew(world, A)
    assert world.holders == [A]
    assert world.spec == {
        "holderIdentity": "pod-1",
        "leaseDurationSeconds": 60,
        "acquireTime": "1970-01-01T00:00:00.000000Z",
        "renewTime": "1970-01-01T00:00:00.000000Z",
        "leaseTransitions": 1,
    }


def test_a_lease_that_is_missing_is_created() -> None:
    world = World()
    world.lease = None
    renew(world, A)
    assert world.holders == [A]


def test_labels_of_the_lease_stay() -> None:
    world = World()
    assert world.lease is not None
    world.lease["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    renew(world, A)
    assert world.lease["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}


def test_trust_runs_out_by_itself_counted_from_the_moment_of_sending() -> None:
    world = World()
    renew(world, A, Weather(), Weather(before=5, after=5))
    world.wait(34.9)
    assert world.holders == [A]
    world.wait(0.1)
    assert world.holders == []


def test_a_renewal_keeps_the_lease_and_counts_no_transition() -> None:
    world = World()
    renew(world, A)
    for _ in range(10):
        world.wait(15)
        renew(world, A)
        renew(world, B)
        assert world.holders == [A]
    assert world.spec["leaseTransitions"] == 1
    assert world.spec["acquireTime"] != world.spec["renewTime"]


def test_in_mid_tick_it_is_renewed_once_a_tick_has_passed_and_not_before() -> None:
    world = World()
    renew(world, A)
    version = world.version
    world.wait(14)
    world.leases[A].keep()
    assert world.version == version
    for _ in range(20):
        world.wait(15)
        world.leases[A].keep()
        assert world.holders == [A]


def test_where_a_renewal_fails_in_mid_tick_the_next_attempt_is_a_tick_later() -> None:
    world = World()
    renew(world, A)
    world.wait(15)
    world.weather = [Weather(fate="lost")]
    for _ in range(3):
        world.leases[A].keep()
    assert world.spec["renewTime"] == "1970-01-01T00:00:00.000000Z"
    world.wait(15)
    world.leases[A].keep()
    assert world.spec["renewTime"] == "1970-01-01T00:00:30.000000Z"


@pytest.mark.parametrize("fate", ["lost", "unheard", "late"])
def test_one_failed_renewal_is_no_event(fate: Any) -> None:
    world = World()
    renew(world, A)
    world.wait(15)
    renew(world, A, Weather(), Weather(fate=fate))
    assert world.holders == [A]
    world.wait(15)
    renew(world, A)
    world.wait(44)
    assert world.holders == [A]


def test_a_holder_that_sees_another_stops_at_once() -> None:
    world = World()
    renew(world, A)
    world.spec["holderIdentity"] = "somebody"
    renew(world, A)
    assert world.holders == []


# --- taking over ------------------------------------------------------------------------------


def test_a_follower_takes_over_after_the_whole_duration() -> None:
    world = World()
    renew(world, A)
    renew(world, B)
    world.wait(59.9)
    renew(world, B)
    assert world.holders == []
    world.wait(0.1)
    renew(world, B)
    assert world.holders == [B]
    assert world.spec["leaseTransitions"] == 2
    renew(world, A)
    assert world.holders == [B]


def test_a_follower_says_once_whom_it_stands_by_for(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    renew(world, A)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            renew(world, B)
            world.wait(10)
            renew(world, A)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["standing by: the lease is held by pod-1"]


def test_a_follower_counts_from_the_answer_not_from_the_question() -> None:
    world = World()
    renew(world, A)
    renew(world, B, Weather(before=40, overtaken_by=(A,)))
    world.wait(59)
    renew(world, B)
    assert world.holders == []


def test_clocks_that_run_one_in_ten_apart_do_not_make_two() -> None:
    world = World(((0.0, 0.95), (1e6, 1.05)))
    renew(world, A)
    renew(world, B)
    world.wait(57.2)
    renew(world, B)
    assert world.holders == [B]


def test_a_longer_lease_of_another_is_waited_for() -> None:
    world = World()
    renew(world, A)
    world.spec["leaseDurationSeconds"] = 90
    renew(world, B)
    world.wait(89)
    renew(world, B)
    assert world.holders == []
    world.wait(1)
    renew(world, B)
    assert world.holders == [B]


def test_two_that_reach_for_it_at_once_do_not_both_get_it() -> None:
    world = World()
    renew(world, A, Weather(), Weather(before=1, overtaken_by=(B,)))
    assert world.holders == [B]


def test_a_released_lease_is_free_at_once() -> None:
    world = World()
    renew(world, A)
    world.leases[A].release()
    assert world.holders == []
    assert world.spec["holderIdentity"] == ""
    renew(world, B)
    assert world.holders == [B]


def test_a_follower_releases_nothing() -> None:
    world = World()
    renew(world, A)
    world.leases[B].release()
    assert world.holders == [A]


def test_a_release_that_fails_still_ends_leadership(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    renew(world, A)
    world.weather = [Weather(fate="lost")]
    world.leases[A].release()
    assert world.holders == []
    assert "a successor has to wait" in caplog.text


# --- whatever happens -------------------------------------------------------------------------

SECONDS = st.sampled_from([0.0, 46.0, 75.0])
STORM = st.builds(
    Weather,
    before=SECONDS,
    after=SECONDS,
    fate=st.sampled_from(["fine", "fine", "fine", "lost", "unheard", "late"]),
    overtaken_by=st.sampled_from([(), (A, B)]),
    followed_by=st.sampled_from([(), (A, B)]),
)
WEATHER = st.one_of(st.just(Weather()), STORM)


class Step(NamedTuple):
    """What one of the two does after a while, and in what weather."""

    who: int
    wait: float
    deed: str
    reading: Weather
    writing: Weather

    def take(self, world: World) -> None:
        world.wait(self.wait)
        if self.deed == "crash":
            world.leases[self.who] = world.start(self.who)
        elif self.deed == "deliver":
            world.deliver_late()
        else:
            world.weather = [self.reading, self.writing]
            getattr(world.leases[self.who], self.deed)()
            world.weather = []
        world.check()


STEP = st.builds(
    Step,
    who=st.sampled_from([A, B]),
    wait=st.sampled_from([0.0, 0.0, 15.0, 42.0, 60.0]),
    deed=st.sampled_from([*["renew"] * 6, "release", "crash", "deliver"]),
    reading=WEATHER,
    writing=WEATHER,
)
# A margin of 15 s in 60 s carries clocks that run one in ten apart.
RATES = st.sampled_from([(1.0, 1.0), (0.95, 1.05)])


@settings(max_examples=800, deadline=None, derandomize=True)
@given(rates=RATES, steps=st.lists(STEP, min_size=8, max_size=20))
def test_two_never_hold_it_at_once_whatever_fails_is_late_or_crashes(
    rates: tuple[float, float], steps: list[Step]
) -> None:
    world = World(((0.0, rates[A]), (1e6, rates[B])))
    for step in steps:
        step.take(world)


# --- through a real connection ----------------------------------------------------------------


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        yield started


@pytest.fixture
def lease(api: HttpApi, tmp_path: Path) -> Iterator[KubernetesLease]:
    """Kept long enough for any machine; an answer is waited for a second."""
    server = connect(api.kubeconfig(tmp_path / "kubeconfig"), timeout=Timeout(10.0, 1.0))
    settings = LeaseSettings(**NAMED)
    yield KubernetesLease(server, settings, monotonic=sleepless_clock, now=lambda: 0.0)
    server.close()


EMPTY = {"kind": "Lease", "metadata": {"name": "ebbtide", "resourceVersion": "1"}}


def test_the_empty_lease_of_the_chart_is_taken(api: HttpApi, lease: KubernetesLease) -> None:
    api.on("GET", LEASE, EMPTY)
    api.on("PUT", LEASE, EMPTY)
    lease.renew()
    assert lease.held
    sent = api.writes()[0].body
    assert sent["metadata"] == EMPTY["metadata"]
    assert sent["spec"]["holderIdentity"] == "pod-1"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(hangs=True), id="hangs"),
        pytest.param(Answer(drops=True), id="drops"),
        pytest.param(Answer(200, "<html>sign in</html>"), id="sign-in-page"),
        pytest.param(refusal(409, "Conflict", "modified"), id="conflict"),
        pytest.param(refusal(500, "InternalError", "etcd"), id="server-error"),
        pytest.param(refusal(429, "TooManyRequests", "busy", Retry_After="1"), id="busy"),
    ],
)
def test_no_answer_to_the_write_gives_no_trust(
    api: HttpApi, lease: KubernetesLease, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    api.on("GET", LEASE, EMPTY)
    api.on("PUT", LEASE, answer)
    lease.renew()
    assert not lease.held
    assert "lease not renewed: could not update leases.coordination.k8s.io ebbtide" in caplog.text


def test_a_lease_that_may_not_be_created_is_said(
    api: HttpApi, lease: KubernetesLease, caplog: pytest.LogCaptureFixture
) -> None:
    path = LEASE.removesuffix("/ebbtide")
    api.on("POST", path, refusal(403, "Forbidden", "may not create"))
    with caplog.at_level(logging.WARNING):
        lease.renew()
    assert "may not create leases.coordination.k8s.io ebbtide in namespace ebbtide" in caplog.text
    api.on("POST", path, Answer(201, EMPTY))
    api.on("PUT", LEASE, EMPTY)
    lease.renew()
    assert lease.held
    assert json.dumps(api.writes()[1].body["metadata"]) == json.dumps(
        {"name": "ebbtide", "namespace": "ebbtide"}
    )

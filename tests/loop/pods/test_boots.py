"""Pods that boot: how long they took, and what keeps those that do not come."""

import math

import pytest

from ebbtide.api.timestamps import stamp
from ebbtide.loop.pods.boots import GIVEN_UP, complete, in_flight, measured, pending
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.pods import Pod, Unschedulable
from ebbtide.loop.record.boot_record import BootRecord, boot_record_in
from ebbtide_policies.lead_time import Boots, LeadTime
from tests.loop.world import NOON, target

QUOTA = 'pods "edge-1" is forbidden: exceeded quota: small'


def fleet(replicas: int, ready: int, failing: str = "") -> Target:
    return Target(
        ref=target("edge"),
        uid="u",
        resource_version="1",
        replicas=replicas,
        ready=ready,
        failing=failing,
    )


def pod(
    created: float = 0.0,
    ready: float | None = None,
    node: float | None = 1.0,
    waiting: str = "",
    ends: float | None = None,
) -> Pod:
    """A pod; all times are seconds after noon, a node or readiness seconds after creation."""
    stuck = Unschedulable(NOON + created, "Unschedulable", "0/9 nodes are available")
    return Pod(
        namespace="live",
        name="edge-1",
        uid="1",
        resource_version="1",
        created=NOON + created,
        scheduled_since=None if node is None else NOON + created + node,
        ready_since=None if ready is None else NOON + created + ready,
        unschedulable=stuck if node is None else None,
        waiting=waiting,
        terminating_since=ends,
    )


def status(*steps: tuple[float, int, int]) -> Json:
    """A status with some steps, the last of which is the last step."""
    made = [{"at": stamp(NOON + at), "from": a, "to": b} for at, a, b in steps]
    return {"decisions": made, "lastStep": made[-1]} if made else {}


# --- when there is something to measure


@pytest.mark.parametrize(
    ("known", "said", "ready", "since"),
    [
        pytest.param(BootRecord(), status(), 10, None, id="nothing boots"),
        pytest.param(BootRecord(), status(), 9, 60.0, id="a replica is missing"),
        pytest.param(BootRecord(), status((30, 5, 10)), 10, 30.0, id="we have asked for more"),
        pytest.param(BootRecord(), status((30, 20, 10)), 10, None, id="we have asked for less"),
        pytest.param(
            BootRecord(at=NOON + 30), status((30, 5, 10)), 10, None, id="that is measured"
        ),
        pytest.param(BootRecord(since=NOON), status((30, 5, 10)), 9, 0.0, id="it goes on"),
    ],
)
def test_boots_are_in_flight(
    known: BootRecord, said: Json, ready: int, since: float | None
) -> None:
    found = in_flight(known, said, fleet(10, ready), NOON + 60).since
    assert found == (None if since is None else NOON + since)


@pytest.mark.parametrize(
    ("since", "ready", "now", "over"),
    [
        pytest.param(None, 10, 60.0, False, id="nothing was in flight"),
        pytest.param(NOON, 10, 60.0, True, id="all are there"),
        pytest.param(NOON, 9, 60.0, False, id="one is missing"),
        pytest.param(NOON, 9, GIVEN_UP + 1, True, id="it is stuck"),
    ],
)
def test_a_rise_is_over(since: float | None, ready: int, now: float, over: bool) -> None:
    assert complete(BootRecord(since=since), fleet(10, ready), NOON + now) is over


# --- what is measured


def boots(*pods: Pod, said: Json | None = None) -> Boots:
    return measured(BootRecord(since=NOON), pods, said or {}, NOON + 900).boots


def test_a_boot_lasts_from_its_patch_until_ready() -> None:
    assert boots(pod(2.0, 40.0), said=status((0, 5, 6))).there == (42.0,)


def test_of_several_patches_the_last_before_the_pod_counts() -> None:
    said = status((0, 5, 6), (15, 6, 9), (30, 9, 12))
    assert boots(pod(16.0, 40.0), said=said).there == (41.0,)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(status(), id="no patch of ours"),
        pytest.param(status((0, 9, 5)), id="we have asked for less"),
        pytest.param(status((-300, 5, 9)), id="a quota held it back long after the patch"),
    ],
)
def test_a_pod_of_somebody_else_is_measured_from_its_creation(said: Json) -> None:
    assert boots(pod(2.0, 40.0), said=said).there == (40.0,)


def test_a_pod_that_waited_for_its_node_is_kept_apart() -> None:
    found = boots(pod(0, 40.0, node=14.0), pod(0, 140.0, node=100.0))
    assert found == Boots(there=(40.0,), waited=(140.0,))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(pod(0.0), id="a pod that never came"),
        pytest.param(pod(0.0, node=None), id="one without a node"),
        pytest.param(pod(-300.0, 310.0), id="one that was there before, and was not well"),
        pytest.param(pod(-30.0, 20.0), id="one that was ready before"),
        pytest.param(pod(0.0, 20.0, ends=NOON + 5), id="one that goes"),
    ],
)
def test_what_is_no_boot_of_this_rise_leaves_nothing_but_the_time(odd: Pod) -> None:
    found = measured(BootRecord(since=NOON), [odd], {}, NOON + 900)
    assert found == BootRecord(at=NOON + 900)


def test_a_stuck_pod_does_not_change_what_the_others_took() -> None:
    rise = [pod(0.0, 30.0)] * 20
    assert boots(*rise, pod(0.0)) == boots(*rise)


def test_a_record_survives_a_restart() -> None:
    known = measured(BootRecord(since=NOON), [pod(0.0, 30.0)] * 9, {}, NOON + 900)
    kept = boot_record_in({"leadTime": known.as_json()})
    assert kept == known
    assert kept.lead == LeadTime(30.0, 30.0)
    going_on = BootRecord(since=NOON)
    again = boot_record_in({"leadTime": going_on.as_json()})
    assert again.since == NOON
    assert math.isnan(again.lead.usual)


def test_a_status_without_a_record_is_an_empty_one() -> None:
    assert boot_record_in({}).boots == Boots()


# --- what keeps the others


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        pytest.param(pod(), "Booting", id="it boots"),
        pytest.param(pod(node=None), "Unschedulable", id="no node has room"),
        pytest.param(pod(waiting="ImagePullBackOff"), "Image", id="no image"),
        pytest.param(pod(waiting="ErrImagePull"), "Image", id="no image yet"),
        pytest.param(pod(waiting="ContainerCreating"), "Booting", id="a container is made"),
    ],
)
def test_a_pod_is_kept_by(one: Pod, reason: str) -> None:
    assert pending(fleet(2, 1), [one, pod(ready=5.0)]) == {reason: 1}


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        pytest.param(QUOTA, "Quota", id="a quota"),
        pytest.param("admission webhook denied it", "FailedCreate", id="somebody else"),
        pytest.param("", "Booting", id="nothing: they are about to be made"),
    ],
)
def test_pods_that_do_not_exist_are_kept_by(failing: str, reason: str) -> None:
    pods = [pod(ready=5.0), pod(ready=5.0, ends=NOON)]
    assert pending(fleet(4, 1, failing), pods) == {reason: 3}

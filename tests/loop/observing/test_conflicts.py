"""Who else scales the same target."""

from dataclasses import replace

import pytest

from ebbtide.api.reading.compose import Installed
from ebbtide.loop.observing.conflicts import Claims
from ebbtide.loop.ports.autoscalers import Autoscaler, Ref
from ebbtide.loop.ports.cluster import Resource, Survey
from ebbtide.loop.workload import Workload, WorkloadReader
from tests.loop.world import spec_of, target

EDGE = Resource(kind="CapacityPolicy", namespace="live", name="edge", spec=spec_of("edge"))


def edge(**more: str) -> Workload:
    """The policy `edge`, understood."""
    written = replace(EDGE, spec=spec_of("edge", **more))
    found = WorkloadReader(Installed(models=["Flat"])).of([written])["live/edge"]
    assert isinstance(found, Workload)
    return found


def second_hand(*rivals: Resource, hpa: Ref | None = None) -> str:
    """What is said of the policy `edge` beside these."""
    autoscalers = [Autoscaler("live", "by-cpu", hpa)] if hpa else []
    claims = Claims(Survey(policies=[EDGE, *rivals], autoscalers=autoscalers))
    said = claims.second_hand(edge())
    return said.message if said else ""


def test_alone_there_is_no_conflict() -> None:
    assert second_hand() == ""


@pytest.mark.parametrize("version", ["apps/v1", "apps/v1beta2"])
def test_an_autoscaler_of_the_target_is_one_in_whatever_version(version: str) -> None:
    assert second_hand(hpa=target("edge")._replace(api_version=version)) == (
        "HorizontalPodAutoscaler live/by-cpu scales Deployment live/edge too;"
        " delete it, leave this policy in DryRun, or let it have the floor only"
        " (actuator: AutoscalerFloor)"
    )


@pytest.mark.parametrize(
    "other",
    [
        target("origin"),
        target("edge", "elsewhere"),
        target("edge")._replace(kind="StatefulSet"),
        target("edge")._replace(api_version="argoproj.io/v1"),
    ],
)
def test_an_autoscaler_of_another_object_is_none(other: Ref) -> None:
    assert second_hand(hpa=other) == ""


@pytest.mark.parametrize(("version", "said"), [("", "allow the verb list"), ("7", "")])
def test_a_floor_needs_an_autoscaler_that_can_be_read(version: str, said: str) -> None:
    keda = Autoscaler("live", "by-queue", target("edge"), "ScaledObject", resource_version=version)
    claims, floored = Claims(Survey(autoscalers=[keda])), edge(actuator="AutoscalerFloor")
    found = claims.second_hand(floored)
    assert said in (found.message if found else "")
    assert claims.floor_of(floored) == (None if said else keda)


def test_a_second_policy_of_the_target_is_one_even_if_it_is_invalid() -> None:
    rivals = [replace(EDGE, name=name, spec=spec_of("edge", level=7)) for name in "ba"]
    assert second_hand(*rivals) == (
        "CapacityPolicy live/a has Deployment live/edge as its target too;"
        " delete one of them, or leave one in DryRun"
    )


@pytest.mark.parametrize(
    "rival",
    [
        replace(EDGE, name="origin", spec=spec_of("origin")),
        replace(EDGE, namespace="elsewhere"),
        replace(EDGE, name="gone", deleting=True),
        replace(EDGE, name="looking-on", spec=spec_of("edge", mode="DryRun")),
        replace(EDGE, name="wrong", spec={}),
        replace(EDGE, name="wrong", spec={"scaleTargetRef": "edge"}),
    ],
)
def test_a_policy_of_another_object_is_none(rival: Resource) -> None:
    assert second_hand(rival) == ""

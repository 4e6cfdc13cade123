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


def second_hand(*rivals: Resource, hpa: Ref | None = None) -> str:
    """What is said of the policy `edge` beside these."""
    found = WorkloadReader(Installed(models=["Flat"])).of([EDGE])["live/edge"]
    assert isinstance(found, Workload)
    autoscalers = [Autoscaler("live", "by-cpu", hpa)] if hpa else []
    claims = Claims(Survey(policies=[EDGE, *rivals], autoscalers=autoscalers))
    said = claims.second_hand(found)
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

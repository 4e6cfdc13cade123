"""An error that is kept as a value keeps nothing else."""

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from ebbtide.adapters.kubernetes.api_server import connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.api.reading.compose import Installed
from ebbtide.errors import InvalidInput, MetricsUnavailable, NotFound
from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.workload import WorkloadReader
from tests.adapters.http_api import HttpApi, http_api

OWN = "/apis/ebbtide.dev/v1alpha1"
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}


class Held:
    """Something that was at hand when it went wrong."""


@pytest.fixture(autouse=True)
def _nobody_collects() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


T = TypeVar("T")


def holding(work: Callable[[], T]) -> tuple[T, weakref.ref[Held]]:
    """What some work gives, and what was held by the frame that it was done in."""
    held = Held()
    return work(), weakref.ref(held)


def test_what_was_at_hand_goes_when_the_error_is_kept() -> None:
    def look_up() -> object:
        try:
            return dict[str, str]()["data"]
        except KeyError as error:
            raise MetricsUnavailable("no answer") from error

    def read() -> object:
        try:
            return look_up()
        except MetricsUnavailable as error:
            return error.kept()

    found, held = holding(read)
    assert str(found) == "no answer"
    assert held() is None


def test_a_look_at_a_cluster_where_much_is_missing_keeps_nothing_but_its_answers(
    tmp_path: Path,
) -> None:
    with http_api() as api:
        _serve(api)
        server = connect(api.kubeconfig(tmp_path / "kubeconfig"), "live")
        cluster = KubernetesCluster(
            server, may_write=lambda: True, now=lambda: 0.0, scope=Scope(("live",))
        )
        survey, held = holding(cluster.survey)
        server.close()
    assert [type(found) for found in survey.targets.values()] == [NotFound]
    assert held() is None


def _serve(api: HttpApi) -> None:
    """A policy whose Deployment is not there, in a cluster without KEDA."""
    policy = {"metadata": {"name": "edge", "namespace": "live"}, "spec": {"scaleTargetRef": REF}}
    api.on("GET", f"{OWN}/namespaces/live/capacitypolicies", {"items": [policy]})
    for plural in ("eventcalendars", "capacityoverrides"):
        api.on("GET", f"{OWN}/namespaces/live/{plural}", {"items": []})
        api.on("GET", f"{OWN}/namespaces/ebbtide/{plural}", {"items": []})
    api.on("GET", "/apis/apps/v1/namespaces/live/deployments", {"items": []})
    hpas = "/apis/autoscaling/v2/namespaces/live/horizontalpodautoscalers"
    api.on("GET", hpas, {"items": []})


def test_a_policy_that_makes_no_sense_keeps_no_tick() -> None:
    policy = Resource(kind="CapacityPolicy", namespace="live", name="edge", uid="u", generation=1)
    reader = WorkloadReader(Installed(models=["Flat"]))
    found, held = holding(lambda: reader.of([policy])["live/edge"])
    assert isinstance(found, InvalidInput)
    assert held() is None

"""What a CapacityPolicy says, as the loop understands it."""

from dataclasses import replace

from ebbtide.api.reading.compose import Installed
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.workload import SHORT, Workload, WorkloadReader
from ebbtide_policies.scale_up import ScaleUp
from tests.loop.world import spec_of

HOUR = 3600.0


def resource(spec: Json, generation: int = 1) -> Resource:
    """A CapacityPolicy with this spec."""
    return Resource(
        kind="CapacityPolicy",
        namespace="live",
        name="edge",
        uid="u",
        generation=generation,
        spec=spec,
    )


def understood(spec: Json) -> Workload | InvalidInput:
    """What is understood of one spec."""
    return WorkloadReader(Installed(models=["Flat"])).of([resource(spec)])["live/edge"]


def workload(spec: Json) -> Workload:
    """The same, where it can be understood."""
    found = understood(spec)
    assert isinstance(found, Workload)
    return found


def test_a_workload_knows_its_key_its_target_and_its_pace() -> None:
    found = workload(spec_of("edge", policies={"rate": {"share": "50%", "replicas": 2}}))
    assert found.key == "live/edge"
    assert found.target == Ref("apps/v1", "Deployment", "live", "edge")
    assert found.scale_up == ScaleUp(0.5, 2.0, 15.0)


def test_every_query_is_wanted_with_the_past_that_it_needs() -> None:
    alive = {"query": "up", "atLeast": "80%"}
    signals = {
        "viewers": {"query": "viewers", "alive": alive, "source": "thanos"},
        "jobs": {"query": "jobs", "alive": {"query": "jobs_up"}, "whenAbsent": "Zero"},
        "egress": {"query": "egress", "perReplicaQuery": "egress_capacity"},
    }
    asked = {"standby": {"query": "standby"}}
    found = workload(
        spec_of("edge", demand={"signals": signals}, policies={"query": {"questions": asked}})
    )
    assert {(w.query, w.length) for w in found.wanted} == {
        (Query("live", "viewers", "thanos"), HOUR),
        (Query("live", "up", "thanos"), SHORT),
        (Query("live", "jobs"), HOUR),
        (Query("live", "jobs_up"), HOUR),
        (Query("live", "egress"), HOUR),
        (Query("live", "egress_capacity"), SHORT),
        (Query("live", "standby", "thanos"), SHORT),
    }


def test_beside_an_objective_it_is_kept_as_long_which_scrape_targets_answered() -> None:
    demand = {"query": "viewers", "alive": {"query": "up"}}
    found = workload(spec_of("edge", demand=demand, objective={"unserved": "0.1%"}))
    assert {(w.query.promql, w.length) for w in found.wanted} == {("viewers", HOUR), ("up", HOUR)}


def test_a_spec_is_read_once_for_each_generation_and_its_status_is_always_new() -> None:
    reader = WorkloadReader(Installed(models=["Flat"]))
    first = reader.of([resource(spec_of("edge"))])["live/edge"]
    again = replace(resource({"nonsense": 1}), status={"phase": "War"})
    second = reader.of([again])["live/edge"]
    assert isinstance(first, Workload)
    assert isinstance(second, Workload)
    assert second.policies is first.policies
    assert second.resource.status == {"phase": "War"}
    third = reader.of([resource({"nonsense": 1}, generation=2)])["live/edge"]
    assert isinstance(third, InvalidInput)


def test_without_a_generation_a_spec_is_read_at_every_tick() -> None:
    reader = WorkloadReader(Installed(models=["Flat"]))
    assert isinstance(reader.of([resource({}, 0)])["live/edge"], InvalidInput)
    found = reader.of([resource(spec_of("edge"), 0)])["live/edge"]
    assert isinstance(found, Workload)


def test_a_policy_that_is_gone_is_forgotten() -> None:
    reader = WorkloadReader(Installed(models=["Flat"]))
    reader.of([resource(spec_of("edge"))])
    assert reader.of([]) == {}
    found = reader.of([resource({})])["live/edge"]
    assert isinstance(found, InvalidInput)


def test_a_model_that_nobody_brought_is_refused_with_those_that_are_known() -> None:
    found = understood(spec_of("edge", forecast={"model": "Oracle"}))
    assert str(found) == "spec.forecast.model: 'Oracle' is not one of Flat"

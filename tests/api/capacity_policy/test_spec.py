"""What the spec of a CapacityPolicy means, once it is understood."""

from ebbtide.api.reading.parse import parse_policy
from ebbtide_policies.observation import Mode
from tests.api.written import POLICY, SIGNALS, spec_of


def test_a_single_query_is_the_signal_named_demand() -> None:
    found = parse_policy(spec_of(POLICY)).signals()
    assert list(found) == ["demand"]
    assert found["demand"].query == "sum(viewers)"
    assert found["demand"].per_replica == 800
    assert found["demand"].source == "default"
    assert found["demand"].alive is not None
    assert found["demand"].alive.at_least == 0.8


def test_a_signal_that_does_not_say_its_own_capacity_has_that_of_the_policy() -> None:
    signals = {"a": {"query": "a"}, "b": {"query": "b", "perReplicaQuery": "c"}}
    found = parse_policy(
        spec_of(POLICY, demand={"signals": signals}, capacity={"perReplica": "2k"})
    ).signals()
    assert (found["a"].per_replica, found["a"].per_replica_query) == (2000, None)
    assert (found["b"].per_replica, found["b"].per_replica_query) == (None, "c")


def test_signals_with_capacities_of_their_own_need_none_of_the_policy() -> None:
    found = parse_policy(spec_of(SIGNALS)).signals()
    assert {name: signal.per_replica for name, signal in found.items()} == {
        "streams": 1,
        "egress": 40e6,
    }


def test_a_replica_carries_its_share_after_lead_time_and_warmup() -> None:
    capacity = {"perReplica": 1, "leadTime": "1m30s", "warmup": "500ms"}
    assert parse_policy(spec_of(POLICY, capacity=capacity)).lead_time == 90.5


def test_a_lead_time_that_is_to_be_measured_has_a_fallback() -> None:
    capacity = {"perReplica": 1, "leadTime": "Auto", "leadTimeFallback": "3m", "warmup": "10s"}
    found = parse_policy(spec_of(POLICY, capacity=capacity))
    assert found.capacity.measured
    assert found.lead_time == 190
    assert found.capacity.model_dump(mode="json")["lead_time"] == "Auto"
    assert not parse_policy(spec_of(POLICY)).capacity.measured


def test_defaults_write_nothing() -> None:
    found = parse_policy(spec_of(POLICY))
    assert found.mode is Mode.DRY_RUN
    assert found.forecast.model == "Tide"
    assert (found.forecast.horizon, found.forecast.history) == (7200, 28 * 86400)

"""The past of a workload: what its demand took, and how it fell from day to day."""

import numpy as np
import pytest

from ebbtide.planning.demand.past import Ebb, Past, typical
from ebbtide_policies.lanes import Lanes

NAN = float("nan")
HOUR = 60


def past(*minutes: Lanes) -> Past:
    """Demand of two signals: a replica carries 100 of the first, 10 of the second."""
    demands = dict(zip(("viewers", "streams"), minutes, strict=False))
    return Past(start=0.0, demands=demands, per_replica={"viewers": 100.0, "streams": 10.0})


def day(top: float, bottom: float = 1000.0) -> Lanes:
    """It is at its top until six, falls until eight, and rises again from eighteen on."""
    parts = (
        np.full(6 * HOUR, top),
        np.linspace(top, bottom, 2 * HOUR),
        np.full(10 * HOUR, bottom),
        np.linspace(bottom, top - 1, 6 * HOUR),
    )
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("viewers", "streams", "need"),
    [
        pytest.param(500.0, 20.0, 5.0, id="the first takes more"),
        pytest.param(500.0, 90.0, 9.0, id="the second does"),
        pytest.param(500.0, NAN, 5.0, id="one is unknown"),
        pytest.param(NAN, NAN, NAN, id="both are"),
    ],
)
def test_the_signal_that_takes_the_most_replicas_decides(
    viewers: float, streams: float, need: float
) -> None:
    found = past(np.array([viewers]), np.array([streams]))
    np.testing.assert_array_equal(found.need, [need])
    assert found.known == (not np.isnan(need))


def test_each_day_falls_once_from_its_own_top() -> None:
    found = past(np.concatenate((day(4000.0), day(9000.0), day(6000.0)))).ebbs
    assert [(one.top, one.bottom) for one in found] == [(40.0, 10.0), (90.0, 10.0), (60.0, 10.0)]
    for one in found:
        assert one.falls == pytest.approx(60 * 0.8 * 2 * HOUR, abs=180)
        assert one.stays == pytest.approx(60 * (10 + 0.2 + 0.6) * HOUR, abs=600)


def test_what_is_unknown_of_a_day_hides_its_top_only_where_it_is_most_of_it() -> None:
    minutes = np.concatenate((day(4000.0), day(9000.0), day(6000.0), day(5000.0)))
    minutes[1440 : 2 * 1440] = NAN
    minutes[3 * 1440 + 600 : 3 * 1440 + 660] = NAN
    assert [one.top for one in past(minutes).ebbs] == [40.0, 60.0, 50.0]


def test_a_demand_that_hardly_falls_has_no_ebb() -> None:
    assert past(day(1200.0)).ebbs == []


def test_one_strange_fall_is_not_the_typical_one() -> None:
    usual, strange = Ebb(40.0, 10.0, 3600.0, 600.0), Ebb(900.0, 80.0, 60.0, 9e9)
    assert typical([usual, strange, usual]) == usual

"""What the past of many workloads takes: as much as `docs/install.md` says, and no more in time."""

import gc
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from ebbtide.adapters.embedded.metrics import DemandMetrics
from ebbtide.loop.observing.history import Histories
from ebbtide.loop.observing.window import ROOM
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.workload import Wanted
from ebbtide.planning.demand.series import DemandSeries
from tests.loop.world import NOON, World, spec_of

DAY = 86400.0
DAYS = 40
WORKLOADS = 10
"""Enough for what each takes to stand out from what all of them share."""
HOUR = 3600.0
ONE = 8.0 * DAYS * 1440
"""Bytes of the past of one query."""


@pytest.fixture
def _measured() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def held() -> float:
    """Bytes that are held now."""
    gc.collect()
    return float(tracemalloc.get_traced_memory()[0])


def minutes(value: float) -> DemandSeries:
    """A demand that was there for long, and will be."""
    count = round(2 * DAYS * 1440) + 1440
    return DemandSeries(start=NOON - (DAYS + 1) * DAY, minutes=np.full(count, value))


@pytest.mark.usefixtures("_measured")
def test_the_past_of_many_workloads_takes_no_more_after_forty_days() -> None:
    """Demand and alive of all of them, twice a day; there is room for a day ahead."""
    now = NOON
    metrics = DemandMetrics({"a": minutes(1.0)}, lambda: now)
    histories = Histories(metrics)
    queries = [Query(f"live-{i}", "a") for i in range(2 * WORKLOADS)]
    wanted = [Wanted(query, DAYS * DAY) for query in queries]
    before = held()
    for _ in range(DAYS * 2):
        histories.refresh(wanted, now)
        now += 12 * HOUR
    each = (held() - before) / len(queries)
    assert ONE <= each < 1.02 * (ONE + 8 * 2 * ROOM)


def spec_with(name: str, said: set[str]) -> Json:
    """A policy that looks back for forty days, and says some of alive, Zero and objective."""
    spec = spec_of(name) | {"forecast": {"model": "Flat", "history": f"{DAYS}d"}}
    if "alive" in said:
        spec["demand"] |= {"alive": {"query": f"up of {name}"}}
    if "Zero" in said:
        spec["demand"] |= {"whenAbsent": "Zero"}
    objective = {"objective": {"unserved": "0.1%"}, "policies": {}}
    return spec | (objective if "objective" in said else {})


@pytest.mark.usefixtures("_measured")
@pytest.mark.parametrize(
    ("said", "pasts"),
    [
        pytest.param(set(), 1, id="demand alone"),
        pytest.param({"alive"}, 1, id="alive, of which the present counts"),
        pytest.param({"objective"}, 1, id="an objective"),
        pytest.param({"alive", "objective"}, 2, id="alive beside an objective"),
        pytest.param({"alive", "Zero"}, 3, id="what is absent is zero"),
        pytest.param({"alive", "Zero", "objective"}, 3, id="and that beside an objective"),
    ],
)
def test_a_workload_takes_so_many_pasts(said: set[str], pasts: int) -> None:
    world, count = World(), 10
    for i in range(count):
        world.fleet(name := f"edge-{i}", 100)
        world.metrics.answer(name, minutes(100.0))
        world.metrics.answer(f"up of {name}", minutes(1.0))
        world.write("CapacityPolicy", name, spec_with(name, said))
    before = held()
    for _ in range(10):
        assert not world.tick().failures
        world.forecaster.shown.clear()
    assert pasts - 0.1 < (held() - before) / count / ONE < pasts + 0.6

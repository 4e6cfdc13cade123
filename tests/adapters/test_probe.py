"""What a metrics source answers to the queries of a policy, looked at for preflight."""

import json
from contextlib import closing

import pytest

from ebbtide.adapters.prometheus.probe import probe
from ebbtide.adapters.sources import MetricsSource
from ebbtide.loop.ports.metrics import Query
from tests.adapters.metrics_server import MetricsServer, Reply, Seen

FRESH, STALE, GONE = 'fresh{app="edge"}', 'stale{app="edge"}', 'gone{app="edge"}'
AGES = {FRESH: "12", STALE: "1200"}


def answer(reply: Reply, seen: Seen) -> None:
    """Tell a minute between samples, the age of a selector, and 7 for all else."""
    asked = seen.params["query"]
    of = next((each for each in (FRESH, STALE, GONE) if f"({each}" in asked), "")
    value = "10" if "count_over_time" in asked else AGES.get(of, "7")
    found = [] if of == GONE else [{"metric": {}, "value": [1_700_000_000, value]}]
    reply.say(json.dumps({"status": "success", "data": {"resultType": "vector", "result": found}}))


@pytest.mark.parametrize(
    ("promql", "age"),
    [
        pytest.param(f"{FRESH} + {STALE}", 1200.0, id="the one that is late decides"),
        pytest.param(f"{STALE} + {GONE}", 1200.0, id="one without samples hides no other"),
        pytest.param(f"{GONE} + {STALE}", 1200.0, id="wherever it stands"),
    ],
)
def test_of_several_selectors(promql: str, age: float) -> None:
    with closing(MetricsServer(answer)) as server:
        source = MetricsSource(url=server.url)
        [found] = probe({"default": source}, [Query("live", promql)])
    assert (found.age, found.interval, found.number) == (age, 60.0, 7.0)

"""The floor of what comes back day after day."""

import numpy as np
import pytest

from ebbtide_policies.season_need import SeasonNeed, SeasonNeedSettings
from tests.policies.builders import seen, settings, signal
from tests.policies.stacking import stack, stack_settings

BATCH = [*[20.0] * 1437, 200.0, 200.0, 20.0] * 3
"""Every day two minutes that ask for ten times as much: a little before this time of day."""


def told(written: dict[str, object], course: list[float]) -> list[tuple[float, str]]:
    policy = SeasonNeed(settings(SeasonNeedSettings, tolerance="0%", **written))
    found = seen(demand=(signal(course, late=0.0),))
    return [(float(bound.replicas), bound.message) for bound in policy.bounds(found, {})]


def test_what_days_repeat_is_there_before_it_comes() -> None:
    said = "viewers: two of the last 7 days asked for 200.0 replicas at this time of day"
    assert told({"trust": "100%"}, BATCH[:-4]) == [(200.0, said)]


@pytest.mark.parametrize(
    ("written", "course", "floor"),
    [
        pytest.param({"trust": "90%"}, BATCH, 180, id="by the trust that it has"),
        pytest.param({"trust": "90%", "headroom": "10%"}, BATCH, 198, id="with headroom"),
        pytest.param({"trust": "100%", "margin": "0s"}, BATCH[:-60], 20, id="at its time only"),
        pytest.param({"trust": "100%"}, BATCH[-1500:], 0, id="not what came on one day"),
        pytest.param({"trust": "100%"}, [], 0, id="not where nothing is known"),
    ],
)
def test_a_season_asks_for(written: dict[str, object], course: list[float], floor: float) -> None:
    assert [replicas for replicas, _ in told(written, course)] == [floor]


def test_lanes_may_trust_it_or_not() -> None:
    found = stack([seen(demand=(signal(BATCH, late=0.0),))] * 2)
    chosen = [settings(SeasonNeedSettings, tolerance="0%", trust=trust) for trust in ("0%", "90%")]
    [bound] = SeasonNeed(stack_settings(chosen)).bounds(found, {})
    assert np.asarray(bound.replicas).tolist() == [0.0, 180.0]


def test_a_season_is_not_trusted_by_default() -> None:
    assert told({}, BATCH) == []

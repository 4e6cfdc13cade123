"""How fast a fleet may grow."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebbtide_policies.rate import Rate, RateSettings
from ebbtide_policies.scale_up import AS_HPA, ScaleUp
from tests.policies.builders import NAN, NOW, seen, settings


def climb(rate: ScaleUp, start: float, periods: int) -> list[float]:
    course = [start]
    for _ in range(periods):
        course.append(float(rate.highest(course[-1])))
    return course


@pytest.mark.parametrize(
    ("rate", "course"),
    [
        pytest.param(ScaleUp(1.0, 4, 15), [1, 5, 10, 20, 40], id="HPA: the default behavior"),
        pytest.param(ScaleUp(9.0, 1, 60), [1, 10, 100, 1000], id="HPA: as fast as possible"),
        pytest.param(ScaleUp(0.0, 1, 60), [1, 2, 3, 4], id="HPA: very gradually, by pods"),
        pytest.param(ScaleUp(0.1, 1, 60), [11, 13, 15, 17], id="HPA: a share is rounded up"),
        pytest.param(ScaleUp(0.0, 0, 60), [0, 1, 2], id="at least one replica"),
    ],
)
def test_period_by_period_a_fleet_may_reach(rate: ScaleUp, course: list[float]) -> None:
    assert climb(rate, course[0], len(course) - 1) == course


@given(
    share=st.sampled_from([0.0, 0.01, 0.1, 0.19, 0.5, 1.0, 9.0]),
    count=st.integers(0, 50),
    start=st.integers(0, 2000),
    more=st.integers(0, 3000),
)
@example(share=0.19, count=1, start=10, more=10)
@example(share=1.0, count=1, start=0, more=100)
def test_the_time_of_a_climb_is_never_reckoned_too_short(
    share: float, count: int, start: int, more: int
) -> None:
    rate, replicas, patches = ScaleUp(share, count, 15.0), float(start), 0
    while replicas < start + more:
        replicas, patches = float(rate.highest(replicas)), patches + 1
    reckoned = float(rate.seconds_between(start, start + more))
    assert max(0, patches - 1) * 15 <= reckoned < 15 * max(1, more)


@pytest.mark.parametrize(
    ("rate", "start", "goal", "seconds"),
    [
        pytest.param(ScaleUp(1.0, 4, 15), 100, 50, 0, id="none down"),
        pytest.param(ScaleUp(0.1, 4, 15), 100, 105, 0, id="none where one patch is enough"),
        pytest.param(ScaleUp(1.0, 1, 15), 1, 8, 30, id="three patches, two periods apart"),
        pytest.param(ScaleUp(1.0, 1, 15), 0, 8, 45, id="from nothing one more"),
        pytest.param(ScaleUp(0.0, 4, 15), 10, 23, 45, id="by the count"),
        pytest.param(ScaleUp(1.0, 1, 15, tick=60), 1, 8, 120, id="tick by tick, if that is longer"),
        pytest.param(
            ScaleUp(1.0, 1, 50, tick=15), 1, 8, 120, id="at the first tick after a period"
        ),
    ],
)
def test_a_climb_takes(rate: ScaleUp, start: float, goal: float, seconds: float) -> None:
    assert rate.seconds_between(start, goal) == seconds


def test_by_default_it_is_that_of_an_hpa() -> None:
    assert RateSettings().pace == ScaleUp() == AS_HPA


def test_lanes_climb_each_by_itself() -> None:
    lanes = ScaleUp().seconds_between(np.array([100.0, 10.0, 0.0]), np.array([50.0, 80.0, 4.0]))
    assert np.asarray(lanes).tolist() == [0.0, 30.0, 0.0]


BY_THE_MINUTE = Rate(settings(RateSettings, share="100%", replicas=4, period="1m"))


def highest(memory: Any, current: int) -> float:
    found = seen(current=current)
    (bound,) = BY_THE_MINUTE.bounds(found, BY_THE_MINUTE.recall(memory, found))
    return float(bound.replicas)


@pytest.mark.parametrize(
    ("memory", "current", "replicas"),
    [
        pytest.param({"at": NOW - 60, "start": 10}, 30, 60, id="a period that is over is over"),
        pytest.param({"at": NOW - 59, "start": 10}, 15, 20, id="a running one counts its start"),
        pytest.param({"at": NOW - 59, "start": 10}, 2, 20, id="also after a fall"),
        pytest.param({"at": NOW + 5, "start": 10}, 30, 60, id="a future one is lost"),
        pytest.param({"at": NOW - 5, "start": NAN}, 30, 60, id="an unknown start is lost"),
        pytest.param({"at": NOW - 5}, 30, 60, id="a missing start is lost"),
        pytest.param(None, 30, 60, id="the first sight begins one"),
    ],
)
def test_the_pace_up_is(memory: Any, current: int, replicas: float) -> None:
    assert highest(memory, current) == replicas


def test_a_period_opens_with_the_first_rise_after_the_last_one() -> None:
    found = seen(current=30)
    over, running = (
        BY_THE_MINUTE.recall({"at": NOW - ago, "start": 10.0}, found) for ago in (60, 59)
    )
    assert BY_THE_MINUTE.remember(found, over, 40.0) == {**over, "at": NOW, "start": 30}
    assert BY_THE_MINUTE.remember(found, running, 40.0) == running
    assert BY_THE_MINUTE.remember(found, over, 30.0) == over
    assert BY_THE_MINUTE.remember(found, over, 20.0) == over


def test_the_pace_up_says_what_it_allows() -> None:
    (bound,) = Rate(RateSettings()).bounds(seen(current=30), {"at": 0.0, "start": 0.0})
    assert bound.message == "from 30 replicas, 15 s may add 100% or 4, whichever is more"


def test_an_edit_adds_to_no_period_until_the_longer_one_is_over() -> None:
    before = Rate(settings(RateSettings, share="10%", replicas=4, period="1m"))
    memory: Any = before.recall(None, seen(now=NOW, current=100))
    after = Rate(settings(RateSettings, share="100%", replicas=4, period="15s"))

    def most(now: float) -> float:
        found = seen(now=now, current=100, demand=())
        nonlocal memory
        memory = after.recall(json.loads(json.dumps(memory)), found)
        (bound,) = after.bounds(found, memory)
        memory = after.remember(found, memory, 100.0)
        return float(bound.replicas)

    assert [most(NOW + at) for at in (0, 30, 59, 60)] == [110, 110, 110, 200]

"""The limits of the HPA, against rows of Kubernetes' own tables."""

from collections.abc import Callable

import pytest

from ebbtide.planning.scoring.rivals import (
    UP,
    Behavior,
    Limit,
    Select,
    Unit,
    highest_allowed,
    lowest_allowed,
)


def percent(value: float, period: float) -> Limit:
    return Limit(Unit.PERCENT, value, period)


def pods(value: float, period: float) -> Limit:
    return Limit(Unit.PODS, value, period)


def down(*limits: Limit, window: float = 300.0, select: Select = Select.MAX) -> Behavior:
    return Behavior(limits, window, select)


def from_events(current: float, added: float, deleted: float) -> Callable[[float], float]:
    return lambda _: current - added + deleted


@pytest.mark.parametrize(
    ("current", "added", "deleted", "behavior", "limit"),
    [
        pytest.param(100, 0, 0, down(pods(20, 60), percent(1, 60)), 80, id="the larger change"),
        pytest.param(100, 0, 0, down(pods(2, 60), percent(1, 60)), 98, id="pods over percent"),
        pytest.param(100, 0, 15, down(pods(5, 120)), 100, id="spent by earlier steps"),
        pytest.param(100, 0, 12, down(percent(50, 120)), 56, id="half of the period's start"),
        pytest.param(10, 2, 4, down(percent(50, 180)), 6, id="ups and downs in one period"),
        pytest.param(100, 0, 30, down(percent(10, 120)), 100, id="percent spent"),
        pytest.param(10, 0, 0, down(percent(20, 60)), 8, id="no events"),
        pytest.param(8, 0, 2, down(percent(50, 60)), 5, id="half of ten"),
        pytest.param(5, 0, 0, down(percent(10, 60)), 4, id="truncated, so more than ten percent"),
        pytest.param(
            100, 0, 0, down(pods(20, 60), percent(1, 60), select=Select.MIN), 99, id="Min"
        ),
        pytest.param(100, 0, 0, down(pods(20, 60), select=Select.DISABLED), 100, id="Disabled"),
    ],
)
def test_the_limit_down_is_that_of_kubernetes_own_tables(
    current: float, added: float, deleted: float, behavior: Behavior, limit: float
) -> None:
    assert lowest_allowed(current, from_events(current, added, deleted), behavior) == limit


@pytest.mark.parametrize(
    ("current", "added", "deleted", "behavior", "limit"),
    [
        pytest.param(1, 0, 0, UP, 5, id="four pods"),
        pytest.param(10, 0, 0, UP, 20, id="twice"),
        pytest.param(10, 0, 0, Behavior((percent(50, 60),)), 15, id="half more"),
        pytest.param(5, 0, 0, Behavior((percent(10, 60),)), 6, id="rounded up"),
        pytest.param(10, 4, 0, Behavior((pods(5, 60),)), 11, id="less what was added"),
        pytest.param(10, 9, 0, Behavior((pods(5, 60),)), 10, id="spent"),
        pytest.param(
            10, 0, 0, Behavior((percent(50, 60), pods(2, 60)), 0, Select.MIN), 12, id="Min"
        ),
        pytest.param(10, 0, 0, Behavior((pods(5, 60),), 0, Select.DISABLED), 10, id="Disabled"),
    ],
)
def test_the_limit_up_is_that_of_kubernetes_own_tables(
    current: float, added: float, deleted: float, behavior: Behavior, limit: float
) -> None:
    assert highest_allowed(current, from_events(current, added, deleted), behavior) == limit

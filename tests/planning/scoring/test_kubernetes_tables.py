"""The HPA written anew, row by row against the tables of Kubernetes' own tests.

The numbers are those of pkg/controller/podautoscaler/horizontal_test.go: TestScalingWithRules,
TestConvertDesiredReplicasWithRules, TestNormalizeDesiredReplicas and that with behavior.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from ebbtide.planning.scoring.rivals import (
    DOWN,
    UP,
    Behavior,
    Hpa,
    HpaSettings,
    Limit,
    PeriodStart,
    Tick,
    Unit,
    limited,
)

Changes = Sequence[float]


def rules(
    pods: float = 0, pods_in: float = 0, percent: float = 0, percent_in: float = 0
) -> Behavior:
    """The policies of one direction; nought leaves a policy out."""
    found = [Limit(Unit.PODS, pods, pods_in)] if pods else []
    found += [Limit(Unit.PERCENT, percent, percent_in)] if percent else []
    return Behavior(tuple(found))


def spread(changes: Changes, seconds: float = 120.0) -> Mapping[float, float]:
    """Age -> change, each in the middle of its part of the last so many seconds."""
    part = seconds / max(len(changes), 1)
    return {seconds - part * (i + 0.5): change for i, change in enumerate(changes)}


def began(current: float, added: Changes, deleted: Changes) -> PeriodStart:
    """Replicas at the start of a period, given what was added and deleted of late."""

    def start(period: float) -> float:
        ups = sum(change for age, change in spread(added).items() if age < period)
        downs = sum(change for age, change in spread(deleted).items() if age < period)
        return current - ups + downs

    return start


@pytest.mark.parametrize(
    ("current", "want", "least", "most", "up", "down", "added", "deleted", "replicas"),
    [
        pytest.param(5, 7, 3, 8, UP, DOWN, [], [], 7, id="within the range"),
        pytest.param(3, 1, 2, 8, UP, DOWN, [], [], 2, id="below the minimum"),
        pytest.param(1, 0, 0, 10, UP, DOWN, [], [], 0, id="to zero where that is the minimum"),
        pytest.param(20, 1000, 1, 10, UP, DOWN, [], [], 10, id="the maximum is the limit"),
        pytest.param(100, 1000, 100, 150, UP, DOWN, [], [], 150, id="beyond the maximum"),
        pytest.param(
            3, 1000, 1, 2000, rules(0, 0, 1, 60), DOWN, [], [], 4, id="one percent is one pod"
        ),
        pytest.param(
            1000,
            3,
            3,
            2000,
            UP,
            rules(20, 60),
            [],
            [],
            980,
            id="the row that upstream returns from",
        ),
        pytest.param(10, 50, 1, 1000, UP, DOWN, [], [], 20, id="twice by default"),
        pytest.param(10, 500, 1, 1000, rules(100, 60, 100, 60), DOWN, [], [], 110, id="pods win"),
        pytest.param(10, 500, 1, 1000, rules(2, 60, 100, 60), DOWN, [], [], 20, id="percent wins"),
        pytest.param(10, 50, 1, 1000, rules(100, 60), DOWN, [], [], 50, id="enough pods"),
        pytest.param(
            10, 50, 1, 1000, rules(10000, 60), DOWN, [], [], 50, id="far more than enough"
        ),
        pytest.param(10, 50, 1, 1000, rules(30, 60), DOWN, [], [], 40, id="thirty pods more"),
        pytest.param(
            10, 50, 1, 1000, rules(0, 0, 200, 60), DOWN, [], [], 30, id="200 percent more"
        ),
        pytest.param(100, 2, 1, 1000, UP, rules(20, 60, 1, 60), [], [], 80, id="pods over percent"),
        pytest.param(100, 2, 1, 1000, UP, rules(2, 60, 1, 60), [], [], 98, id="two pods over one"),
        pytest.param(10, 0, 1, 1000, UP, rules(100, 60), [], [], 1, id="all pods but the minimum"),
        pytest.param(
            10, 2, 5, 1000, UP, rules(0, 0, 100, 60), [], [], 5, id="all percent, but five"
        ),
        pytest.param(10, 2, 1, 1000, UP, rules(5, 60), [], [], 5, id="five pods fewer"),
        pytest.param(10, 5, 1, 1000, UP, rules(0, 0, 50, 60), [], [], 5, id="half is just enough"),
        pytest.param(
            100, 500, 1, 200, rules(300, 60), DOWN, [1, 5, 9], [], 200, id="pods up to the maximum"
        ),
        pytest.param(
            100, 500, 1, 200, rules(0, 0, 10000, 60), DOWN, [1, 5, 9], [], 200, id="percent as well"
        ),
        pytest.param(
            100, 500, 1, 1000, rules(5, 120), DOWN, [1, 5, 9], [], 100, id="up is spent: no fall"
        ),
        pytest.param(
            100, 500, 1, 1000, rules(150, 120), DOWN, [1, 5, 9], [], 235, id="pods less the added"
        ),
        pytest.param(
            100, 500, 1, 1000, rules(0, 0, 200, 120), DOWN, [1, 5, 9], [], 255, id="of the start"
        ),
        pytest.param(
            6, 24, 1, 1000, rules(0, 0, 300, 300), DOWN, [4], [2], 16, id="up after up and down"
        ),
        pytest.param(10, 5, 1, 1000, UP, DOWN, [], [1, 5, 9], 5, id="no limit counts no event"),
        pytest.param(100, 0, 1, 1000, UP, rules(115, 120), [], [1, 5, 9], 1, id="down to one"),
        pytest.param(100, 0, 5, 1000, UP, rules(130, 120), [], [1, 5, 9], 5, id="down to five"),
        pytest.param(
            100, 2, 5, 1000, UP, rules(0, 0, 100, 120), [], [1, 5, 9], 5, id="all, but the minimum"
        ),
        pytest.param(100, 2, 1, 1000, UP, rules(5, 120), [], [1, 5, 9], 100, id="pods are spent"),
        pytest.param(
            100, 0, 1, 1000, UP, rules(0, 0, 50, 120), [], [2, 4, 6], 56, id="half of the start"
        ),
        pytest.param(
            10, 1, 1, 1000, UP, rules(0, 0, 50, 180), [2], [4], 6, id="down after up and down"
        ),
        pytest.param(
            100, 0, 1, 1000, UP, rules(0, 0, 10, 120), [], [10, 10, 10], 100, id="percent is spent"
        ),
        pytest.param(
            10, 5, 1, 1000, UP, rules(0, 0, 1000, 120), [], [10, 10, 10], 5, id="far below nought"
        ),
        pytest.param(
            100, 200, 1, 1000, rules(1000, 60), DOWN, [8, 12, 9, 11], [], 200, id="one period up"
        ),
        pytest.param(
            100,
            200,
            1,
            1000,
            rules(1000, 120, 100, 60),
            DOWN,
            [8, 12, 9, 11],
            [],
            200,
            id="two periods up",
        ),
        pytest.param(
            100,
            200,
            1,
            1000,
            rules(1000, 30, 100, 60),
            DOWN,
            [8, 12, 9, 11],
            [],
            200,
            id="two periods up, one past",
        ),
        pytest.param(
            100, 5, 1, 1000, UP, rules(1000, 60), [], [8, 12, 9, 11], 5, id="one period down"
        ),
        pytest.param(
            100,
            5,
            1,
            1000,
            UP,
            rules(1000, 120, 100, 60),
            [],
            [8, 12, 9, 11],
            5,
            id="two periods down",
        ),
        pytest.param(
            100,
            5,
            1,
            1000,
            UP,
            rules(1000, 30, 100, 60),
            [],
            [8, 12, 9, 11],
            5,
            id="two periods down, one past",
        ),
    ],
)
def test_a_wish_is_limited_as_in_scaling_with_rules(  # noqa: PLR0913, PLR0917  # a row of theirs
    current: float,
    want: float,
    least: float,
    most: float,
    up: Behavior,
    down: Behavior,
    added: Changes,
    deleted: Changes,
    replicas: float,
) -> None:
    settings = HpaSettings(up=up, down=down, minimum=least, maximum=most)
    assert limited(want, current, began(current, added, deleted), settings) == replicas


def test_three_may_become_seven_with_the_default_behavior() -> None:
    """The one row of TestConvertDesiredReplicasWithRules that is not among the above.

    There an HPA without `behavior` may come to 6, twice its fleet; the default of `behavior`, which
    is what is written anew here, adds four pods where these are more.
    """
    settings = HpaSettings(maximum=2000.0)
    assert limited(1000.0, 3.0, began(3, [], []), settings) == 7


ANYTHING = (Limit(Unit.PERCENT, 1e6, 15.0), Limit(Unit.PODS, 1e6, 15.0))


def stabilized(
    recommendations: Mapping[float, float],
    current: float,
    want: float,
    windows: tuple[float, float],
) -> float:
    """What comes of a wish, given earlier ones (minutes ago -> replicas); windows down and up."""
    down, up = windows
    settings = HpaSettings(
        tolerance=0.0,
        minimum=0.0,
        up=Behavior(ANYTHING, up),
        down=Behavior(ANYTHING, down),
    )
    hpa = Hpa(settings, current)
    for sync in range(-440, 0):
        wish = recommendations.get(-sync / 4, float("nan"))
        hpa.decide(Tick(sync * 15.0, wish, current))
    return float(hpa.decide(Tick(0.0, want, current)))


@pytest.mark.parametrize(
    ("recommendations", "want", "replicas"),
    [
        pytest.param({}, 5, 5, id="an empty log"),
        pytest.param({2: 4, 1: 5}, 3, 5, id="the highest holds"),
        pytest.param({2: 1, 1: 2}, 3, 3, id="the newest is the highest"),
        pytest.param({10: 10, 9: 9}, 3, 3, id="old ones do not count"),
        pytest.param({10: 10, 1: 4, 2: 5, 9: 9}, 3, 5, id="old ones among new ones"),
    ],
)
def test_a_wish_is_stabilized_as_in_normalize_desired_replicas(
    recommendations: Mapping[float, float], want: float, replicas: float
) -> None:
    assert stabilized(recommendations, 100, want, (300.0, 0.0)) == replicas


@pytest.mark.parametrize(
    ("recommendations", "current", "want", "down", "up", "replicas"),
    [
        pytest.param({}, 100, 5, 0, 0, 5, id="an empty log"),
        pytest.param({2: 4, 1: 5}, 100, 3, 180, 0, 5, id="down"),
        pytest.param({2: 4, 1: 5}, 1, 7, 0, 300, 4, id="up"),
        pytest.param({2: 1, 1: 2}, 100, 3, 0, 300, 3, id="no window down"),
        pytest.param({2: 4, 1: 5}, 1, 3, 300, 0, 3, id="no window up"),
        pytest.param({10: 10, 9: 9}, 100, 3, 0, 0, 3, id="old ones, down"),
        pytest.param({10: 10, 9: 9}, 1, 100, 0, 0, 100, id="old ones, up"),
        pytest.param({10: 10, 1: 4, 2: 5, 9: 9}, 100, 3, 180, 0, 5, id="down, among old ones"),
        pytest.param({100: 10, 1: 6, 2: 5, 3: 9}, 1, 100, 0, 300, 5, id="up, among old ones"),
        pytest.param({100: 2, 3: 3}, 2, 1, 300, 300, 2, id="no rise while the wish falls"),
        pytest.param({100: 2, 3: 1}, 2, 3, 300, 300, 2, id="no fall while the wish rises"),
    ],
)
def test_a_wish_is_stabilized_as_in_normalize_desired_replicas_with_behavior(
    recommendations: Mapping[float, float],
    current: float,
    want: float,
    down: float,
    up: float,
    replicas: float,
) -> None:
    assert stabilized(recommendations, current, want, (down, up)) == replicas


def test_an_event_counts_while_it_is_younger_than_its_period() -> None:
    """As in TestStoreScaleEvents: 58 and 59 seconds old count in 60, 61 does not."""
    settings = HpaSettings(down=Behavior((Limit(Unit.PODS, 10.0, 60.0),), 0.0))
    hpa = Hpa(settings, 100.0)
    asked = [float(hpa.decide(Tick(float(at), 1.0, 100.0))) for at in range(0, 75, 15)]
    assert np.diff(asked).tolist() == [10.0, 0.0, 0.0, -10.0]

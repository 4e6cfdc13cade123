"""Whether a forecast is followed: either turn has to last."""

from itertools import accumulate

import pytest

from ebbtide.api.capacity_policy.forecast import TrustSpec
from ebbtide.loop.forecasting.trust import Trust, at_first, why_not_followed

NAN = float("nan")
WANTED = TrustSpec.model_validate({"worseBy": "50%", "after": "10m"})
"""Worse is above 1.5 times the error of persistence, no worse is 1.25 or less."""
LOST = Trust(kept=False)
WORSE, BETWEEN, GOOD = 1.51, 1.4, 1.25


def course(begins: Trust, *ratios: float) -> list[bool]:
    """Whether it is trusted after each of some scores that are five minutes apart."""

    def one(known: Trust, score: tuple[int, float]) -> Trust:
        return known.after(score[1], {}, WANTED, 300.0 * score[0])

    thought = accumulate(enumerate(ratios), one, initial=begins)
    return [trust.kept for trust in thought][1:]


@pytest.mark.parametrize(
    ("ratios", "kept"),
    [
        pytest.param([WORSE] * 3, [True, True, False], id="once it was worse for ten minutes"),
        pytest.param([1.5] * 3, [True] * 3, id="not where it is just as bad as it may be"),
        pytest.param([WORSE, 1.5, WORSE, WORSE], [True] * 4, id="nor where that did not last"),
        pytest.param([WORSE, NAN, WORSE, WORSE], [True] * 4, id="nor where nobody knows"),
    ],
)
def test_trust_is_lost(ratios: list[float], kept: list[bool]) -> None:
    assert course(Trust(), *ratios) == kept


@pytest.mark.parametrize(
    ("ratios", "kept"),
    [
        pytest.param([GOOD] * 3, [False, False, True], id="once it was no worse for ten minutes"),
        pytest.param([BETWEEN] * 3, [False] * 3, id="not where it is only less bad"),
        pytest.param([GOOD, BETWEEN, GOOD, GOOD], [False] * 4, id="nor where that did not last"),
        pytest.param([NAN] * 3, [False] * 3, id="nor where nobody knows"),
    ],
)
def test_trust_comes_back(ratios: list[float], kept: list[bool]) -> None:
    assert course(LOST, *ratios) == kept


def test_what_is_lost_comes_back_no_sooner_than_after_as_long_again() -> None:
    turned = [True, True, False, False, False, True]
    assert course(Trust(), *[WORSE] * 3, *[GOOD] * 3) == turned


@pytest.mark.parametrize(
    ("ratio", "kept"),
    [
        pytest.param(1.5, True, id="is as bad as it may be"),
        pytest.param(1.51, False, id="is worse than that"),
        pytest.param(NAN, True, id="could not be measured"),
    ],
)
def test_at_first_a_forecast_is_followed_or_not_where_it(ratio: float, kept: bool) -> None:
    assert at_first(ratio, {}, WANTED).kept is kept


def test_a_forecast_that_is_not_followed_says_why() -> None:
    trust = Trust(kept=False, ratio=1.6, ratios={1: 1.2, 15: 2.0, 60: NAN})
    assert why_not_followed(trust, WANTED) == (
        "its error of the last 6 h is 1.60 times that of persistence (1.20 at 1 min, 2.00 at "
        "15 min); it is followed again after 10 min at 1.25 or less"
    )

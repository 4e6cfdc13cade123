"""What is seen at every tick at once is what a signal answers at each of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import LEVELS
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.seen_forecasts import Forecasts
from ebbtide.planning.sweeping.seen_past import Rows
from ebbtide_policies.demand import MINUTE, NO_LOOK, Look, Outlook, Signal
from ebbtide_policies.known_minutes import sound
from ebbtide_policies.lanes import Lanes

NAN = float("nan")
START = 1_000_000 * MINUTE
DELAY = 30.0
STEPS = 12
BEFORE = 120
"""Minutes of history that were asked for, and of which nothing was recorded."""
COURSES = st.lists(
    st.sampled_from([0.0, 3.0, 40.0, 41.5, 300.0, -7.0, NAN, float("inf")]), min_size=4, max_size=90
)
QUESTIONS: dict[str, Callable[[Signal | SeenDemand], object]] = {
    "present": lambda d: d.present(),
    "age": lambda d: d.age() if isinstance(d, SeenDemand) else d.age,
    "peak": lambda d: d.peak(300.0),
    "peak of a while": lambda d: d.peak(90.0),
    "peak before": lambda d: d.peak(900.0, 150.0),
    "lingering": lambda d: d.lingering(465.0, 0.25, START + 120.0),
    "covered": lambda d: d.covered(300.0),
    "covered in less than a minute": lambda d: d.covered(30.0),
    "gap": lambda d: d.gap(300.0),
    "largest drop": lambda d: d.largest_drop(60.0),
    "largest drop of a while": lambda d: d.largest_drop(300.0),
    "slope": lambda d: d.slope(300.0),
    "slope of a minute": lambda d: d.slope(60.0),
    "surge": lambda d: d.surge(200.0, 900.0),
    "surge at once": lambda d: d.surge(0.0, 900.0),
    "surge of a minute": lambda d: d.surge(60.0, 60.0),
    "ahead": lambda d: d.ahead(0.9, 165.0),
    "far ahead, between levels": lambda d: d.ahead(0.93, 500.0),
    "at the highest level": lambda d: d.ahead(LEVELS[-1], 165.0),
    "beyond all levels": lambda d: d.ahead(0.99999, 165.0),
}


def forecasts(minutes: Lanes) -> Forecasts:
    """A forecast after each known minute, none like another."""
    known = np.flatnonzero(sound(minutes))
    rng = np.random.default_rng(minutes.size)
    values = np.sort(rng.uniform(0, 100, (known.size * STEPS, len(LEVELS))), axis=1)
    first: Rows = np.arange(known.size + 1) * STEPS
    trusted = rng.uniform(size=known.size) < 0.5
    origins = np.asarray(START + MINUTE * known, dtype=np.float64)
    return Forecasts(LEVELS, origins + DELAY, origins, values, first, STEPS, trusted)


def at_once(minutes: Lanes, now: Lanes, looks: Lanes | None = None) -> SeenDemand:
    return SeenDemand(
        recorded=Recorded(START, minutes),
        now=now,
        delay=DELAY,
        per_replica=8.0,
        looks=looks,
        forecasts=forecasts(minutes),
    )


def alone(minutes: Lanes, now: float, look: float = NAN) -> Signal:
    """The signal as the loop has it at one tick: what lies before the recording is unknown."""
    rows = int(np.clip((now - DELAY - START) // MINUTE + 1, 0, minutes.size))
    made = forecasts(minutes)
    known = np.flatnonzero(sound(minutes[:rows]))
    last = known.size - 1
    values = made.values[STEPS * last : STEPS * (last + 1)].T
    outlook = Outlook(float(made.origins[last]), LEVELS, values) if known.size else None
    return Signal(
        name="demand",
        now=now,
        per_replica=8.0,
        newest=START + MINUTE * (rows - 1),
        minutes=np.concatenate((np.full(BEFORE, NAN), minutes[:rows])),
        look=NO_LOOK if np.isnan(look) else Look(now - DELAY, look),
        outlook=outlook,
        trusted=bool(made.trusted[last]) if known.size else False,
    )


LONG_GAP = [41.5, 300.0, *[NAN] * 70, 3.0, 40.0]


def ticks(minutes: Lanes, tick: float) -> Lanes:
    """Moments from before the recording until after its end."""
    return np.arange(START - 120.0, START + MINUTE * (minutes.size + 3), tick)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
@given(course=COURSES, tick=st.sampled_from([15.0, 60.0]))
@example(course=LONG_GAP, tick=15.0)
def test_every_question_has_the_same_answer(
    question: Callable[[Signal | SeenDemand], object], course: list[float], tick: float
) -> None:
    minutes = np.array(course)
    now = ticks(minutes, tick)
    asked = [question(alone(minutes, at)) for at in now.tolist()]
    np.testing.assert_allclose(question(at_once(minutes, now)), asked, rtol=1e-12, atol=1e-12)  # type: ignore[call-overload]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
@given(course=COURSES, luck=st.integers(0, 99))
def test_so_has_every_question_when_there_are_looks_between_the_minutes(
    question: Callable[[Signal | SeenDemand], object], course: list[float], luck: int
) -> None:
    minutes = np.array(course)
    now = ticks(minutes, 15.0)
    looks = np.random.default_rng(luck).choice([0.0, 41.0, 350.0, -7.0, NAN], now.size)
    asked = [question(alone(minutes, *at)) for at in zip(now.tolist(), looks, strict=True)]
    np.testing.assert_allclose(
        question(at_once(minutes, now, looks)),
        asked,
        rtol=1e-12,
        atol=1e-12,  # type: ignore[call-overload]
    )


@given(
    peaks=st.lists(st.sampled_from([0.0, 40.0, 300.0, NAN, float("inf")]), min_size=5, max_size=5),
    after=st.sampled_from([0.0, 90.0, 600.0]),
    offset=st.integers(-3, 12),
)
def test_so_has_what_days_repeat(peaks: list[float], after: float, offset: int) -> None:
    minutes = np.full(5 * 1440, NAN)
    for day, peak in enumerate(peaks):
        minutes[day * 1440 + 700] = peak
    now = START + MINUTE * (4 * 1440 + 700 - offset) + np.array([0.0, 15.0, 45.0])
    found = at_once(minutes, now).repeated(3.0, 120.0, after)
    asked = [alone(minutes, at).repeated(3.0, 120.0, after) for at in now.tolist()]
    np.testing.assert_allclose(found, asked)


@given(course=COURSES)
def test_so_have_its_age_and_its_trust(course: list[float]) -> None:
    minutes = np.array(course)
    now = ticks(minutes, 20.0)
    found, each = at_once(minutes, now), [alone(minutes, at) for at in now.tolist()]
    assert found.age().tolist() == [one.age for one in each]
    assert found.trusted().tolist() == [one.trusted for one in each]


def test_a_reach_beyond_the_forecasts_that_are_kept_is_refused() -> None:
    found = at_once(np.ones(10), np.arange(START, START + 600.0, 60.0))
    kept = forecasts(np.ones(10))._replace(steps=120)
    with pytest.raises(InvalidInput, match="900 s ahead is further than forecasts are kept"):
        replace(found, forecasts=kept).ahead(0.9, 900.0)

"""What becomes of an announced event: weighed by what came of it, and of those before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.adjustments.event_experts import Memory, middle
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import (
    DAY,
    LEVELS,
    Announcement,
    Context,
    Floats,
    Forecast,
    History,
    SeriesContext,
)
from tests.forecast.conformance import END, HORIZON

HOUR = 3600.0
DAY_SECONDS = 24 * HOUR
NOW = END // HOUR * HOUR
SHAPE = (0.2, 0.6, 1.0, 1.0, 0.5)
HOURS = 2.0


def event(start: float, **more: float) -> Announcement:
    """One of two hours, to five times its beginning, which is as high as usual."""
    return Announcement(
        start=start, end=start + HOURS * HOUR, shape=SHAPE, **({"times": 5.0} | more)
    )


def demand(minutes: int, *events: tuple[float, float]) -> Floats:
    """A hundred, and at some moments an event so many times as high as usual at its peak."""
    moments: Floats = NOW - 60.0 * np.arange(minutes - 1.0, -1, -1)
    values = np.full(minutes, 100.0)
    for start, times in events:
        one = event(start)
        values = np.where(one.during(moments), 100 * times * one.course(moments), values)
    return values


def foreseen(values: Floats, *events: Announcement, memory: Memory | None = None) -> Forecast:
    """What is foreseen of a series by persistence, and by what was announced."""
    known = History(NOW, values[:, None])
    plain = persistence().forecast(known, HORIZON)
    return heed(plain, known, Context((SeriesContext(events=events),)), memory)


def test_an_event_at_another_level_than_was_thought_goes_on_from_there() -> None:
    begun = NOW - 40 * 60
    made = foreseen(demand(5 * DAY, (begun, 10.0)), event(begun, level=100.0)).values[0, :, 0]
    assert made[19] == pytest.approx(1000.0, rel=0.05)


@pytest.mark.parametrize("grid", [1, 5, 10])
@pytest.mark.parametrize("since", [0, 1, 3, 5, 7, 10])
def test_an_event_that_has_only_just_begun_is_foreseen_as_announced(since: int, grid: int) -> None:
    begun = NOW - since * 60
    known = History(NOW, demand(5 * DAY, (begun, 5.0))[::-grid][::-1, None], 60.0 * grid)
    plain = persistence().forecast(known, HORIZON // grid)
    made = heed(plain, known, Context((SeriesContext(events=(event(begun),)),))).values[0, :, 0]
    assert 250.0 <= made[60 // grid - 1] <= 600.0


def test_an_event_that_does_not_take_place_is_given_up() -> None:
    begun = NOW - 40 * 60
    made = foreseen(demand(5 * DAY), event(begun)).values[0, :, 0]
    assert made[19] == pytest.approx(100.0, rel=0.1)


@pytest.mark.parametrize(
    ("came", "least", "most"),
    [
        pytest.param(5.0, 480.0, 520.0, id="they came as announced"),
        pytest.param(1.0, 90.0, 200.0, id="they brought nothing"),
    ],
)
def test_an_event_is_believed_as_those_before_it_came(
    came: float, least: float, most: float
) -> None:
    before = [NOW - days * DAY_SECONDS for days in (2, 4)]
    values = demand(14 * DAY) if came == 1 else demand(14 * DAY, *((at, came) for at in before))
    soon = NOW + 600
    made = foreseen(values, *(event(at) for at in before), event(soon)).values[0, :, 0]
    assert least <= made[9 + 60] <= most


def test_where_experts_differ_quantiles_are_wide() -> None:
    before = NOW - 2 * DAY_SECONDS
    values, top = demand(14 * DAY, (before, 3.0)), LEVELS.index(0.99)
    plain, unsure = (
        foreseen(values, *events).values[:, 70, 0]
        for events in ((), (event(before), event(NOW + 600)))
    )
    assert unsure[top] / unsure[0] > plain[top] / plain[0] + 0.1
    assert (np.diff(unsure) >= 0).all()


@pytest.mark.parametrize("shape", [SHAPE, ()], ids=["shape", "times"])
def test_a_first_announcement_is_reckoned_to_be_off_until_it_shows_what_it_is_worth(
    shape: tuple[float, ...],
) -> None:
    values = demand(14 * DAY)
    known = Announcement(start=NOW + 600, end=NOW + 600 + HOURS * HOUR, times=5.0, shape=shape)
    made = foreseen(values, known).values[:, 80, 0]
    adds = made[0] - 100
    assert made[LEVELS.index(0.9)] - made[0] >= 0.1 * adds
    assert made[LEVELS.index(0.99)] - made[0] >= 0.2 * adds


def test_what_earlier_events_showed_is_the_same_from_memory() -> None:
    memory, before = Memory(), NOW - 2 * DAY_SECONDS
    events = (event(before), event(NOW - 600))
    values = demand(14 * DAY, (before, 3.0), (NOW - 600, 3.0))
    for late in (2, 1, 0):  # minutes that are not known yet
        known = values[: values.size - late]
        told = foreseen(known, *events, memory=memory)
        assert np.array_equal(told.values, foreseen(known, *events).values)


def test_series_of_the_same_events_are_foreseen_as_each_alone() -> None:
    starts = (NOW - 2 * DAY_SECONDS, NOW - 600, NOW + 1800)
    grown = [demand(14 * DAY, *((at, times) for at in starts[:2])) for times in (5.0, 1.0, 9.0)]
    gappy, silent = grown[0].copy(), np.zeros(14 * DAY)
    gappy[-400::7] = gappy[-20:-15] = np.nan
    columns = [*grown, gappy, silent, np.full(14 * DAY, np.nan)]
    sizes: list[dict[str, float]] = [{}, {"level": 400.0}, {"peak": 300.0}, {"times": 2.0}, {}, {}]
    every = [tuple(event(at, **size) for at in starts) for size in sizes]
    every[1] = every[1][1:]  # one that knows of fewer events
    known = History(NOW, np.stack(columns, axis=1))
    plain = persistence().forecast(known, HORIZON)
    context = Context(tuple(SeriesContext(events=events) for events in every))
    together = heed(plain, known, context)
    for i, (values, events) in enumerate(zip(columns, every, strict=True)):
        alone = foreseen(values, *events).values[:, :, 0]
        assert together.values[:, :, i] == pytest.approx(alone, rel=1e-9, nan_ok=True)


def test_an_earlier_event_that_is_told_anew_is_weighed_anew() -> None:
    memory, before = Memory(), NOW - 2 * DAY_SECONDS
    events, values = (event(before), event(NOW + 600)), demand(14 * DAY, (before, 3.0))
    foreseen(values, *events, memory=memory)
    other = values.copy()
    other[-2 * DAY + 30] *= 20
    told, anew = (foreseen(other, *events, memory=each).values for each in (memory, None))
    assert np.array_equal(told, anew)
    assert not np.array_equal(told, foreseen(values, *events).values)


def test_an_event_is_followed_through_gaps() -> None:
    begun = NOW - 40 * 60
    values = demand(5 * DAY, (begun, 5.0))
    values[-20:-10] = np.nan
    values[-5:] = np.nan  # nothing is known of the last minutes
    plain = persistence().forecast(History(NOW, values[:-5][:, None]), HORIZON)
    context = Context((SeriesContext(events=(event(begun),)),))
    made = heed(plain, History(NOW, values[:, None]), context).values[0, :60, 0]
    assert np.isfinite(made).all()
    assert made.max() == pytest.approx(500.0, rel=0.1)


def test_the_future_is_not_looked_at() -> None:
    events = (event(NOW - 2 * DAY_SECONDS), event(NOW - 600))
    longer = np.concatenate((demand(14 * DAY, (NOW - 600, 4.0)), np.full(DAY, 7777.0)))
    one, other = longer.copy(), longer.copy()
    other[14 * DAY :] = 0.0
    made, same = (foreseen(values[: 14 * DAY], *events).values for values in (one, other))
    assert np.array_equal(made, same)


@pytest.mark.parametrize(("grid", "least"), [(5, 700.0), (10, 700.0), (60, 200.0)])
def test_events_are_followed_on_coarse_grids(grid: int, least: float) -> None:
    begun = NOW - HOUR
    values = demand(14 * DAY, (NOW - 2 * DAY_SECONDS, 5.0), (begun, 10.0))[::-grid][::-1]
    known = History(NOW, values[:, None], 60.0 * grid)
    events = (event(NOW - 2 * DAY_SECONDS), event(begun))
    plain = persistence().forecast(known, HORIZON // grid)
    made = heed(plain, known, Context((SeriesContext(events=events),))).values
    assert np.isfinite(made).all()
    assert (np.diff(made, axis=0) >= 0).all()
    assert made[0, : max(1, 30 // grid), 0].max() > least


tried = st.lists(st.floats(0, 1e6), min_size=2, max_size=5)


@given(tried, st.data())
def test_a_weighted_median_lies_among_its_values(values: list[float], data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.floats(0.01, 1), min_size=len(values), max_size=len(values)))
    weights = np.array(parts) / sum(parts)
    found = middle(np.array(values)[:, None], weights)[0]
    assert min(values) <= found <= max(values)


def test_a_weighted_median_is_what_nearly_everybody_says() -> None:
    tried = np.array([[1.0], [2.0], [3.0], [100.0]])
    assert middle(tried, np.array([0.01, 0.97, 0.01, 0.01]))[0] == pytest.approx(2.0, abs=0.1)
    assert middle(tried, np.full(4, 0.25))[0] == pytest.approx(2.5)

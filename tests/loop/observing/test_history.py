"""The minutes that are asked for, and those that are kept."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest

from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.observing.history import PATIENCE, Histories
from ebbtide.loop.ports.metrics import Instant, Minutes, Query, Reading, Span, Vector
from ebbtide.loop.workload import Wanted
from ebbtide_policies.demand import MINUTE, NO_LOOK, Look

EDGE = Query("live", "edge")
NOON = 43_200.0
HOUR = 3600.0
DAY = 24 * HOUR


class Store:
    """A metrics store that knows the minute of every moment, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Span] = []
        self.begun: list[tuple[Query, Span]] = []
        self.down = False
        self.busy = False
        self.unknown: set[float] = set()
        self.odd: dict[float, float] = {}
        self.looks: list[float] = []
        self.blind = False

    def answer(self, span: Span) -> Reading:
        if self.down:
            return MetricsUnavailable("connection refused")
        at = np.arange(span.start, span.end + 1, MINUTE)
        values = [self.odd.get(t, np.nan if t in self.unknown else t / MINUTE) for t in at]
        return Minutes(span.start, np.array(values))

    def read(self, wanted: Sequence[tuple[Query, Span | Instant]]) -> Sequence[Reading]:
        return [self._read(when) for _, when in wanted]

    def _read(self, when: Span | Instant) -> Reading:
        if isinstance(when, Span):
            self.asked.append(when)
            return self.answer(when)
        self.looks.append((when.at - NOON) / MINUTE)
        if self.down or self.blind:
            return MetricsUnavailable("connection refused")
        return Minutes(when.at, np.array([when.at / MINUTE]))

    def begin(self, query: Query, span: Span) -> None:
        self.begun.append((query, span))

    def vector(self, query: Query, label: str, memory: float) -> Vector:
        return {}

    def finished(self) -> Sequence[tuple[Query, Span, Reading]]:
        if self.busy:
            return []
        begun, self.begun = self.begun, []
        return [(query, span, self.answer(span)) for query, span in begun]

    def spans(self) -> Sequence[tuple[float, float]]:
        """What was asked since the last time, in minutes from noon."""
        asked, self.asked = self.asked, []
        return [((span.start - NOON) / MINUTE, (span.end - NOON) / MINUTE) for span in asked]


class World:
    """A store, and the histories that are read from it."""

    def __init__(self, length: float = 2 * HOUR) -> None:
        self.store = Store()
        self.histories = Histories(self.store)
        self.length = length

    def refresh(self, minute: float, *queries: Query) -> None:
        wanted = [Wanted(query, self.length) for query in queries or (EDGE,)]
        self.histories.refresh(wanted, NOON + minute * MINUTE)

    @property
    def values(self) -> Sequence[float]:
        """The minutes of the track, from noon."""
        return list(self.histories.track(EDGE).values - NOON / MINUTE)


def test_a_new_query_is_asked_for_its_last_hour_and_the_rest_in_the_background() -> None:
    world = World(length=DAY)
    world.refresh(0.5)
    assert world.store.spans() == [(-60, 0)]
    assert world.values == list(range(-1439, 1))


def test_a_short_history_needs_no_background() -> None:
    world = World(length=600.0)
    world.refresh(0.5)
    assert world.store.spans() == [(-9, 0)]
    assert world.store.begun == []


def test_only_a_new_minute_is_asked_for_with_the_last_two_that_may_be_provisional() -> None:
    world = World()
    world.refresh(0)
    world.store.spans()
    for seconds in (15, 30, 45):
        world.refresh(seconds / MINUTE)
    assert world.store.spans() == []
    world.store.odd[NOON] = 7.0
    world.refresh(1)
    assert world.store.spans() == [(-1, 1)]
    assert world.histories.track(EDGE).values[-2] == 7.0
    world.refresh(4)
    assert world.store.spans() == [(0, 4)]


def test_a_newest_minute_that_is_not_known_yet_is_asked_for_at_every_tick() -> None:
    world = World()
    world.store.unknown = {NOON}
    world.refresh(0)
    world.refresh(0.25)
    assert np.isnan(world.values[-1])
    world.store.unknown = set()
    world.refresh(0.5)
    assert world.store.spans() == [(-60, 0), (-1, 0), (-1, 0)]
    assert world.values[-1] == 0


def test_a_minute_that_is_missing_is_asked_for_again_for_ten_minutes() -> None:
    world = World()
    world.refresh(0)
    world.store.spans()
    world.store.unknown = {NOON + MINUTE}
    for minute in range(1, 14):
        world.refresh(minute)
    starts = [start for start, _ in world.store.spans()]
    assert starts == [-1, 0, *[1] * 9, 10, 11]
    assert np.isnan(world.values[-13])


def test_a_late_minute_is_taken_when_it_comes() -> None:
    world = World()
    world.store.unknown = {NOON - MINUTE}
    world.refresh(0)
    world.store.unknown = set()
    world.refresh(1)
    assert world.values[-3:] == [-1, 0, 1]


def test_an_infinite_minute_is_an_unknown_one() -> None:
    world = World()
    world.store.odd[NOON] = np.inf
    world.refresh(0)
    assert np.isnan(world.values[-1])


def test_a_first_read_that_fails_is_made_in_full_by_the_next() -> None:
    world = World(length=DAY)
    world.store.down = True
    world.refresh(0)
    assert isinstance(world.histories.track(EDGE).failure, MetricsUnavailable)
    assert world.store.begun == []
    world.store.down = False
    world.refresh(0.25)
    assert world.store.spans() == [(-60, 0), (-60, 0)]
    assert world.histories.track(EDGE).failure is None
    assert world.values == list(range(-1439, 1))


@pytest.mark.parametrize("minutes", [1, 30, 300])
def test_after_an_outage_everything_is_known_as_if_there_had_been_none(minutes: int) -> None:
    world, calm = World(length=DAY), World(length=DAY)
    world.refresh(0)
    world.store.down = True
    for minute in range(1, minutes):
        world.refresh(minute)
    world.store.down = False
    world.refresh(minutes)
    calm.refresh(minutes)
    assert world.values == calm.values
    assert all(end - start <= 60 for start, end in world.store.spans())


def test_a_background_that_fails_is_begun_again_and_said_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(length=DAY)
    others = [Query("live", name) for name in ("origin", "egress")]
    world.refresh(0, EDGE, *others)
    world.store.begun = [(q, Span(NOON - DAY, NOON - HOUR)) for q in (EDGE, *others)]
    world.store.down = True
    with caplog.at_level(logging.WARNING):
        world.refresh(0.25, EDGE, *others)
    assert len(world.store.begun) == 3
    assert caplog.messages == ["the past of 3 queries is not known yet: connection refused"]
    world.store.down = False
    world.refresh(0.5, EDGE, *others)
    assert world.store.begun == []


def test_a_past_is_whole_once_all_that_was_asked_for_has_come() -> None:
    world = World(length=DAY)
    world.store.busy = True
    world.refresh(0)
    track = world.histories.track(EDGE)
    assert (track.whole, track.edition) == (False, 0)
    world.store.busy = False
    world.refresh(1)
    assert (track.whole, track.edition) == (True, 1)


def test_a_past_that_can_not_be_had_is_not_waited_for_for_ever() -> None:
    world = World(length=DAY)
    world.refresh(0)
    track = world.histories.track(EDGE)
    world.store.begun = [(EDGE, span := Span(NOON - DAY, NOON - HOUR))]
    track.owed.add(span)
    world.store.down = True
    for tick in range(PATIENCE):
        assert not track.whole
        world.refresh(tick / 4)
    assert track.whole


def test_values_that_were_handed_out_do_not_change() -> None:
    world = World()
    world.store.unknown = {NOON}
    world.refresh(0)
    handed = world.histories.track(EDGE).values
    before = handed.copy()
    world.store.unknown = set()
    world.refresh(0.5)
    assert np.array_equal(handed, before, equal_nan=True)
    assert world.values[-1] == 0.0


def test_a_minute_that_could_not_be_read_stays_unknown_for_those_who_were_handed_it() -> None:
    world = World()
    world.refresh(0)
    world.store.down = True
    world.refresh(1)
    handed = world.histories.track(EDGE).values
    world.store.down = False
    world.refresh(1.25)
    assert np.isnan(handed[-1])
    assert world.values[-1] == 1.0


def test_a_query_that_nobody_wants_is_forgotten_with_its_background() -> None:
    world = World(length=DAY)
    origin = Query("live", "origin")
    world.refresh(0, EDGE, origin)
    world.store.begun = [(origin, Span(NOON - DAY, NOON - HOUR))]
    world.refresh(1)
    assert world.store.begun == []
    assert np.isnan(world.histories.latest(origin, NOON, HOUR))
    with pytest.raises(KeyError):
        world.histories.track(origin)


def test_each_query_is_asked_once_with_the_longest_past_that_is_wanted() -> None:
    world = World()
    world.histories.refresh([Wanted(EDGE, HOUR), Wanted(EDGE, 600.0)], NOON)
    assert world.store.spans() == [(-59, 0)]
    assert world.histories.track(EDGE).values.size == 60


def test_another_length_begins_anew() -> None:
    world = World(length=600.0)
    world.refresh(0)
    world.length = HOUR
    world.refresh(1)
    assert world.values == list(range(-58, 2))


def test_after_a_long_silence_the_whole_window_is_new() -> None:
    world = World(length=600.0)
    world.refresh(0)
    world.refresh(500)
    assert world.values == list(range(491, 501))


@pytest.mark.parametrize("back", [1 / 60, 1.9])
def test_a_clock_that_goes_back_a_little_is_waited_for(back: float) -> None:
    """Weeks of the past are not read anew, and the minutes that were read early are read again."""
    world = World(length=DAY)
    world.refresh(90)
    world.store.odd = {NOON + 89 * MINUTE: 7.0, NOON + 90 * MINUTE: 8.0}
    world.store.spans()
    world.refresh(90 - back)
    world.refresh(90)
    assert (world.store.spans(), world.values[-1]) == ([], 90)
    world.refresh(91)
    assert world.store.spans() == [(89, 91)]
    assert list(world.histories.track(EDGE).values[-3:-1]) == [7.0, 8.0]


def test_when_the_clock_is_set_back_all_is_read_anew() -> None:
    world = World()
    world.refresh(90)
    world.refresh(30)
    assert world.values == list(range(-89, 31))
    world.refresh(31)
    assert world.values[-1] == 31


def test_the_latest_value_is_told_only_while_it_is_fresh() -> None:
    world = World()
    world.store.unknown = {NOON}
    world.refresh(0)
    latest = world.histories.latest
    assert latest(EDGE, NOON, 180.0) == (NOON - MINUTE) / MINUTE
    assert np.isnan(latest(EDGE, NOON, 30.0))
    assert np.isnan(latest(EDGE, NOON + 600, 180.0))


def test_what_lies_outside_the_window_is_dropped() -> None:
    world = World(length=600.0)
    world.refresh(0)
    before = list(world.values)
    world.histories.track(EDGE).put(Minutes(NOON - DAY, np.ones(60)))
    world.histories.track(EDGE).put(Minutes(NOON + DAY, np.ones(60)))
    assert world.values == before


def looked(world: World, minute: float, *, closely: bool = True) -> Look:
    """What a look has found at a tick."""
    world.histories.refresh([Wanted(EDGE, HOUR), Wanted(EDGE, HOUR, closely)], NOON + minute * 60)
    return world.histories.track(EDGE).look


def test_demand_is_looked_at_closely_at_every_tick() -> None:
    world = World()
    for minute in (0.0, 0.25, 0.5):
        assert looked(world, minute) == Look(NOON + minute * 60, NOON / 60 + minute)
    assert world.store.looks == [0.0, 0.25, 0.5]


def test_a_look_is_at_a_whole_second_as_sources_know_no_finer_ones() -> None:
    assert looked(World(), 0.25 + 0.4 / 60) == Look(NOON + 15.0, NOON / 60 + 0.25)


def test_what_is_not_demand_is_not_looked_at() -> None:
    world = World()
    assert looked(world, 0.25, closely=False) == NO_LOOK
    assert world.store.looks == []


def test_a_look_that_fails_finds_nothing_and_stops_nothing() -> None:
    world = World()
    looked(world, 0.0)
    world.store.blind = True
    assert looked(world, 1.25) == NO_LOOK
    track = world.histories.track(EDGE)
    assert (track.failure, track.newest) == (None, NOON + 60)
    world.store.blind = False
    assert looked(world, 1.5).value == NOON / 60 + 1.5

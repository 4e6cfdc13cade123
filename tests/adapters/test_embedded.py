"""The embedded twin of a metrics store keeps the promises of its port."""

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.adapters.embedded.metrics import DemandMetrics, Period
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.clock import Clock
from ebbtide.loop.ports.metrics import Instant, Metrics, Minutes, Query, Span
from ebbtide.planning.demand.series import DemandSeries
from tests.fast_clock import FastClock

VIEWERS = Query("live", "sum(live_viewers)")
TEN = DemandSeries(start=0.0, minutes=np.arange(10.0))


def metrics(clock: Clock) -> DemandMetrics:
    return DemandMetrics({VIEWERS.promql: TEN}, clock.now, delay=30.0)


def values(store: Metrics, start: float, end: float) -> list[float]:
    (reading,) = store.read([(VIEWERS, Span(start, end))])
    assert isinstance(reading, Minutes)
    assert reading.start == start
    return [float(value) for value in reading.values]


NAN = pytest.approx(float("nan"), nan_ok=True)


def test_only_minutes_that_are_old_enough_are_known() -> None:
    clock = FastClock(150.0)
    assert values(metrics(clock), 60.0, 240.0) == [1.0, 2.0, NAN, NAN]
    clock.sleep(209.0)
    assert values(metrics(clock), 180.0, 180.0) == [NAN]
    clock.sleep(210.0)
    assert values(metrics(clock), 180.0, 180.0) == [3.0]


def test_beyond_the_series_and_for_an_unknown_query_there_is_nothing() -> None:
    store = metrics(FastClock(9000.0))
    assert values(store, -60.0, 0.0) == [NAN, 0.0]
    assert values(store, 540.0, 600.0) == [9.0, NAN]
    (reading,) = store.read([(Query("live", "nobody"), Span(0.0, 60.0))])
    assert isinstance(reading, Minutes)
    assert np.isnan(reading.values).all()


def test_a_series_can_be_put_under_its_query_later() -> None:
    store = metrics(FastClock(9000.0))
    store.answer("later", TEN)
    (reading,) = store.read([(Query("live", "later"), Span(60.0, 60.0))])
    assert isinstance(reading, Minutes)
    assert reading.values.tolist() == [1.0]


def test_an_outage_fails_every_read_until_it_is_over() -> None:
    clock = FastClock(100.0)
    store = metrics(clock)
    store.outages.append(Period(100.0, 200.0))
    (reading,) = store.read([(VIEWERS, Span(0.0, 60.0))])
    assert isinstance(reading, MetricsUnavailable)
    clock.sleep(200.0)
    assert values(store, 0.0, 60.0) == [0.0, 1.0]


def look(store: Metrics, at: float) -> list[float]:
    (reading,) = store.read([(VIEWERS, Instant(at))])
    assert isinstance(reading, Minutes)
    return [reading.start, *map(float, reading.values)]


def test_a_look_shows_what_was_drawn_between_the_minutes_as_late_as_they_are() -> None:
    store = metrics(FastClock(225.0))
    assert look(store, 225.0) == [195.0, NAN]
    store.answer(VIEWERS.promql, replace(TEN, apart=300.0))
    assert look(store, 225.0) == [195.0, 3.25]
    store.gaps.append(Period(180.0, 240.0))
    assert look(store, 225.0) == [195.0, NAN]
    assert look(store, 9000.0) == [8970.0, NAN]


def test_a_gap_stays_a_gap() -> None:
    store = metrics(FastClock(9000.0))
    store.gaps.append(Period(60.0, 180.0))
    assert values(store, 0.0, 180.0) == [0.0, NAN, NAN, 3.0]


def test_the_background_hands_over_each_span_once() -> None:
    store: Metrics = metrics(FastClock(9000.0))
    store.begin(VIEWERS, Span(0.0, 60.0))
    ((query, span, reading),) = store.finished()
    assert (query, span) == (VIEWERS, Span(0.0, 60.0))
    assert isinstance(reading, Minutes)
    assert store.finished() == []

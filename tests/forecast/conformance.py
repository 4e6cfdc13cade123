"""What every forecaster has to keep, built in or not.

A third party's forecaster is put through it with one line::

    check_forecaster(Tide)

Each check is a function that takes a maker of forecasters; `CHECKS` names them all.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ebbtide.forecast.clock import clock_of
from ebbtide.forecast.contract import (
    DAY,
    LEVELS,
    Announcement,
    Context,
    Floats,
    Forecast,
    Forecaster,
    History,
    SeriesContext,
)

Maker = Callable[[], Forecaster]

END = 1_794_398_400.0 + 17 * 60.0
"""A Wednesday, 2026-11-11 12:17 UTC: in the middle of an hour, as most minutes are."""
HORIZON = 120
HOUR = 60
NAN = float("nan")


def day_shape(minutes: int, seed: int = 1, level: float = 1000.0) -> Floats:
    """Demand with a season of a day and a noise that lasts for a while."""
    at = np.arange(minutes)
    shape = 1 + 0.6 * np.sin(2 * np.pi * at / DAY) + 0.2 * np.sin(4 * np.pi * at / DAY)
    shocks = np.random.default_rng(seed).normal(0.0, 0.015, minutes + 100)
    fading = 0.95 ** np.arange(100)
    noise = np.convolve(shocks, fading)[100 : 100 + minutes]
    return np.asarray(level * shape * np.exp(noise))


def _bursty(minutes: int) -> Floats:
    rng = np.random.default_rng(2)
    return np.where(rng.random(minutes) < 0.05, 100.0, 0.0)


def _with_gaps(minutes: int) -> Floats:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(minutes) < 0.2, NAN, day_shape(minutes))
    values[minutes // 2 : minutes // 2 + 40] = NAN
    values[-1] = 1000.0
    return values


def series(minutes: int) -> Mapping[str, Floats]:
    """Demand of many kinds, all of it known up to now."""
    return {
        "with a season": day_shape(minutes),
        "constant": np.full(minutes, 7.0),
        "zero": np.zeros(minutes),
        "bursty": _bursty(minutes),
        "silent at night": np.maximum(day_shape(minutes) - 800.0, 0.0),
        "tiny": day_shape(minutes, level=0.003),
        "huge": day_shape(minutes, level=1e12),
        "growing": np.linspace(1.0, 5000.0, minutes),
        "risen just now": np.concatenate((np.zeros(minutes - 1), [5.0])),
        "with gaps": _with_gaps(minutes),
    }


LENGTHS = (1, 4, HOUR, 3 * HOUR, DAY, 2 * DAY, 7 * DAY + 5)


def history(*columns: Floats, end: float = END) -> History:
    """A history that holds these series."""
    return History(end, np.stack(columns, axis=1))


def quantiles_are_sane(make: Maker) -> None:
    """For whatever is known, each quantile is finite, no less than nothing, and in order."""
    for length in LENGTHS:
        known = series(length)
        made = make().forecast(history(*known.values()), HORIZON)
        assert made.values.shape == (len(LEVELS), HORIZON, len(known))
        assert made.origin == END
        assert made.ordinary.shape == (DAY, len(known))
        assert made.trusted.shape == (len(known),)
        for i, (name, values) in enumerate(known.items()):
            found = made.values[:, :, i]
            assert np.isfinite(found).all(), (name, length)
            assert (found >= 0).all(), (name, length)
            assert (np.diff(found, axis=0) >= 0).all(), (name, length)
            most = np.nanmax(values)
            assert (found <= 5 * most).all(), (name, length, found.max(), most)


def the_same_history_gives_the_same_forecast(make: Maker) -> None:
    """Bit for bit, asked once more or asked of another process."""
    known = history(*series(3 * DAY).values())
    model = make()
    first, again, other = (one.forecast(known, HORIZON) for one in (model, model, make()))
    assert _same(first, again)
    assert _same(first, other)


def a_restart_changes_nothing(make: Maker) -> None:
    """What a process that went on forecasts, its successor does, at every minute of an hour.

    A forecaster whose memories fade says by its `tolerance` how far its successor may be off; it
    may remember more than a window of a few days holds.
    """
    whole = np.stack([day_shape(11 * DAY), _with_gaps(11 * DAY)], axis=1)
    every = 25 if _tolerance(make) else 5  # it begins anew each time, from days
    windows = (10 * DAY,) if _tolerance(make) else (DAY, 3 * DAY, 10 * DAY)
    for window in windows:
        model = make()
        model.forecast(History(END, whole[:window]), HORIZON)
        for minute in range(every, 75, every):
            seen = History(END + 60 * minute, whole[minute : minute + window])
            gone_on, anew = model.forecast(seen, HORIZON), make().forecast(seen, HORIZON)
            assert _alike(gone_on, anew, _tolerance(make)), (window, minute)


def late_minutes_are_learnt(make: Maker) -> None:
    """A history that was completed afterwards gives what it would have given at once."""
    known = history(day_shape(3 * DAY))
    gappy = known._replace(minutes=known.minutes.copy())
    gappy.minutes[: 2 * DAY] = NAN
    model = make()
    model.forecast(gappy, HORIZON)
    assert _same(model.forecast(known, HORIZON), make().forecast(known, HORIZON))


def nothing_is_changed(make: Maker) -> None:
    """The history is as it was, also when it is a window on something larger."""
    known = history(*series(2 * DAY).values())
    before = known.minutes.copy()
    known.minutes.flags.writeable = False
    make().forecast(known, HORIZON)
    assert np.array_equal(known.minutes, before, equal_nan=True)


def series_do_not_influence_each_other(make: Maker) -> None:
    """A series is forecast the same alone and in company, but for the noise of sums."""
    for length in (HOUR, 3 * DAY):
        known = series(length)
        together = make().forecast(history(*known.values()), HORIZON)
        for i, (name, values) in enumerate(known.items()):
            alone = make().forecast(history(values), HORIZON)
            noise = max(1e-9, _tolerance(make) / 10) * max(1.0, float(np.nanmax(values)))
            off = np.abs(alone.values[:, :, 0] - together.values[:, :, i])
            assert (off <= noise).all(), name
            assert alone.trusted[0] == together.trusted[i], name


def what_is_unknown_is_not_trusted(make: Maker) -> None:
    """A series of which nothing is known spoils no other, and is never followed."""
    for length in LENGTHS:
        unknown, good = np.full(length, NAN), day_shape(length)
        made = make().forecast(history(unknown, good), HORIZON)
        assert not made.trusted[0]
        assert np.isfinite(made.values[:, :, 1]).all()


def with_little_history_nothing_is_trusted(make: Maker) -> None:
    """A few minutes are no experience; nobody knows an ordinary day from one day."""
    made = make().forecast(history(day_shape(10)), HORIZON)
    assert not made.trusted[0]
    assert np.isnan(make().forecast(history(day_shape(DAY)), HORIZON).ordinary).all()


def an_ordinary_day_is_by_the_clock(make: Maker) -> None:
    """What an ordinary day asks for stands at its minute of the day in UTC."""
    peak = END - 5 * 3600.0
    at = END + 60.0 * np.arange(-8 * DAY + 1, 1)
    values = 1000 + 900 * np.cos(2 * np.pi * (at - peak) / (60 * DAY))
    ordinary = make().forecast(history(values), HORIZON).ordinary[:, 0]
    assert abs(int(ordinary.argmax()) - int(peak // 60) % DAY) <= 30


def an_event_of_today_is_not_usual(make: Maker) -> None:
    """Even where one day is all that there was before it."""
    values = np.full(2 * DAY + HOUR, 100.0)
    values[-HOUR:] = 900.0
    ordinary = make().forecast(history(values), HORIZON).ordinary
    assert np.nanmax(ordinary) < 120


def any_horizon_is_answered(make: Maker) -> None:
    """From ten minutes to a day."""
    for horizon in (10, HORIZON, DAY):
        made = make().forecast(history(day_shape(3 * DAY)), horizon)
        assert made.values.shape[1] == horizon


def nothing_after_the_origin_is_looked_at(make: Maker) -> None:
    """A history that is the beginning of a longer array is forecast as if nothing followed."""
    longer = np.stack([day_shape(4 * DAY), _with_gaps(4 * DAY)], axis=1)
    other = longer.copy()
    other[3 * DAY :] *= 7.0
    one, same = (make().forecast(History(END, v[: 3 * DAY]), HORIZON) for v in (longer, other))
    assert _same(one, same)


# --- what is known beside the history


def an_empty_context_says_nothing(make: Maker) -> None:
    """None at all, one of no series, and one of a series of which nothing is known."""
    known = history(day_shape(3 * DAY), _with_gaps(3 * DAY))
    nothing = Context((SeriesContext(), SeriesContext()))
    plain = make().forecast(known, HORIZON)
    for context in (Context(), nothing):
        assert _same(make().forecast(known, HORIZON, context), plain)


def an_announced_event_is_foreseen(make: Maker) -> None:
    """From an hour ahead: as a multiple, as a level, and by the shape of an earlier event."""
    start, end = END + HOUR * 60.0, END + 100 * 60.0
    values = day_shape(3 * DAY)
    unsaid = make().forecast(history(values), HORIZON)
    plain = unsaid.values[0, :, 0]
    level = 5 * float(values.max())
    usual = unsaid.ordinary[int(END // 60 + HOUR) % DAY :][:40, 0].max()
    usual = float(np.median(values[-HOUR:])) if np.isnan(usual) else float(usual)
    for event, least, most in (
        (Announcement(start=start, end=end, times=3.0), 2.0 * plain[79], 4.5 * plain[79]),
        (Announcement(start=start, end=end, level=level), 0.99 * level, 1.01 * level),
        (Announcement(start=start, end=end, times=9, shape=(0.1, 1, 0.1)), 8 * usual, 10 * usual),
    ):
        made = _told(make, history(values), (event,))
        assert least <= made.values[0, 79, 0] <= most, event
        assert np.array_equal(made.values[0, : HOUR - 1, 0], plain[: HOUR - 1])
        assert (np.diff(made.values, axis=0) >= 0).all()


def what_is_announced_of_one_series_moves_no_other(make: Maker) -> None:
    """And the order of the columns is that of the context."""
    known = history(day_shape(3 * DAY), day_shape(3 * DAY, seed=5))
    event = Announcement(start=END + 600.0, end=END + 3600.0, times=4.0)
    plain, told = make().forecast(known, HORIZON), _told(make, known, (), (event,))
    assert np.array_equal(told.values[:, :, 0], plain.values[:, :, 0])
    assert (told.values[0, 20:50, 1] > 2 * plain.values[0, 20:50, 1]).all()


def an_event_beyond_the_horizon_changes_nothing(make: Maker) -> None:
    """It has not been reached yet; the next minutes are what they are."""
    known = history(day_shape(3 * DAY))
    later = END + 2 * HORIZON * 60.0
    told = _told(make, known, (Announcement(start=later, end=later + 3600.0, times=9.0),))
    assert np.array_equal(told.values, make().forecast(known, HORIZON).values)


def an_event_that_is_less_than_announced_is_believed_less(make: Maker) -> None:
    """While it goes on, what has come of it scales what is still to come."""
    values = day_shape(3 * DAY)
    event = Announcement(start=END - 1800.0, end=END + 3600.0, times=5.0)
    made = _told(make, history(values), (event,)).values[0, :50, 0]
    assert (made < 2 * values[-30:].max()).all()


def any_day_and_any_zone_is_answered(make: Maker) -> None:
    """A holiday, in a zone that is not UTC's, and a clock that is changed."""
    today, berlin = int(END // 86400) + 719163, "Europe/Berlin"
    context = SeriesContext(time_zone=berlin, days={today: "Holiday"}, clock=clock_of(berlin))
    made = make().forecast(history(day_shape(8 * DAY)), HORIZON, Context((context,)))
    assert np.isfinite(made.values).all()


CHECKS: tuple[Callable[[Maker], None], ...] = (
    quantiles_are_sane,
    the_same_history_gives_the_same_forecast,
    a_restart_changes_nothing,
    late_minutes_are_learnt,
    nothing_is_changed,
    series_do_not_influence_each_other,
    what_is_unknown_is_not_trusted,
    with_little_history_nothing_is_trusted,
    an_ordinary_day_is_by_the_clock,
    an_event_of_today_is_not_usual,
    any_horizon_is_answered,
    nothing_after_the_origin_is_looked_at,
    an_empty_context_says_nothing,
    an_announced_event_is_foreseen,
    what_is_announced_of_one_series_moves_no_other,
    an_event_beyond_the_horizon_changes_nothing,
    an_event_that_is_less_than_announced_is_believed_less,
    any_day_and_any_zone_is_answered,
)


def check_forecaster(make: Maker) -> None:
    """Put a forecaster through every check."""
    for check in CHECKS:
        check(make)


def _told(make: Maker, known: History, *events: tuple[Announcement, ...]) -> Forecast:
    """What is foreseen of series of which this was announced, one by one."""
    context = Context(tuple(SeriesContext(events=said) for said in events))
    return make().forecast(known, HORIZON, context)


def _tolerance(make: Maker) -> float:
    """The share of the highest quantile by which a successor may be off; nought unless said."""
    return float(getattr(make(), "tolerance", 0.0))


def _alike(one: Forecast, other: Forecast, tolerance: float) -> bool:
    """Whether two forecasts are the same, bit for bit where nothing is tolerated."""
    if not tolerance:
        return _same(one, other)
    off = np.abs(one.values - other.values) <= tolerance * np.maximum(one.values, other.values)
    return one.origin == other.origin and bool(off.all())


def _same(one: Forecast, other: Forecast) -> bool:
    """Whether two forecasts are the same, bit for bit."""
    return one.origin == other.origin and all(
        np.array_equal(a, b, equal_nan=True)
        for a, b in ((one.values, other.values), (one.ordinary, other.ordinary))
    )

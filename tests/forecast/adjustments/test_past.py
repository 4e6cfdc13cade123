"""The past of some series, looked up by moments."""

from datetime import UTC, datetime

import numpy as np

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.adjustments.past import Past
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.clock import by_clock
from ebbtide.forecast.contract import (
    DAY,
    MINUTE,
    NEVER_CHANGED,
    Announcement,
    Context,
    Floats,
    History,
    SeriesContext,
)

NEW_YORK = "America/New_York"
CHANGED = datetime(2026, 3, 8, 7, tzinfo=UTC).timestamp()
"""The clock of New York is put forward."""
DAYS = 10
NOW = CHANGED + 2 * DAY * MINUTE + 16 * 60 * MINUTE
"""Seven in the evening, two days later."""
MOMENTS = NOW - MINUTE * np.arange(DAYS * DAY - 1.0, -1, -1)


def evening_after_evening() -> Floats:
    """Every day at eight by the clock demand is six times what it is by day, for a while."""
    minutes = by_clock((MOMENTS // MINUTE).astype(int), 1, NEW_YORK)
    by_day = (minutes - 5 * 60) % DAY  # five hours behind in winter
    return np.asarray(1000 + 5000 * np.exp(-(((by_day - 20 * 60) / 30.0) ** 2)))


def test_on_the_days_after_a_change_the_past_is_asked_by_the_clock() -> None:
    values = evening_after_evening()
    history, columns = History(NOW, values[:, None]), np.array([0])
    evening = NOW - DAY * MINUTE + np.arange(0, 7200, 600.0)
    came = Past.of(history, columns).at(evening)
    missed = {
        clock: np.abs(Past.of(history, columns, clock).without_news(evening - 3600, evening) - came)
        for clock in (NEW_YORK, NEVER_CHANGED)
    }
    assert missed[NEW_YORK].mean() < 0.05 * came.mean()
    assert missed[NEVER_CHANGED].mean() > 0.3 * came.mean()


def test_series_that_share_an_event_are_each_asked_by_their_own_clock() -> None:
    values = np.repeat(evening_after_evening()[:, None], 3, axis=1)
    history = History(NOW, values)
    shape = (0.2, 1.0, 0.5)
    events = tuple(
        Announcement(start=start, end=start + 7200, shape=shape, times=3.0)
        for start in (NOW - DAY * MINUTE + 1800, NOW + 1800)
    )
    clocks = NEW_YORK, NEVER_CHANGED, NEW_YORK
    known = [SeriesContext(events=events, clock=clock) for clock in clocks]
    plain = persistence().forecast(history, 120)
    made = heed(plain, history, Context(tuple(known))).values
    one = history._replace(minutes=values[:, :1])
    for column, context in enumerate(known):
        alone = heed(persistence().forecast(one, 120), one, Context((context,))).values
        assert np.allclose(made[:, :, column], alone[:, :, 0])
    assert not np.allclose(made[:, :, 0], made[:, :, 1])

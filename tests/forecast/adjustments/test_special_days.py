"""Special days: a holiday goes like a Sunday, and the day after it like a working day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ebbtide.forecast.adjustments.special_days import with_special_days
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import LEVELS, Context, Floats, Forecast, History, SeriesContext
from ebbtide.forecast.tide.forecaster import Tide

GRID = 600.0
ROWS = 144
AHEAD = 12
NEW_YEAR = date(2026, 1, 1)
"""A Thursday; Christmas a week before is one too."""
CHRISTMAS = date(2025, 12, 25)
WORK = 1000 + 600 * np.sin(2 * np.pi * (np.arange(ROWS) / ROWS - 0.25))
"""A working day peaks at noon."""
REST = 700 + 300 * np.cos(2 * np.pi * (np.arange(ROWS) / ROWS - 0.85))
"""A day of rest in the evening."""
HOLIDAYS: Mapping[int, str] = MappingProxyType(
    {CHRISTMAS.toordinal(): "Holiday", NEW_YEAR.toordinal(): "Holiday"}
)
DAYS = 28


def year_end(*, noise: float = 0.01, rest: Floats = REST) -> tuple[Floats, datetime]:
    """Four weeks before the second of January, and that day; and when they begin, in UTC."""
    first = NEW_YEAR - timedelta(days=DAYS - 1)
    days = []
    for i in range(DAYS + 1):
        day = first + timedelta(days=i)
        resting = day.weekday() == 6 or day.toordinal() in HOLIDAYS
        days.append(rest if resting else WORK)
    values = np.concatenate(days)
    rng = np.random.default_rng(3)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return np.asarray(values * np.exp(rng.normal(0, noise, values.size))), begin


def known_at(values: Floats, begin: datetime, day: date, hour: float) -> tuple[History, int]:
    """What is known at some hour of a day, and its last row."""
    row = (day - begin.date()).days * ROWS + round(hour * ROWS / 24) - 1
    return History(begin.timestamp() + GRID * row, values[: row + 1, None], GRID), row


def missed(made: Forecast, values: Floats, row: int) -> float:
    """The mean error of a forecast of some rows."""
    came = values[row + 1 : row + 1 + AHEAD]
    return float(np.abs(made.values[0, :, 0] - came).mean())


TOLD = Context((SeriesContext(days=HOLIDAYS),))


CHRISTMASTIDE = (CHRISTMAS, CHRISTMAS + timedelta(days=1))
EARLY = (1, 4)
"""Hours at which a day does not show by itself yet which days it is like."""


@cache
def errors_at_the_end_of_the_year() -> Mapping[date, Floats]:
    """What is missed early on each day, by who knows of the holiday and by who does not."""
    values, begin = year_end()
    with_it, without = Tide(), Tide()
    errors = {day: np.zeros(2) for day in CHRISTMASTIDE}
    for day, hour in product(CHRISTMASTIDE, EARLY):
        known, row = known_at(values, begin, day, hour)
        made = with_it.forecast(known, AHEAD, TOLD), without.forecast(known, AHEAD)
        errors[day] += [missed(one, values, row) for one in made]
        assert (np.diff(made[0].values, axis=0) >= 0).all()
    return errors


@pytest.mark.parametrize(
    ("day", "share"), [*zip(CHRISTMASTIDE, (0.7, 0.9), strict=True)], ids=["it", "day after"]
)
def test_a_holiday_at_the_end_of_the_year_is_foreseen_better_by_who_knows_of_it(
    day: date, share: float
) -> None:
    knows, does_not = errors_at_the_end_of_the_year()[day]
    assert knows < share * does_not


@pytest.mark.parametrize("hour", [10, 13, 16])
def test_a_holiday_that_nobody_told_of_is_soon_seen_to_be_like_other_days_of_rest(
    hour: int,
) -> None:
    values, begin = year_end()
    known, row = known_at(values, begin, CHRISTMAS, hour)
    assert missed(Tide().forecast(known, AHEAD), values, row) < 0.03 * values[row]


def test_a_holiday_that_goes_like_a_workday_is_soon_taken_for_one() -> None:
    values, begin = year_end()
    work = values.copy()
    work[-2 * ROWS : -ROWS] = WORK
    known, row = known_at(work, begin, NEW_YEAR, 12)
    plain = persistence().forecast(known, AHEAD)
    perfect = plain._replace(values=plain.values * 0 + work[row + 1 : row + 1 + AHEAD, None])
    made = with_special_days(perfect, known, TOLD).values[0, :, 0]
    assert made == pytest.approx(perfect.values[0, :, 0], rel=0.1)


def test_the_day_of_a_holiday_is_that_of_its_time_zone() -> None:
    values, begin = year_end()
    known, _ = known_at(values, begin, CHRISTMAS - timedelta(days=1), 18)  # it is Christmas there
    forecast = persistence().forecast(known, AHEAD)
    there = Context((SeriesContext(days=HOLIDAYS, time_zone="Asia/Shanghai"),))
    assert with_special_days(forecast, known, TOLD) is forecast
    assert with_special_days(forecast, known, there) is not forecast


def test_only_days_of_a_kind_of_their_own_are_moved() -> None:
    values, begin = year_end()
    known, _ = known_at(values, begin, date(2025, 12, 18), 12)
    forecast = persistence().forecast(known, AHEAD)
    assert with_special_days(forecast, known, TOLD) is forecast


def test_a_make_up_workday_on_a_weekend_is_like_workdays() -> None:
    values, begin = year_end()
    sunday = date(2025, 12, 28)
    context = Context((SeriesContext(days={sunday.toordinal(): "Workday"}),))
    begun = (sunday - begin.date()).days * ROWS
    values[begun : begun + ROWS] = WORK
    known, _ = known_at(values, begin, sunday, 8)
    plain = persistence().forecast(known, AHEAD)
    made = with_special_days(plain, known, context).values[0, :, 0]
    assert plain.values[0, -1, 0] < made[-1] < 1.1 * WORK.max()
    assert with_special_days(plain, known, TOLD) is plain


def test_series_of_different_calendars_do_not_meet() -> None:
    values, begin = year_end()
    known, _ = known_at(values, begin, NEW_YEAR, 9)
    both = known._replace(minutes=np.repeat(known.minutes, 3, axis=1))
    context = Context((SeriesContext(), *TOLD.series, SeriesContext(days={1: "Holiday"})))
    made = with_special_days(persistence().forecast(both, AHEAD), both, context).values
    alone = with_special_days(persistence().forecast(known, AHEAD), known, TOLD).values[:, :, 0]
    plain = persistence().forecast(known, AHEAD).values[:, :, 0]
    assert np.array_equal(made[:, :, 1], alone)
    assert np.array_equal(made[:, :, 0], plain)
    assert np.array_equal(made[:, :, 2], plain)


@pytest.mark.parametrize("rows", [1, ROWS // 2, 2 * ROWS])
def test_without_a_day_of_the_kind_nothing_is_moved(rows: int) -> None:
    values, begin = year_end()
    known, _ = known_at(values, begin, CHRISTMAS, 9)
    short = known._replace(minutes=known.minutes[-rows:])
    forecast = persistence().forecast(short, AHEAD)
    assert with_special_days(forecast, short, TOLD) is forecast


def test_gaps_and_silence_are_answered() -> None:
    values, begin = year_end()
    known, _ = known_at(values, begin, NEW_YEAR, 9)
    gappy = known.minutes.copy()
    gappy[::3] = np.nan
    gappy[-5:-1] = np.nan
    for minutes in (gappy, np.zeros_like(gappy)):
        there = known._replace(minutes=minutes)
        made = with_special_days(persistence().forecast(there, AHEAD), there, TOLD).values
        assert np.isfinite(made).all()
        assert (made >= 0).all()


@pytest.mark.parametrize("changed", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_holiday_whose_clock_is_changed_goes_like_those_before_it(changed: date) -> None:
    """Days of rest go by the clock of Berlin, and so does this one, an hour apart in UTC."""
    zone = ZoneInfo("Europe/Berlin")
    noon = datetime(changed.year, changed.month, changed.day, 12, tzinfo=zone).timestamp()
    moments = noon + GRID * np.arange(-21 * ROWS, AHEAD + 1)
    local = [datetime.fromtimestamp(moment, zone) for moment in moments.tolist()]
    values = np.array([_by_the_clock(one) for one in local])
    known = History(noon, values[:-AHEAD, None], GRID)
    plain = persistence().forecast(known, AHEAD)
    days = MappingProxyType({changed.toordinal(): "Holiday"})
    told = Context((SeriesContext(days=days, time_zone="Europe/Berlin"),))
    made = with_special_days(plain, known, told).values[0, :, 0]
    assert made == pytest.approx(values[-AHEAD:], rel=0.02)


def _by_the_clock(local: datetime) -> float:
    curve = REST if local.weekday() == 6 else WORK
    return float(curve[(local.hour * 60 + local.minute) // 10])


MINUTES = 1440
SALE = date(2026, 1, 30)
SALES: Mapping[int, str] = MappingProxyType(
    dict.fromkeys((SALE.toordinal() - 15, SALE.toordinal()), "Sale")
)


@pytest.mark.parametrize(("hour", "minutes"), [(22, 119), (23, 90), (23.5, 60), (23.9, 30)])
def test_a_sale_that_leaps_at_midnight_is_held_for_possible_before(
    hour: float, minutes: int
) -> None:
    begin, rng = SALE - timedelta(days=29), np.random.default_rng(2)
    of_the_day = np.arange(31 * MINUTES) % MINUTES / MINUTES
    usual = 100 * (1.2 - np.cos(2 * np.pi * (of_the_day - 1 / 6)))
    times = [2.5 if (begin + timedelta(days=i)).toordinal() in SALES else 1.0 for i in range(31)]
    noise = rng.normal(1, 0.03, usual.size)
    values = usual * np.repeat(times, MINUTES) * noise
    row = 28 * MINUTES + round(hour * 60)
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC).timestamp()
    known = History(start + 60.0 * row, values[: row + 1, None], 60.0)
    made = Tide().forecast(known, 120, Context((SeriesContext(days=SALES),))).values[:, minutes, 0]
    came = values[row + 1 + minutes]
    plain = usual[row + 1 + minutes]
    assert plain < made[0] < came < made[LEVELS.index(0.99)] < 1.5 * came

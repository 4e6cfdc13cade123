"""The days of a country: the kinds that they have, and names that are none."""

from datetime import date

import pytest

from ebbtide.api.events.country_days import YEARS, country_days
from ebbtide.api.reading.parse import parse_calendar
from ebbtide.errors import InvalidInput


@pytest.mark.parametrize(
    ("country", "part", "day", "kind"),
    [
        pytest.param("CN", None, "2026-02-17", "Holiday", id="a holiday by the moon"),
        pytest.param("CN", None, "2026-02-14", "Workday", id="a Saturday that is worked"),
        pytest.param("CN", None, "2026-03-08", "HalfHoliday", id="half a day"),
        pytest.param("US", None, "2026-07-03", "Holiday", id="observed on the Friday before"),
        pytest.param("US", None, "2026-07-04", "Holiday", id="and on its own day"),
        pytest.param("DE", None, "2027-01-06", None, id="not in all of the country"),
        pytest.param("DE", "BY", "2027-01-06", "Holiday", id="in a part of it"),
        pytest.param("DE", "BY", "1994-05-12", "Holiday", id="long ago"),
        pytest.param("IN", None, "2040-01-26", "Holiday", id="beyond the years of the moon"),
    ],
)
def test_a_day_has_the_kind_that_its_country_gives_it(
    country: str, part: str | None, day: str, kind: str | None
) -> None:
    assert country_days(country, part).get(date.fromisoformat(day).toordinal()) == kind


def test_days_are_known_for_the_same_years_whenever_they_are_asked_for() -> None:
    years = {date.fromordinal(day).year for day in country_days("FR", None)}
    assert years == set(YEARS)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({"country": "XX"}, "spec.country: the holidays of 'XX' are", id="country"),
        pytest.param(
            {"country": "AT", "subdivision": "ZZ"},
            "spec.subdivision: of AT, 'ZZ' is none of 1, 2",
            id="part",
        ),
        pytest.param(
            {"country": "SG", "subdivision": "ZZ"},
            "spec.subdivision: of SG, 'ZZ' is not known: it has none",
            id="no parts",
        ),
        pytest.param({"country": "XX", "subdivision": "ZZ"}, "spec.country", id="both"),
    ],
)
def test_a_name_that_is_not_known_is_refused(spec: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_calendar(spec)


def test_a_calendar_that_says_nothing_of_days_has_none() -> None:
    assert not parse_calendar({}).kinds_of_days
    assert parse_calendar({"country": "CN"}).kinds_of_days.by_ordinal()

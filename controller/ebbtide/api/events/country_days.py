"""The days that a country has of a kind of their own: holidays, and weekends that are worked.

The dates are those of the package `holidays`. It is loaded where a country is named, as it knows
hundreds of them. What is known of a country does not depend on the day that it is asked on.
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

YEARS = range(1990, 2051)
"""Years whose days are known, as far as the country's are."""
PUBLIC, HALF_DAY = "public", "half_day"
HOLIDAY, HALF_HOLIDAY, WORKDAY = "Holiday", "HalfHoliday", "Workday"


@cache
def subdivisions() -> Mapping[str, Sequence[str]]:
    """The countries (ISO 3166-1, two letters) whose days are known, with their subdivisions."""
    from holidays import list_supported_countries  # noqa: PLC0415  # takes a quarter of a second

    every = list_supported_countries(include_aliases=False)
    return {country: tuple(parts) for country, parts in every.items()}


def known_country(country: str) -> str:
    """The country, if its days are known.

    Raises:
        ValueError: they are not.

    """
    if country not in subdivisions():
        raise ValueError(f"the holidays of {country!r} are not known; write them under days")
    return country


def known_subdivision(country: str, subdivision: str) -> str:
    """The part of a country, if it has holidays of its own.

    Raises:
        ValueError: it is not known.

    """
    parts = subdivisions()[country]
    if subdivision not in parts:
        known = f"is none of {', '.join(parts)}" if parts else "is not known: it has none"
        raise ValueError(f"of {country}, {subdivision!r} {known}")
    return subdivision


@cache
def country_days(country: str, subdivision: str | None) -> Mapping[int, str]:
    """The kinds of the days of a country, by their ordinal; both of its names have to be known.

    A holiday that is observed on another day is one on both. On a half-day holiday, part of the
    day is worked.
    """
    from holidays import country_holidays  # noqa: PLC0415  # takes a quarter of a second

    known = country_holidays(country, subdiv=subdivision).supported_categories
    kinds: dict[int, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are not known for all of the years
        for category, kind in ((HALF_DAY, HALF_HOLIDAY), (PUBLIC, HOLIDAY)):
            if category not in known:
                continue
            days = country_holidays(country, subdiv=subdivision, years=YEARS, categories=category)
            kinds |= {day.toordinal(): kind for day in days}
            kinds |= {day.toordinal(): WORKDAY for day in days.weekend_workdays}
    return MappingProxyType(kinds)

"""Quantities mean what people mean, and come back as they were written."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from ebbtide_policies.quantities import (
    COUNT_PATTERN,
    DURATION_PATTERN,
    LONGEST,
    SHARE_PATTERN,
    Count,
    Duration,
    Share,
    parse_count,
    parse_duration,
    parse_share,
    show_count,
    show_duration,
    show_share,
)


class Written(BaseModel):
    duration: Duration = 90.0
    share: Share = 0.05
    count: Count = 800.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90s", 90, id="seconds"),
        pytest.param("5m", 300, id="minutes"),
        pytest.param("1h30m", 5400, id="parts"),
        pytest.param("28d", 28 * 86400, id="days"),
        pytest.param("1.5h", 5400, id="fraction"),
        pytest.param("250ms", 0.25, id="milliseconds"),
        pytest.param("1m250ms", 60.25, id="minutes-and-milliseconds"),
        pytest.param("0s", 0, id="nothing"),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        pytest.param("5%", 0.05, id="whole"),
        pytest.param("0.01%", 0.0001, id="small"),
        pytest.param("250%", 2.5, id="above-one"),
    ],
)
def test_a_share_is_a_fraction(text: str, fraction: float) -> None:
    assert parse_share(text) == pytest.approx(fraction, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param(800, 800, id="number"),
        pytest.param("800", 800, id="text"),
        pytest.param("5k", 5000, id="thousands"),
        pytest.param("2.4M", 2.4e6, id="millions"),
        pytest.param("1G", 1e9, id="billions"),
        pytest.param("0.5", 0.5, id="fraction"),
        pytest.param(0, 0, id="nothing"),
    ],
)
def test_a_count_is_a_number(text: object, number: float) -> None:
    assert parse_count(text) == number


@pytest.mark.parametrize(
    "text", [60, 1.5, None, True, "", "60", "m", "-5m", "5 m", "5M", "1e3s", "1" * 40 + "s"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration; write it with units, like 90s"):
        parse_duration(text)


@pytest.mark.parametrize("text", [5, 0.05, None, "5", "%", "-5%", "5 %", "5%\n"])
def test_what_is_no_share_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="is not a percentage; write it like 5%"):
        parse_share(text)


@pytest.mark.parametrize("text", [-1, 0.5, True, None, "", "k", "-1", "5K", "1e3", "5 k"])
def test_what_is_no_count_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="is not a count; write it like 800, 5k"):
        parse_count(text)


def test_a_fraction_without_quotes_is_told_how_to_be_written() -> None:
    with pytest.raises(ValueError, match=r'and a fraction in quotes: "0\.5"$'):
        parse_count(0.5)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param(show_duration(5400), "1h30m", id="duration"),
        pytest.param(show_duration(0), "0s", id="no-time"),
        pytest.param(show_duration(86400 + 0.5), "1d500ms", id="day-and-half-a-second"),
        pytest.param(show_duration(1.001), "1s1ms", id="a-float-that-is-a-hair-less"),
        pytest.param(show_share(0.0001), "0.01%", id="share"),
        pytest.param(show_count(2.4e6), 2400000, id="whole-count"),
        pytest.param(show_count(0.5), "0.5", id="fraction"),
    ],
)
def test_a_quantity_is_shown_as_people_write_it(shown: object, text: object) -> None:
    assert shown == text


@given(st.integers(0, 10**13))
def test_a_duration_comes_back(milliseconds: int) -> None:
    text = show_duration(milliseconds / 1000)
    assert re.fullmatch(DURATION_PATTERN, text)
    assert parse_duration(text) == pytest.approx(milliseconds / 1000, rel=1e-12, abs=1e-9)


@given(st.integers(0, 10**8))
def test_a_share_comes_back(hundredths_of_a_percent: int) -> None:
    fraction = hundredths_of_a_percent / 10000
    text = show_share(fraction)
    assert re.fullmatch(SHARE_PATTERN, text)
    assert parse_share(text) == pytest.approx(fraction, rel=1e-9)


@given(st.one_of(st.integers(0, 10**15).map(float), st.decimals(0, 10**5, places=3).map(float)))
def test_a_count_comes_back(number: float) -> None:
    shown = show_count(number)
    assert isinstance(shown, int) or re.fullmatch(COUNT_PATTERN, shown)
    assert parse_count(shown) == pytest.approx(number, rel=1e-9)


@given(st.text(max_size=8) | st.from_regex(DURATION_PATTERN, fullmatch=True))
def test_a_duration_is_refused_exactly_where_the_pattern_refuses_it(text: str) -> None:
    fits = re.fullmatch(DURATION_PATTERN, text) is not None and len(text) <= LONGEST
    try:
        parse_duration(text)
    except ValueError:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize(
    ("quantity", "pattern"),
    [
        pytest.param(Duration, DURATION_PATTERN, id="duration"),
        pytest.param(Share, SHARE_PATTERN, id="share"),
        pytest.param(Count, COUNT_PATTERN, id="count"),
    ],
)
def test_the_schema_has_the_pattern_that_is_accepted(quantity: Any, pattern: str) -> None:
    assert TypeAdapter(quantity).json_schema()["pattern"] == pattern


def test_a_model_writes_what_it_reads() -> None:
    read = Written.model_validate({"duration": "1h30m", "share": "0.01%", "count": "2.4M"})
    assert (read.duration, read.count) == (5400, 2.4e6)
    assert read.share == pytest.approx(0.0001)
    assert read.model_dump() == {"duration": "1h30m", "share": "0.01%", "count": 2400000}
    assert Written.model_validate(read.model_dump()) == read

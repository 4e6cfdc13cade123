"""Demand as a series: what is true, what can be seen, and what a CSV may say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.recording import read_recording
from ebbtide.planning.demand.series import DemandSeries, by_minute

NAN = float("nan")


def read_csv(text: str) -> DemandSeries:
    """What a recording tells, one value a minute."""
    return by_minute(read_recording(text))


def series(*values: float, start: float = 600.0) -> DemandSeries:
    return DemandSeries(start=start, minutes=np.array(values))


def test_the_truth_is_linear_between_minutes_and_through_gaps() -> None:
    demand = series(10.0, 20.0, NAN, 40.0)
    assert demand.at(np.array([600.0, 630.0, 720.0, 780.0])).tolist() == [10.0, 15.0, 30.0, 40.0]
    assert float(demand.at(0.0)) == 10.0
    assert demand.end == 780.0


def test_what_is_seen_is_the_newest_minute_that_is_old_enough() -> None:
    demand = series(10.0, 20.0, NAN, 40.0)
    seen = demand.seen(np.array([629.0, 630.0, 689.0, 690.0, 750.0, 810.0, 900.0]), 30.0)
    np.testing.assert_array_equal(seen, [NAN, 10.0, 10.0, 20.0, NAN, 40.0, NAN])


def test_a_series_never_changes() -> None:
    with pytest.raises(ValueError, match="read-only"):
        series(1.0).minutes[0] = 2.0


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param(("2018-01-07T14:00:00Z", "2018-01-07T14:01:00Z"), id="zulu"),
        pytest.param(("2018-01-07T14:00:00", "2018-01-07T14:01:00"), id="no zone is UTC"),
        pytest.param(("2018-01-07 22:00:00+08:00", "2018-01-07 22:01+08:00"), id="an offset"),
        pytest.param(("2018-01-07 14:00:00 UTC", "2018-01-07 14:01:00 UTC"), id="UTC in letters"),
        pytest.param(("1515333600", "1515333660.0"), id="epoch seconds"),
    ],
)
def test_timestamps_are_iso_8601_or_epoch_seconds(stamps: tuple[str, str]) -> None:
    demand = read_csv(f"timestamp,value\n{stamps[0]},5\n{stamps[1]},6\n")
    assert demand.start == 1515333600.0
    assert demand.minutes.tolist() == [5.0, 6.0]


def test_an_empty_value_is_a_gap() -> None:
    demand = read_csv("timestamp,value\n0,5\n60,\n120,nan\n180,8\n")
    np.testing.assert_array_equal(demand.minutes, [5.0, NAN, NAN, 8.0])


@pytest.mark.parametrize("word", ["null", "NULL", "None", "NA", "n/a", "NaN", "-"])
def test_what_tools_write_for_an_unknown_value_is_a_gap_and_never_zero(word: str) -> None:
    demand = read_csv(f"timestamp,value\n0,5\n60,{word}\n120,8\n")
    np.testing.assert_array_equal(demand.minutes, [5.0, NAN, 8.0])


def test_a_row_that_is_not_there_is_a_gap() -> None:
    demand = read_csv("timestamp,value\n0,5\n60,6\n120,7\n300,8\n")
    np.testing.assert_array_equal(demand.minutes, [5.0, 6.0, 7.0, NAN, NAN, 8.0])


def test_a_row_that_ends_before_its_value_is_a_gap() -> None:
    demand = read_csv("timestamp,value\n0,5\n60\n120,8\n")
    np.testing.assert_array_equal(demand.minutes, [5.0, NAN, 8.0])


def test_names_of_columns_may_have_capitals_and_spaces() -> None:
    assert read_csv("Timestamp, Value\n0, 5\n60, 6\n").minutes.tolist() == [5.0, 6.0]


def test_other_columns_their_order_and_a_byte_order_mark_do_not_matter() -> None:
    text = "\ufeffvalue,app,timestamp\r\n5,edge,0\r\n\r\n6,edge,60\r\n"
    assert read_csv(text).minutes.tolist() == [5.0, 6.0]


@given(st.integers(1, 90), st.lists(st.integers(0, 1000), min_size=2, max_size=8))
def test_a_coarse_grid_is_interpolated_to_minutes(step: int, values: list[int]) -> None:
    rows = "".join(f"{60 * step * row},{value}\n" for row, value in enumerate(values))
    demand = read_csv("timestamp,value\n" + rows)
    assert demand.minutes[::step].tolist() == values
    at = np.arange((len(values) - 1) * step + 1) / step
    np.testing.assert_allclose(demand.minutes, np.interp(at, range(len(values)), values))


def test_only_a_coarse_grid_shows_what_was_between_the_minutes() -> None:
    at = 600 + np.array([-900.0, -15.0, 0.0, 15.0, 150.0, 300.0, 315.0, 900.0])
    coarse = read_csv("timestamp,value\n600,0\n900,20\n")
    np.testing.assert_allclose(coarse.between(at), [NAN, NAN, 0.0, 1.0, 10.0, 20.0, NAN, NAN])
    assert np.isnan(read_csv("timestamp,value\n600,0\n660,20\n").between(at)).all()
    assert np.isnan(DemandSeries(start=600.0, minutes=np.ones(9)).between(at)).all()


def test_minutes_beside_a_gap_of_a_coarse_grid_are_unknown() -> None:
    demand = read_csv("timestamp,value\n0,2\n120,4\n240,\n360,8\n")
    np.testing.assert_array_equal(demand.minutes, [2.0, 3.0, 4.0, NAN, NAN, NAN, 8.0])


def test_points_beside_the_whole_minute_are_moved_onto_it() -> None:
    demand = read_csv("timestamp,value\n30,10\n90,20\n150,30\n")
    assert (demand.start, demand.minutes.tolist()) == (60.0, [15.0, 25.0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "line 1: there is nothing here", id="empty"),
        pytest.param("a;b\n0;1\n", "line 1: columns timestamp and value .* ';'", id="semicolons"),
        pytest.param("timestamp,value,value\n0,1,2\n", "line 1: two columns .* value", id="two"),
        pytest.param("timestamp,value\n0,1,234\n", "line 2: 3 cells where .* 2; a de", id="comma"),
        pytest.param("timestamp,viewers\n0,1\n", "line 1: column value missing", id="column"),
        pytest.param("timestamp,value\n0,1\n", "line 2: at least two rows", id="one row"),
        pytest.param("timestamp,value\n0,1\n60,abc\n", "line 3: value 'abc'", id="no number"),
        pytest.param("timestamp,value\n0,1\n60,-1\n", "line 3: value '-1'", id="negative"),
        pytest.param("timestamp,value\n0,1\n60,inf\n", "line 3: value 'inf'", id="infinite"),
        pytest.param("timestamp,value\n0,1\nnoon,2\n", "line 3: timestamp 'noon'", id="no time"),
        pytest.param("timestamp,value\n0,1\n,2\n", "line 3: timestamp ''", id="no timestamp"),
        pytest.param("timestamp,value\nnan,1\n60,2\n", "line 2: timestamp 'nan'", id="nan time"),
        pytest.param(
            "timestamp,value\n0,1\n0,2\n60,3\n",
            "line 3: .* twice; add up the series",
            id="duplicate",
        ),
        pytest.param("timestamp,value\n0,1\n120,2\n60,3\n", "line 4: .* earlier", id="unsorted"),
        pytest.param(
            "timestamp,value\n0,1\n60,2\n120,2\n210,3\n",
            "line 5: 90 s after .* 60 s",
            id="off grid",
        ),
        pytest.param(
            "timestamp,value\n0,1\n60,2\n121,2\n180,3\n239,4\n420,4\n",
            r"line 4: 61 s after .* 60 s apart but for some seconds \(up to 1\); round all time",
            id="a second late or early",
        ),
        pytest.param(
            "timestamp,value\n0,1\n59,2\n120,2\n179,3\n240,4\n299,4\n",
            r"line 3: 59 s after .* 60 s apart but for some seconds \(up to 1\); round all time",
            id="mostly early",
        ),
        pytest.param(
            "timestamp,value\n0,1\n300,2\n602,2\n900,3\n",
            r"line 4: 302 s after .* 300 s apart but for some seconds \(up to 2\)",
            id="on a coarse grid",
        ),
        pytest.param(
            "timestamp,value\n0,1\n15,2\n31,2\n45,3\n",
            "line 4: 16 s after the row before, where others are 15 s",
            id="four a minute",
        ),
        pytest.param("timestamp,value\n-60,1\n0,2\n", "line 2: .* before 1970", id="before 1970"),
        pytest.param(f"timestamp,value\n0,{'x' * 99}\n", r"line 2: value 'x{40}\.\.\.'", id="long"),
        pytest.param("timestamp,value\n0,1\n30,2\n60,3\n", "line 3: .* whole minutes", id="30 s"),
        pytest.param("timestamp,value\n0,\n60,\n", "line 3: no row has a value", id="no value"),
        pytest.param("timestamp,value\n0,1\n9e9,2\n", "line 3: .* ten years", id="ages"),
        pytest.param(
            "timestamp,value\n1515333600000,1\n1515333660000,2\n", "line 2: .*milli", id="millis"
        ),
        pytest.param("timestamp,value\n0," + "1" * 200_000, "line 2: field larger", id="csv error"),
    ],
)
def test_a_csv_that_cannot_be_understood_is_refused_by_line(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_csv(text)

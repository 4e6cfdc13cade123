"""Samples taken out of the text of an answer: the same numbers, without an object for each."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.adapters.prometheus.samples import condensed

MOMENTS = st.floats(0, 4e9) | st.integers(0, 4_000_000_000)
VALUES = st.floats().map(repr) | st.sampled_from(["NaN", "+Inf", "-Inf", "1e+06", "0.1"])
SERIES = st.lists(st.tuples(MOMENTS, VALUES), min_size=1, max_size=9)
LABELS = st.dictionaries(st.sampled_from(["app", "values"]), st.text(max_size=30))
LAYOUTS = st.sampled_from([(",", ":"), (", ", ": "), (",\n ", " : ")])


@given(st.lists(st.tuples(LABELS, SERIES), max_size=4), LAYOUTS)
def test_every_number_is_the_one_that_json_would_have_read(
    told: list[tuple[dict[str, str], list[tuple[float, str]]]], layout: tuple[str, str]
) -> None:
    answer = [{"metric": labels, "values": samples} for labels, samples in told]
    text, samples = condensed(json.dumps(answer, separators=layout).encode())
    left = json.loads(text)
    assert [series["metric"] for series in left] == [labels for labels, _ in told]
    assert [series["values"] for series in left] == list(range(len(told)))
    for (_, expected), found in zip(told, samples, strict=True):
        np.testing.assert_array_equal(found.moments, [float(at) for at, _ in expected])
        np.testing.assert_array_equal(found.values, [float(value) for _, value in expected])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"values":[]}', id="no samples"),
        pytest.param('{"values":[[1,"many"]]}', id="words"),
        pytest.param('{"values":[[1,null]]}', id="nothing"),
        pytest.param('{"values":[[1,2]]}', id="a value that is not quoted"),
        pytest.param('{"values":[[1,"2","3"],[4]]}', id="not in pairs"),
        pytest.param('{"values":[[1,"2"],[[3,"4"]]}', id="nested"),
        pytest.param('{"values":[[1,"2"', id="cut off"),
        pytest.param('{"value":[1,"2"]}', id="an instant"),
        pytest.param(json.dumps({"app": '"values":[[1,"2"]]'}), id="a label that looks like it"),
    ],
)
def test_what_is_no_list_of_samples_stays_as_it_stands(text: str) -> None:
    assert condensed(text.encode()) == (text.encode(), [])

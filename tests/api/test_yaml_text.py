"""YAML means what the API server takes it for, and every field has its line."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.yaml_text import Fault, Path, read

BILLIONS = "a: &a [x, x, x, x]\n" + "".join(
    f"{one}: &{one} [*{before}, *{before}, *{before}, *{before}]\n"
    for before, one in pairwise("abcdefghijklmnop")
)

SCALARS = [
    pytest.param("19:00", "19:00", id="clock-stays-text"),
    pytest.param("2026-11-10", "2026-11-10", id="date-stays-text"),
    pytest.param("2026-11-10 20:00:00", "2026-11-10 20:00:00", id="moment-stays-text"),
    pytest.param("5%", "5%", id="share-is-text"),
    pytest.param("2.4M", "2.4M", id="count-is-text"),
    pytest.param("true", True, id="true"),
    pytest.param("Off", False, id="off-is-false"),
    pytest.param("no", False, id="no-is-false"),
    pytest.param("y", True, id="y-is-true"),
    pytest.param("nO", "nO", id="no-of-another-case-is-text"),
    pytest.param("~", None, id="tilde-is-null"),
    pytest.param("", None, id="nothing-is-null"),
    pytest.param('""', "", id="empty-text"),
    pytest.param('"5"', "5", id="quoted-number-is-text"),
    pytest.param("'no'", "no", id="quoted-no-is-text"),
    pytest.param("!!str 5", "5", id="tagged-number-is-text"),
    pytest.param("12", 12, id="whole-number"),
    pytest.param("-12", -12, id="negative"),
    pytest.param("1_000", 1000, id="underscores"),
    pytest.param("0x1F", 31, id="hexadecimal"),
    pytest.param("0b101", 5, id="binary"),
    pytest.param("0o17", 15, id="octal"),
    pytest.param("017", 15, id="old-octal"),
    pytest.param("-017", -15, id="negative-octal"),
    pytest.param("018", 18, id="no-octal"),
    pytest.param("1.5", 1.5, id="fraction"),
    pytest.param(".5", 0.5, id="fraction-without-zero"),
    pytest.param("5.0", 5, id="fraction-of-nothing-is-whole"),
    pytest.param("1e3", 1000, id="exponent"),
    pytest.param("+.", "+.", id="no-number"),
    pytest.param("1.2.3", "1.2.3", id="version"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_word_is_what_the_api_server_reads(text: str, value: object) -> None:
    found = read(f"word: {text}\n").documents[0].body
    assert found == {"word": value}
    assert type(found["word"]) is type(value)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param("{1: a, true: b, 1.5: c}", {"1": "a", "true": "b", "1.5": "c"}, id="keys"),
        pytest.param("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}, id="anchor"),
        pytest.param(
            "a: &x {b: 1, d: 2}\nc: {<<: *x, b: 3}",
            {"a": {"b": 1, "d": 2}, "c": {"b": 3, "d": 2}},
            id="merge-key",
        ),
        pytest.param(
            "a: &x {b: 1}\nd: &z {b: 2, e: 3}\nc: {<<: [*x, *z]}",
            {"a": {"b": 1}, "d": {"b": 2, "e": 3}, "c": {"b": 1, "e": 3}},
            id="merge-keys",
        ),
        pytest.param("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}, id="block"),
        pytest.param('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}, id="json"),
    ],
)
def test_a_document_is_plain_values(text: str, body: object) -> None:
    found = read(text)
    assert found.documents[0].body == body
    assert not found.why
    assert not found.documents[0].faults


def test_empty_documents_are_left_out() -> None:
    assert [d.body for d in read("---\n# none\n---\na: 1\n---\n").documents] == [{"a": 1}]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("a",), 2, id="field"),
        pytest.param(("a", "b"), 3, id="field-inside"),
        pytest.param(("c", 1), 6, id="item"),
        pytest.param(("c", 1, "d"), 6, id="field-of-an-item"),
        pytest.param(("a", "b", "none", 3), 3, id="nearest-of-what-is-not-written"),
        pytest.param(("none",), 2, id="whole-document"),
    ],
)
def test_a_field_has_its_line(path: Path, line: int) -> None:
    document = read("# remark\na:\n  b: 1\nc:\n  - 1\n  - {d: 2}\n").documents[0]
    assert document.line(path) == line


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("a: 1\na: 2", Fault(("a",), "'a' is written twice"), id="twice"),
        pytest.param(
            "b:\n  c: 1\n  'c': 2", Fault(("b", "c"), "'c' is written twice"), id="twice-inside"
        ),
        pytest.param(
            "a: &x {b: *x}", Fault(("a", "b"), "an anchor stands inside itself"), id="recursive"
        ),
        pytest.param("a: {<<: 5}", Fault(("a",), "<< takes a map"), id="merge-of-no-map"),
    ],
)
def test_what_is_ambiguous_is_a_fault(text: str, fault: Fault) -> None:
    assert read(text).documents[0].faults == (fault,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: [1, 2", 2, id="open-list"),
        pytest.param("a: 1\n\tb: 2", 2, id="tab"),
        pytest.param("a: *nobody", 1, id="unknown-anchor"),
        pytest.param("a: 1\nb: \x01", 2, id="control-character"),
        pytest.param(BILLIONS, 1, id="anchors that ask for billions"),
        pytest.param("a: " + "[" * 3000, 1, id="thousands of brackets"),
    ],
)
def test_what_is_no_yaml_is_told_by_line(text: str, line: int) -> None:
    found = read(text)
    assert found.broken_at == line
    assert found.why


def test_what_stands_before_a_broken_place_is_read() -> None:
    found = read("a: 1\n---\nb: [\n")
    assert [document.body for document in found.documents] == [{"a": 1}]
    assert found.broken_at >= 3


@given(st.text(alphabet="ab01:-.~yn \n#&*<'\"[]{},|>%!", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read(text)
    assert found.why or found.broken_at == 0

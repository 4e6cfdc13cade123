"""`ebbtide check`: what is wrong, where, and why."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ebbtide, Told
from tests.cli.packages import install
from tests.cli.samples import CALENDAR, EDGE, HILL, csv, write

WRONG = EDGE.replace("max: 500", "max: many")


def test_right_files_are_ok(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, days_yaml=CALENDAR)
    assert ebbtide("check", "edge.yaml", "days.yaml") == (0, "ok: 2 files\n", "")


def test_a_problem_is_told_with_line_field_and_why(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=WRONG)
    told = ebbtide("check", "edge.yaml")
    first, last = told.out.splitlines()
    assert first.startswith("edge.yaml:9: spec.replicas.max: ")
    assert "'many'" in first
    assert last == "1 problem"
    assert told.code == 1


def test_problems_are_counted_by_file(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=WRONG.replace("min: 2", "min: few"), days_yaml=CALENDAR)
    told = ebbtide("check", "edge.yaml", "days.yaml")
    assert told.out.splitlines()[-1] == "2 problems in 1 of 2 files"


def test_a_problem_stays_one_line_on_a_narrow_terminal(ebbtide: Ebbtide, tmp_path: Path) -> None:
    name = f"{'long-' * 40}name.yaml"
    (tmp_path / name).write_text(WRONG)
    assert len(ebbtide("check", name).out.splitlines()) == 2


def test_text_in_brackets_is_shown_as_it_stands(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE.replace("mode: DryRun", "mode: '[bold]:ok:'"))
    assert "[bold]:ok:" in ebbtide("check", "edge.yaml").out


def test_a_forecaster_that_is_not_installed_is_told_with_those_that_are(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=f"{EDGE}  forecast: {{model: Oracle}}\n")
    assert ebbtide("check", "edge.yaml").out == (
        "edge.yaml:10: spec.forecast.model: 'Oracle' is not one of Auto, DSP, HoltWinters, "
        "NaiveDay, NaiveWeek, Persistence, Seasonal, Tide\n1 problem\n"
    )


@pytest.mark.parametrize("model", ["Auto", "Persistence", "Calm"])
def test_any_forecaster_that_is_installed_may_be_named(
    ebbtide: Ebbtide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "Calm = calm:Calm", "forecasters")
    write(tmp_path, edge_yaml=f"{EDGE}  forecast: {{model: {model}}}\n")
    assert ebbtide("check", "edge.yaml").out == "ok: 1 file\n"


def test_standard_input_is_read(ebbtide: Ebbtide) -> None:
    assert ebbtide("check", "-", stdin=EDGE.encode()) == (0, "ok: 1 file\n", "")


def test_a_missing_file_is_input_refused(ebbtide: Ebbtide) -> None:
    told = ebbtide("check", "nowhere.yaml")
    assert told == (3, "", "ebbtide: nowhere.yaml can't be read: No such file or directory\n")


def test_bytes_that_are_no_text_are_input_refused(ebbtide: Ebbtide) -> None:
    assert ebbtide("check", "-", stdin=b"a: \xff") == (3, "", "ebbtide: - is not text in UTF-8\n")


def test_no_file_is_wrong_usage(ebbtide: Ebbtide) -> None:
    assert ebbtide("check").code == 2


@pytest.mark.parametrize(
    ("unserved", "history", "days"),
    [
        pytest.param("0.1%", "7d", 8, id="a week, and it takes more"),
        pytest.param("0.1%", "8d", None, id="more than a week"),
        pytest.param("0.001%", "14d", 15, id="two weeks, of what is rare"),
        pytest.param("0.001%", "28d", None, id="as it is unless something is said"),
    ],
)
def test_an_objective_is_held_against_the_history_that_is_read_for_it(
    ebbtide: Ebbtide, tmp_path: Path, unserved: str, history: str, days: int | None
) -> None:
    text = f"{EDGE}  objective: {{unserved: {unserved}}}\n  forecast: {{history: {history}}}\n"
    write(tmp_path, edge_yaml=text)
    told = ebbtide("check", "edge.yaml")
    first, *more = told.out.splitlines()
    if days is None:
        assert first == "ok: 1 file"
    else:
        assert first.startswith("edge.yaml:11: spec.forecast.history: warning: ")
        assert f"{history} never tell of so many" in first
        assert more == [f"    → raise it to {days}d or more", "1 warning"]


def test_without_an_objective_no_history_is_too_short(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=f"{EDGE}  forecast: {{history: 1d}}\n")
    assert ebbtide("check", "edge.yaml").out == "ok: 1 file\n"


# --- against its own past ---------------------------------------------------------------------


def past(ebbtide: Ebbtide, folder: Path, text: str, *options: str) -> Told:
    write(folder, edge_yaml=text, hill_csv=csv())
    return ebbtide("check", "edge.yaml", "--csv", "hill.csv", *options)


SMALL = EDGE.replace("max: 500", "max: 30")


def test_a_maximum_below_the_peak_of_the_past_is_an_error(ebbtide: Ebbtide, tmp_path: Path) -> None:
    told = past(ebbtide, tmp_path, SMALL)
    first, todo, *_, last = told.out.splitlines()
    assert first.startswith(
        "edge.yaml:9: spec.replicas.max: error: demand took 40 replicas at 2026-03-02 13:00 UTC"
    )
    assert todo == "    → raise it to 44 or more"
    assert last == "1 error, 1 note"
    assert told.code == 1


def test_findings_are_json_for_programs(ebbtide: Ebbtide, tmp_path: Path) -> None:
    found = json.loads(past(ebbtide, tmp_path, SMALL, "--json").out)
    assert [(one["field"], one["severity"], one["line"]) for one in found] == [
        ("spec.replicas.max", "error", 9),
        ("spec.forecast.history", "note", 4),
    ]
    assert {one["policy"] for one in found} == {"live/edge"}
    assert {one["file"] for one in found} == {"edge.yaml"}


def test_warnings_are_errors_for_the_strict(ebbtide: Ebbtide, tmp_path: Path) -> None:
    narrow = EDGE.replace("max: 500", "max: 42")
    told = past(ebbtide, tmp_path, narrow)
    assert (told.code, told.out.splitlines()[-1]) == (0, "1 warning, 1 note")
    assert past(ebbtide, tmp_path, narrow, "--strict").code == 1


def test_a_policy_that_fits_its_past_is_ok(ebbtide: Ebbtide, tmp_path: Path) -> None:
    fits = EDGE.replace("max: 500", "max: 60") + "  forecast: {history: 1h}\n"
    told = past(ebbtide, tmp_path, fits)
    assert told == (0, "ok: its past has nothing to say against it\n", "")


ZERO = "{query: sum(viewers), whenAbsent: Zero, alive: {query: avg(up)}}"


@pytest.mark.parametrize(
    ("demand", "unknown"),
    [
        pytest.param("{query: sum(viewers)}", True, id="is unknown"),
        pytest.param(ZERO, False, id="is zero, where the policy says so"),
    ],
)
def test_a_demand_that_is_absent(
    ebbtide: Ebbtide, tmp_path: Path, demand: str, unknown: bool
) -> None:
    text = EDGE.replace("{query: sum(viewers)}", demand)
    write(tmp_path, edge_yaml=text, hill_csv=csv([*HILL, *[""] * 60, *HILL]))
    told = ebbtide("check", "edge.yaml", "--csv", "hill.csv").out
    assert ("of the minutes are unknown" in told) is unknown


def test_an_event_of_the_calendars_beside_it_is_held_against_the_maximum(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    tomorrow = CALENDAR.replace("2026-03-02", "2026-03-03")
    write(tmp_path, edge_yaml=EDGE.replace("max: 500", "max: 60"), days_yaml=tomorrow)
    write(tmp_path, hill_csv=csv())
    told = ebbtide("check", "edge.yaml", "days.yaml", "--csv", "hill.csv")
    assert "event opening is expected to need 88 replicas" in told.out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--history", "28d"], "--history and --ready go with", id="no source"),
        pytest.param(
            ["--csv", "hill.csv", "--ready", "up"], "--history and --ready go with", id="a file"
        ),
        pytest.param(
            ["--csv", "hill.csv", "--prometheus", "http://there:1"], "either --csv", id="both"
        ),
        pytest.param(
            ["--prometheus", "http://there:1", "--history", "soon"], "--history: 'soon'", id="span"
        ),
    ],
)
def test_a_past_that_is_nowhere_is_refused(
    ebbtide: Ebbtide, tmp_path: Path, options: list[str], why: str
) -> None:
    write(tmp_path, edge_yaml=EDGE, hill_csv=csv())
    told = ebbtide("check", "edge.yaml", *options)
    assert told.code == 3
    assert why in told.err


def test_files_without_a_policy_have_no_past(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, days_yaml=CALENDAR, hill_csv=csv())
    told = ebbtide("check", "days.yaml", "--csv", "hill.csv")
    assert told == (3, "", "ebbtide: there is no CapacityPolicy in these files\n")


def test_a_source_that_does_not_answer_has_a_code_of_its_own(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=EDGE)
    told = ebbtide("check", "edge.yaml", "--prometheus", "http://127.0.0.1:9")
    assert (told.code, told.out) == (4, "")


@pytest.mark.parametrize(
    ("text", "code", "found"),
    [
        pytest.param(EDGE, 0, [], id="nothing"),
        pytest.param(WRONG, 1, [("edge.yaml", 9, "spec.replicas.max", "error")], id="a problem"),
    ],
)
def test_what_is_wrong_with_a_file_alone_is_json_for_programs_too(
    ebbtide: Ebbtide, tmp_path: Path, text: str, code: int, found: list[object]
) -> None:
    write(tmp_path, edge_yaml=text)
    told = ebbtide("check", "edge.yaml", "--json")
    printed = [
        (one["file"], one["line"], one["field"], one["severity"]) for one in json.loads(told.out)
    ]
    assert (told.code, printed) == (code, found)

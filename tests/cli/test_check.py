"""`ebbtide check`: what is wrong, where, and why."""

from pathlib import Path

from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, write

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


def test_standard_input_is_read(ebbtide: Ebbtide) -> None:
    assert ebbtide("check", "-", stdin=EDGE.encode()) == (0, "ok: 1 file\n", "")


def test_a_missing_file_is_input_refused(ebbtide: Ebbtide) -> None:
    told = ebbtide("check", "nowhere.yaml")
    assert told == (3, "", "ebbtide: nowhere.yaml can't be read: No such file or directory\n")


def test_bytes_that_are_no_text_are_input_refused(ebbtide: Ebbtide) -> None:
    assert ebbtide("check", "-", stdin=b"a: \xff") == (3, "", "ebbtide: - is not text in UTF-8\n")


def test_no_file_is_wrong_usage(ebbtide: Ebbtide) -> None:
    assert ebbtide("check").code == 2

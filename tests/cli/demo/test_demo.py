"""`ebbtide demo`: a promotion from war to peace, and what it cost beside others."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, HILL, csv, write

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
ERASE_LINE = "\x1b[2K"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    hour = [value / 2 for value in HILL]
    write(tmp_path, hill_csv=csv(hour), edge_yaml=EDGE, days_yaml=CALENDAR)


@pytest.mark.timeout(900)  # a minute of processor time, and machines have other things to do
def test_a_synthetic_promotion_goes_from_war_to_peace_and_ends_by_itself() -> None:
    command = [sys.executable, "-m", "ebbtide.cli", "demo"]
    left_out = {"FORCE_COLOR", "COVERAGE_PROCESS_CONFIG"}  # a week takes thrice as long if traced
    quiet = {k: v for k, v in os.environ.items() if k not in left_out}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=880, env=quiet
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "ebbtide demo: a synthetic promotion, seed 1" in done.stdout
    assert "announced: opening" in done.stdout
    [shown] = re.findall(r"```text\n(UTC .*?)```", README, re.DOTALL)
    assert set(shown.splitlines()) <= set(done.stdout.splitlines())  # the front page's rows
    rows = [line.split() for line in done.stdout.splitlines() if line[7:].startswith("1")]
    phases = [row[3] for row in rows if len(row) > 8]
    announced = phases[phases.index("Prewarm") :]
    assert announced.index("War") < announced.index("Ebb")
    assert phases[-1] == "Peace"
    assert "less idle capacity" in done.stdout
    assert "fewer live sessions cut off" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 110


def test_a_recording_of_ones_own_ends_with_the_scores(ebbtide: Ebbtide) -> None:
    told = ebbtide("demo", "--csv", "hill.csv")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("ebbtide demo: hill.csv, decided by the loop of the operator\n")
    assert "live/stream-edge, 2.0 hours, Mon 02 12:00 to Mon 02 13:59 UTC" in told.out
    [head] = [line for line in told.out.splitlines() if "static peak" in line and "HPA" in line]
    assert head.split() == ["ebbtide", "HPA", "static", "peak"]
    assert "Beside the HPA that is best in hindsight" in told.out
    assert "live sessions cut off" in told.out


def test_the_same_demo_twice_is_the_same_to_the_letter(ebbtide: Ebbtide) -> None:
    first, again = (ebbtide("demo", "--csv", "hill.csv", "--seed", 3) for _ in range(2))
    assert first == again


def test_a_policy_of_ones_own_decides_with_the_calendar_beside_it(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=f"{EDGE}---\n{CALENDAR}")
    told = ebbtide("demo", "--csv", "hill.csv", "--policy", "edge.yaml")
    assert told.code == 0
    assert "live/edge" in told.out
    assert "EventFloor" in told.out


def test_a_terminal_shows_the_present_why_and_how_far_it_is(
    ebbtide: Ebbtide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "24")
    told = ebbtide("demo", "--csv", "hill.csv", "--speed", "3600")
    assert told.code == 0
    live, _, summary = told.out.rpartition(ERASE_LINE)
    assert "━" in live
    assert "%" in live
    assert "min is 10" in live
    assert "Beside the HPA that is best in hindsight" in summary
    assert "━" not in summary


def test_no_more_simulated_time_passes_than_was_asked_for(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv([100] * 11))
    told = ebbtide("demo", "--csv", "hill.csv", "--speed", "1200")
    assert told.code == 0


def test_one_policy_at_a_time(ebbtide: Ebbtide) -> None:
    told = ebbtide("demo", "--csv", "hill.csv", "--policy", "days.yaml")
    assert told == (3, "", "ebbtide: the demo wants one CapacityPolicy, not 0\n")


@pytest.mark.parametrize("option", ["--csv", "--policy"])
def test_a_missing_file_is_input_refused(ebbtide: Ebbtide, option: str) -> None:
    told = ebbtide("demo", option, "nowhere")
    assert told == (3, "", "ebbtide: nowhere can't be read: No such file or directory\n")


def test_no_time_can_not_pass(ebbtide: Ebbtide) -> None:
    assert ebbtide("demo", "--speed", "0").code == 2

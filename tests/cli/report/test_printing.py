"""The report on paper: the drawings, the tables, and of the record what a reader of paper needs."""

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ebbtide.cli.report.changes import MOST_PRINTED
from tests.cli.conftest import Ebbtide
from tests.cli.report.browser import NEEDS_BROWSER, answered, browsed
from tests.cli.samples import CALENDAR, EDGE, HILL, csv, write

PLAN = ("plan", "edge.yaml", "days.yaml", "--csv", "hill.csv", "--tick", "60s")
QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"
CHANGE = re.compile(r'<details id="[^"]+"( class="kept")?[^>]*>.*?([\d,]+) → ([\d,]+)<')
PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve hours of a demand that goes up and down, planned once for all who look at the page."""
    folder = tmp_path_factory.mktemp("plan")
    write(folder, edge_yaml=QUICK, days_yaml=CALENDAR, hill_csv=csv([*HILL] * 6))
    command = [sys.executable, "-m", "ebbtide.cli", *PLAN, "--report", "plan.html"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "plan.html"


def test_paper_has_the_largest_changes_and_those_that_begin_a_phase(plan: Path) -> None:
    found = plan.read_text("utf-8")
    changes = [
        (bool(kept), abs(int(to) - int(before))) for kept, before, to in CHANGE.findall(found)
    ]
    printed = [size for kept, size in changes if kept]
    assert len(changes) > 4 * MOST_PRINTED
    assert len(printed) == MOST_PRINTED
    assert max(printed) == max(size for _, size in changes)
    for phase in ("prewarm", "war", "ebb"):
        first = found.partition(f'<span class="key-{phase} in">')[0].rpartition("<details")[2]
        assert 'class="kept"' in first


def test_paper_says_how_many_changes_it_leaves_out_and_where_they_are(plan: Path) -> None:
    found = plan.read_text("utf-8")
    all_ = len(CHANGE.findall(found))
    assert f"On paper: {MOST_PRINTED} of {all_} changes" in found
    assert f"The other {all_ - MOST_PRINTED} are on the page on a screen" in found
    assert "ebbtide plan --json" in found


def test_a_short_record_goes_on_paper_whole(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=QUICK, days_yaml=CALENDAR, hill_csv=csv(HILL[:20]))
    assert ebbtide(*PLAN, "--report", "plan.html").code == 0
    found = Path("plan.html").read_text("utf-8")
    assert all(kept for kept, _, _ in CHANGE.findall(found))
    assert "On paper" not in found


@NEEDS_BROWSER
def test_a_plan_prints_on_a_few_sheets(plan: Path, tmp_path: Path) -> None:
    browsed(plan, f"--print-to-pdf={tmp_path}/plan.pdf")
    assert len(PAGE.findall((tmp_path / "plan.pdf").read_bytes())) <= 4


@NEEDS_BROWSER
def test_a_screen_has_every_change_and_no_word_of_paper(plan: Path) -> None:
    script = """
    const seen = one => one.getBoundingClientRect().height > 0;
    document.title = [[...document.querySelectorAll("details")].every(seen),
                      [...document.querySelectorAll(".paper")].some(seen)].join();
    """
    assert answered(plan, script) == "true,false"


@pytest.mark.parametrize("room", ["ebbtide.cli.report", "ebbtide.cli.backtest"])
def test_dark_colours_are_for_screens_only(room: str) -> None:
    page = files(room).joinpath("page.html").read_text("utf-8")
    dark = re.findall(r"@media ([^{]*prefers-color-scheme: dark[^{]*) \{", page)
    assert dark == ["screen and (prefers-color-scheme: dark)"]


def test_a_filter_is_offered_only_where_a_script_can_run_it(plan: Path) -> None:
    assert re.search(r'<input [^>]*class="filter"[^>]* hidden>', plan.read_text("utf-8"))

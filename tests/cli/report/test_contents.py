"""The contents of a report of many workloads: what each comes to, and the way to it and back."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Ebbtide
from tests.cli.report.browser import NEEDS_BROWSER, answered
from tests.cli.samples import EDGE, HILL, csv, write

QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"
MOST = {"edge": 500, "chat": 10, "gifts": 25, "auth": 500}
"""Replicas that each may have: of the hill's 40 one is far short, one a little."""
MANY = "---\n".join(
    QUICK.replace("edge", name).replace("max: 500", f"max: {most}") for name, most in MOST.items()
)
PLAN = ("plan", "many.yaml", "--csv", "hill.csv", "--tick", "60s", "--report", "plan.html")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, many_yaml=MANY, hill_csv=csv(HILL[::3]))


def page(ebbtide: Ebbtide, *options: str) -> str:
    told = ebbtide(*PLAN, *options)
    assert (told.code, told.err) == (0, "")
    return Path("plan.html").read_text("utf-8")


def contents(found: str) -> str:
    return found.partition("<nav")[2].partition("</nav>")[0]


def test_the_worst_shortfall_stands_first(ebbtide: Ebbtide) -> None:
    names = re.findall(r'<a href="[^"]*">([^<]*)</a>', contents(page(ebbtide)))
    assert names[:2] == ["live/chat", "live/gifts"]
    assert sorted(names) == sorted(f"live/{name}" for name in MOST)


def test_every_row_leads_to_its_workload_and_every_workload_back(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    links = re.findall(r'<a href="#([^"]*)">', contents(found))
    assert links
    assert sorted(links) == sorted(re.findall(r'<section id="([^"]*)"', found))
    assert found.count('class="back" href="#:contents"') == len(MOST)


def test_it_sums_up_and_marks_those_that_are_short(ebbtide: Ebbtide) -> None:
    found = contents(page(ebbtide))
    assert f"{len(MOST)} workloads, 2026-03-02 12:00 to " in found
    short = [row for row in found.split("<tr>") if 'class="lacks"' in row]
    assert f"Short of replicas at some time: {len(short)}." in found
    assert 'class="lacks">0<' not in found
    assert any("live/chat" in row for row in short)


def test_a_few_workloads_are_found_without_contents(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, many_yaml="---\n".join(MANY.split("---\n")[:3]))
    found = page(ebbtide)
    assert "<nav" not in found
    assert 'class="back"' not in found


def test_it_is_there_in_chinese_as_well(ebbtide: Ebbtide) -> None:
    found = contents(page(ebbtide, "--lang", "zh"))
    assert "<h2>全部工作负载</h2>" in found
    assert f"{len(MOST)} 个工作负载" in found


def test_policies_that_are_compared_have_contents_and_no_sum(ebbtide: Ebbtide) -> None:
    names = [f"edge.yaml,replicas.max={most}" for most in (10, 20, 30, 40)]
    write(Path(), edge_yaml=QUICK)
    told = ebbtide("compare", *names, *PLAN[2:])
    assert told.code == 0, told.err
    found = contents(Path("plan.html").read_text("utf-8"))
    assert "<h2>All policies</h2>" in found
    assert re.findall(r">(edge max=\d+|max=\d+)<", found)[0].endswith("max=10")
    assert 'class="answer"' not in found


@NEEDS_BROWSER
def test_a_keyboard_reaches_every_workload_without_a_mouse(ebbtide: Ebbtide) -> None:
    page(ebbtide)
    script = """
    const links = [...document.querySelectorAll(".contents a")];
    document.title = links.every(link => {
      link.focus();
      const there = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      return document.activeElement === link && there.querySelector("h2").innerText
        .startsWith(link.textContent);
    }) && links.length;
    """
    assert answered(Path("plan.html"), script) == str(len(MOST))


@NEEDS_BROWSER
def test_long_names_leave_room_for_every_figure(ebbtide: Ebbtide, tmp_path: Path) -> None:
    place, name = "commerce-of-the-whole-of-europe", "edge-of-transcoding-at-1080p60-in-the-north-1"
    long = MANY.replace("name: edge,", f"name: {name},").replace("live, l", f"{place}, l")
    write(tmp_path, many_yaml=long)
    assert f"{place}/{name}" in page(ebbtide)
    script = """
    const card = document.querySelector("nav .card");
    document.title = card.scrollWidth <= card.clientWidth;
    """
    assert answered(Path("plan.html"), script, "--window-size=1280,800") == "true"

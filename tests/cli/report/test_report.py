"""The report of a plan: one page that needs nothing else, in both languages, and its drawing."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ebbtide.cli.report.changes import MOST_PRINTED
from ebbtide.cli.report.translations import Language, translations
from tests.cli.conftest import Ebbtide
from tests.cli.report.browser import NEEDS_BROWSER, answered, browsed
from tests.cli.samples import CALENDAR, EDGE, HILL, ORIGIN, csv, write

PLAN = ("plan", "edge.yaml", "days.yaml", "--csv", "hill.csv", "--tick", "60s")
VOID = {"meta", "link", "input", "br"}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, origin_yaml=ORIGIN, days_yaml=CALENDAR, hill_csv=csv())


def page(ebbtide: Ebbtide, *options: str) -> str:
    told = ebbtide(*PLAN, "--report", "plan.html", *options)
    assert (told.code, told.err) == (0, "")
    return Path("plan.html").read_text("utf-8")


class Balance(HTMLParser):
    """Every tag that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_answers_how_many_when_and_at_what_cost(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    answer = re.search(r'class="answer">At most ([\d,]+) replicas, (.*?)</p>', found)
    assert answer
    assert int(answer[1].replace(",", "")) >= 80  # the event expects 8,000 of 100 a replica
    assert "2026-03-02 12:00 to 2026-03-02 13:59 UTC" in answer[2]
    assert "at a cost of" in answer[2]


def test_the_answer_tells_a_figure_as_the_table_below_it_does(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, hill_csv=csv(HILL[:5]))  # so little that whole hours would tell nothing of it
    found = page(ebbtide)
    answer = re.search(r"; ([^ ]+) replica-hours, at a cost of (.*?)\.</p>", found)
    table = [
        re.search(rf"<th>{name}</th><td>(.*?)</td>", found)
        for name in ("replica-hours paid for", "their cost")
    ]
    assert answer
    assert [one and one[1] for one in table] == [answer[1], answer[2]]
    assert "." in answer[1]


def test_the_page_is_whole_and_names_nothing_outside_of_itself(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    Balance().feed(found)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', found)
    assert "http" not in found


def test_the_bound_and_the_rivals_stand_beside_the_plan(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    heads = re.findall(r"<th>([^<]*)</th>", found.partition('class="scores"')[2])[:5]
    assert heads[1] == "ebbtide"
    assert heads[2].startswith("HPA, target ")
    assert heads[3:] == ["static peak", "clairvoyant"]


@pytest.mark.parametrize("language", list(Language))
def test_demand_is_told_in_the_same_words_on_a_page_and_on_a_terminal(language: Language) -> None:
    said = translations(language)
    unit = {Language.EN: "in replicas at their target load", Language.ZH: "以目标负载下的副本数计"}
    for key in ("course_note", "unit"):
        assert unit[language] in said[key][0].lower() + said[key][1:]


@NEEDS_BROWSER
def test_every_change_shows_its_bounds_with_the_deciding_one_first(ebbtide: Ebbtide) -> None:
    page(ebbtide)
    found = browsed(Path("plan.html"), "--dump-dom")
    changes = re.findall(r"<details id[^>]*>(.*?)</details>", found, re.DOTALL)
    assert len(changes) > MOST_PRINTED
    for change in changes:
        summary, _, bounds = change.partition("</summary>")
        reasons = re.findall(r"<b>(\w+)</b>", bounds)
        assert re.findall(r"<b>(\w+)</b>", summary) == reasons[:1]
        assert len(reasons) > 1


def test_every_dot_of_the_staircase_leads_to_its_change(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    names = re.findall(r'<details id="([^"]+)"', found)
    dot = re.compile(r'<a href="#([^"]+)" tabindex="-1"><circle[^>]*><title>([^<]*)</title>')
    links = dot.findall(found)
    assert len(names) == len(set(names)) > 10
    assert 10 < len(links) <= len(names)
    for name, told in links:
        change = found.partition(f'id="{name}"')[2].partition("</summary>")[0]
        assert told.rpartition(" ")[0] in change
        assert f"<b>{told.rpartition(' ')[2]}</b>" in change
    assert ">opening</text>" in found


def test_tiers_and_sessions_that_were_cut_off_are_told(ebbtide: Ebbtide) -> None:
    assert "live sessions cut off" not in page(ebbtide)
    found = page(ebbtide, "--what-if", "tiers={core: 30%, rest: 70%}", "--what-if", "session=5m")
    assert "<th>core</th><td>30%</td>" in found
    assert "live sessions cut off" in found


def test_both_languages_say_everything() -> None:
    english, chinese = translations(Language.EN), translations(Language.ZH)
    assert english.keys() == chinese.keys()
    fields = {key: set(re.findall(r"\{\w*", text)) for key, text in english.items()}
    for key, text in chinese.items():
        assert set(re.findall(r"\{\w*", text)) == fields[key], key


def test_the_chinese_page_is_chinese(ebbtide: Ebbtide) -> None:
    found = page(ebbtide, "--lang", "zh")
    assert '<html lang="zh">' in found
    assert "容量规划" in found
    assert "What it costs" not in found
    assert not re.findall("<th>[^<]*(?:static peak|clairvoyant|target)", found)


def test_the_line_of_the_staircase_is_named_for_what_it_is(ebbtide: Ebbtide) -> None:
    found = page(ebbtide)
    assert 'class="desired"' in found
    assert '<span class="key-desired">desired replicas</span>' in found


def test_what_a_file_says_is_never_markup(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, days_yaml=CALENDAR.replace("opening", '"<b>opening"'))
    told = ebbtide(*PLAN, "--report", "plan.html")
    if told.code == 0:
        assert "<b>opening" not in Path("plan.html").read_text("utf-8")
    else:
        assert "spec.events" in told.err


def test_a_drawing_stands_alone(ebbtide: Ebbtide) -> None:
    told = ebbtide(*PLAN, "--report", "plan.svg")
    assert told.code == 0
    root = ET.fromstring(Path("plan.svg").read_text("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.find(".//{*}path[@class='demand']") is not None


def test_a_drawing_of_two_workloads_is_refused_before_any_demand_is_read(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, both_yaml=f"{EDGE}---\n{ORIGIN}")
    told = ebbtide("plan", "both.yaml", "--csv", "nowhere.csv", "--report", "plan.svg")
    assert (told.code, told.out) == (3, "")
    assert "a drawing shows one workload, and 2 are planned; plan one" in told.err


def test_a_picture_for_a_chat_shows_the_whole_drawing(ebbtide: Ebbtide) -> None:
    pytest.importorskip("resvg_py", reason="needs the extra 'png'")
    assert ebbtide(*PLAN, "--report", "plan.png").code == 0
    picture = Path("plan.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (2 * 1208, 2 * 498)
    assert len(picture) > 20_000  # an empty one has a tenth of it


def test_a_drawing_names_every_colour_that_it_uses(ebbtide: Ebbtide) -> None:
    assert ebbtide(*PLAN, "--report", "plan.svg").code == 0
    text = Path("plan.svg").read_text("utf-8")
    named = set(re.findall(r"--(\w+):", text))
    assert set(re.findall(r"var\(--(\w+)\)", text)) <= named
    assert "At most" in text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(["--report", "plan.pdf"], "ends in .html, .svg or .png", id="kind"),
        pytest.param(["origin.yaml", "--report", "plan.svg"], "shows one workload", id="two"),
    ],
)
def test_a_report_that_can_not_be_made_is_refused(
    ebbtide: Ebbtide, arguments: list[str], why: str
) -> None:
    told = ebbtide(*PLAN, *arguments)
    assert told.code == 3
    assert why in told.err


def test_a_long_plan_is_thinned_without_losing_its_peak(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv([*HILL, 9000.0, *HILL]))
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv", "--tick", "10s", "--report", "p.svg")
    assert told.code == 0
    path = ET.fromstring(Path("p.svg").read_text("utf-8")).find(".//{*}path[@class='demand']")
    assert path is not None
    points = path.attrib["d"].split("L")
    assert len(points) <= 1401
    down = sorted(float(point.split()[-1].strip("M")) for point in points)
    assert down[0] < down[len(down) // 20] - 50  # the one minute stands far above the rest


@NEEDS_BROWSER
@pytest.mark.parametrize("language", list(Language))
def test_a_browser_draws_it_filters_it_and_complains_of_nothing(
    ebbtide: Ebbtide, language: Language
) -> None:
    page(ebbtide, "--lang", language.value)
    asks = """
    const filter = document.querySelector(".filter");
    filter.value = "descentstep"; filter.dispatchEvent(new Event("input"));
    const shown = [...document.querySelectorAll("details")].filter(d => !d.hidden);
    const link = document.querySelector("a[href^='#']").getAttribute("href");
    history.replaceState(null, "", link); dispatchEvent(new Event("hashchange"));
    const led = document.getElementById(link.slice(1)).open;
    const drawn = document.querySelector("path.desired").getBoundingClientRect();
    document.title = [shown.length > 0 && shown.every(d => /DescentStep/.test(d.textContent)),
                      shown.length < document.querySelectorAll("details").length,
                      led, drawn.width > 300 && drawn.height > 50].join();
    """
    assert answered(Path("plan.html"), asks) == "true,true,true,true"


@NEEDS_BROWSER
def test_a_telephone_shows_all_of_the_page_without_scrolling_sideways(ebbtide: Ebbtide) -> None:
    page(ebbtide, "--what-if", "tiers={core: 30%, rest: 70%}")
    asks = """
    const copy = document.documentElement.cloneNode(true), frame = document.createElement("iframe");
    copy.querySelectorAll("script").forEach(one => one.remove());
    copy.querySelectorAll("details").forEach(one => one.setAttribute("open", ""));
    frame.style = "width: 390px; border: 0";
    frame.srcdoc = copy.outerHTML;
    frame.onload = () => {
      const there = frame.contentDocument, log = there.querySelector(".changes");
      const fits = [there.scrollingElement, log].map(one => one.scrollWidth <= one.clientWidth);
      document.title = [there.scrollingElement.clientWidth, ...fits].join();
    };
    document.body.append(frame);
    """
    assert answered(Path("plan.html"), asks) == "390,true,true"


def test_the_keyboard_goes_past_the_dots_to_the_record_that_says_the_same(
    ebbtide: Ebbtide,
) -> None:
    dots = re.findall(r"<a ([^>]*)><circle", page(ebbtide))
    assert dots
    assert all('tabindex="-1"' in dot for dot in dots)

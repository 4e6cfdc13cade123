"""A long record is light: what its changes have in common is written once, and nothing is lost."""

from importlib.resources import files
from pathlib import Path
from string import Template

from ebbtide.cli.report.alike import Alike
from ebbtide.cli.report.changes import MOST_PRINTED
from ebbtide.cli.report.log import log
from ebbtide.cli.report.translations import Language, translations
from ebbtide.cli.simulation.frames import Frame
from ebbtide_policies.contract import Bound, Kind
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase
from tests.cli.report.browser import NEEDS_BROWSER, answered

MANY = 4000


def bounds(i: int) -> tuple[Bound, ...]:
    """All that decided of one change, as a plan of an ordinary policy has it."""
    asks = "demand: its level now and its trend for 90 s more ask for {:.1f} replicas"
    reached = "demand: in the last 60 s it reached {:.1f} replicas"
    told = (
        (Kind.FLOOR, i + 2.0, "presentNeed", "PresentNeed", asks, i + 1.4),
        (Kind.FLOOR, i + 1.0, "stabilization", "ScaleDownStabilized", reached, i + 0.8),
        (Kind.GUARANTEED_FLOOR, 2.0, "replicas", "TooFewReplicas", "min is {}", 2),
        (Kind.HARD_CEILING, 9000.0, "replicas", "TooManyReplicas", "max is {}", 9000),
        (Kind.PACE_DOWN, i + 1.0, "hold", "Odd", "<b>7</b> & {}|{};", i),
        (Kind.PACE_UP, 2.0 * i + 4, "rate", "ScaleUpLimit", "from {:.0f} replicas", i + 1.0),
    )
    return tuple(
        Bound(kind, replicas, policy, reason, detail, (value, value))
        for kind, replicas, policy, reason, detail, value in told
    )


def frame(i: int) -> Frame:
    """A change of one replica, a minute after the one before."""
    return Frame(
        now=1_700_000_040.0 + 60 * i,
        workload="live/edge",
        demand=1.0,
        foreseen=1.0,
        current=i + 1,
        ready=i + 1,
        desired=i + 2,
        phase=Phase.PEACE,
        reason="PresentNeed",
        why=Message("why {}", (i,)),
        bounds=bounds(i),
    )


def record(*numbers: int, anchor: str) -> str:
    """The record of a plan that changes its mind at every minute."""
    return log([frame(i) for i in numbers], anchor, translations(Language.EN))


def test_ten_noisy_days_take_few_bytes_a_change() -> None:
    assert len(record(*range(MANY), anchor="edge")) < 500 * MANY


def test_rows_that_differ_in_numbers_alone_have_one_form() -> None:
    alike = Alike()
    told = alike.told(["<td>at 1,209</td>", "<td>min is 2</td>", "<td>at 7.5</td>"])
    assert told == "0|1,209;1|2;0|7.5"
    assert alike.forms == '[["<td>at ","</td>"],["<td>min is ","</td>"]]'


@NEEDS_BROWSER
def test_a_browser_reads_what_would_have_been_written_out(tmp_path: Path) -> None:
    """A short record has all of its tables as they are."""
    few = range(100, 100 + MOST_PRINTED)
    sections = record(*few, anchor="short") + record(*range(200), anchor="long")
    template = Template(files("ebbtide.cli.report").joinpath("page.html").read_text("utf-8"))
    page = tmp_path / "page.html"
    page.write_text(
        template.substitute(lang="en", title="", sections=sections, made_by=""), "utf-8"
    )
    script = """
    const table = name => document.getElementById(name).querySelector("table").outerHTML;
    const short = [...document.querySelectorAll("[id^='short:']")];
    const same = short.map((_, i) => table("short:" + i) === table("long:" + (i + 100)));
    document.title = [same.length, same.every(Boolean)].join();
    """
    assert answered(page, script) == f"{MOST_PRINTED},true"


def test_a_page_without_its_script_says_what_it_leaves_out() -> None:
    left = f"<noscript><p>Without its script this page has the bounds of {MOST_PRINTED} of 50 "
    assert left in record(*range(50), anchor="edge")
    assert "noscript" not in record(*range(MOST_PRINTED), anchor="edge")

"""`ebbtide backtest`: the forecasts it writes, the tables, the page, and what it refuses."""

import csv as reader
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ebbtide.forecast.contract import Floats
from tests.adapters.metrics_server import MetricsServer, Reply, Seen, matrix
from tests.cli.conftest import Ebbtide
from tests.cli.packages import install
from tests.cli.samples import CALENDAR, EDGE, NOON
from tests.forecast.conformance import day_shape

COLUMNS = ["series", "model", "origin", "step", "q0.5", "q0.9", "q0.99"]
HOURS = 24 * 10
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def text(values: "np.ndarray[Any, np.dtype[np.float64]]", minutes: int = 60) -> str:
    """A recording from noon on; what is not known is empty."""
    rows = ["timestamp,value"]
    for i, value in enumerate(values):
        at = NOON + timedelta(minutes=minutes * i)
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{'' if np.isnan(value) else f'{value:.6g}'}")
    return "\n".join([*rows, ""])


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    edge = day_shape(HOURS * 60)[::60].copy()
    edge[150] = np.nan
    (tmp_path / "data" / "edge.csv").write_text(text(edge))
    (tmp_path / "data" / "media.csv").write_text(text(day_shape(24 * 60 * 3)[::10], 10))


def rows(ebbtide: Ebbtide, *arguments: object) -> list[dict[str, str]]:
    """Every forecast of a backtest, by column."""
    told = ebbtide("backtest", *arguments, "--forecasts", "out.csv", "--json")
    assert told.code == 0, told.err
    with Path("out.csv").open(newline="") as file:
        return list(reader.DictReader(file))


# --- the forecasts


def test_a_series_that_is_too_short_stops_no_other(ebbtide: Ebbtide) -> None:
    Path("data/brief.csv").write_text(text(np.ones(6)))
    told = ebbtide("backtest", "data", "--models", "Persistence", "--origins", "2")
    assert told.code == 0
    assert told.out.startswith("2 series, 4 origins")
    assert told.err.startswith("note: brief: 6 rows are too few to forecast 240 minutes ahead")


def test_a_series_of_which_nothing_is_known_where_it_is_asked_says_so(ebbtide: Ebbtide) -> None:
    values = np.where(np.arange(500) < 150, 1.0, np.nan)
    Path("dark.csv").write_text(text(np.append(values, 1.0)))
    told = ebbtide("backtest", "dark.csv", "--models", "Persistence", "--origins", "3")
    assert told.code == 3
    assert "dark: left out, nothing is known at any of 3 origins" in told.err


def test_parquet_is_forecast_as_a_csv_is(ebbtide: Ebbtide) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    lines = [line.split(",") for line in Path("data/media.csv").read_text().split()[1:]]
    moments, values = zip(*lines, strict=True)
    table = pa.table({"timestamp": moments, "value": [float(v) if v else None for v in values]})
    arguments = ("--models", "Persistence", "--origins", "5")
    plain = rows(ebbtide, "data/media.csv", *arguments)
    Path("other").mkdir()
    Path("other/README.md").write_text("what is here")
    import_module("pyarrow.parquet").write_table(table, "other/media.parquet")
    assert rows(ebbtide, "other", *arguments) == plain


def test_every_origin_has_a_row_for_every_step_and_model(ebbtide: Ebbtide) -> None:
    found = rows(ebbtide, "data", "--models", "NaiveDay,DSP", "--origins", "7")
    assert list(found[0]) == COLUMNS
    for series, steps in (("edge", ["60", "120", "240"]), ("media", ["10", "30", "60", "120"])):
        mine = [row for row in found if row["series"] == series]
        made = [(row["model"], row["origin"], row["step"]) for row in mine]
        wanted = {origin for _, origin, _ in made}
        assert len(wanted) == 7
        assert made == [
            (model, at, step)
            for model in ("NaiveDay", "DSP")
            for at in sorted(wanted)
            for step in steps
        ]


def test_origins_are_moments_in_utc(ebbtide: Ebbtide) -> None:
    found = rows(ebbtide, "data/edge.csv", "--models", "Persistence", "--origins", "2")
    first, last = (NOON + timedelta(hours=hour) for hour in (HOURS * 0.4, HOURS - 5))
    origins = {row["origin"] for row in found}
    assert origins == {f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (first, last)}


def test_a_file_keeps_its_own_grid(ebbtide: Ebbtide) -> None:
    """Persistence says the value of the row of the origin, nothing between two rows."""
    found = rows(ebbtide, "data/media.csv", "--models", "Persistence", "--origins", "50")
    known = dict(line.split(",") for line in Path("data/media.csv").read_text().split())
    assert all(float(row["q0.5"]) == float(known[row["origin"]]) for row in found)


def test_an_origin_without_a_value_is_left_out(ebbtide: Ebbtide) -> None:
    found = rows(ebbtide, "data/edge.csv", "--models", "Persistence", "--origins", "1000")
    gap = NOON + timedelta(hours=150)
    assert f"{gap:%Y-%m-%dT%H:%M:%SZ}" not in {row["origin"] for row in found}
    assert len(found) == 3 * (HOURS - 4 - 96 - 1)


@pytest.mark.parametrize("model", ["Tide", "Seasonal", "NaiveWeek", "HoltWinters", "DSP"])
def test_files_cut_at_an_origin_give_the_same_rows(ebbtide: Ebbtide, model: str) -> None:
    whole = rows(ebbtide, "data", "--models", model, "--origins", "5")
    Path("origins.csv").write_text(
        "series,origin\n" + "".join(f"{row['series']},{row['origin']}\n" for row in whole)
    )
    for name in ("edge", "media"):
        origins = sorted({row["origin"] for row in whole if row["series"] == name})
        file = Path("data") / f"{name}.csv"
        lines = file.read_text().splitlines()
        last = next(i for i, line in enumerate(lines) if line.startswith(origins[2]))
        file.write_text("\n".join(lines[: last + 1]) + "\n")
    cut = rows(ebbtide, "data", "--models", model, "--origins", "origins.csv")
    wanted = [row for row in whole if row in cut]
    assert cut == wanted
    assert len(cut) == 3 * 3 + 3 * 4


def test_named_origins_are_forecast_and_others_are_not(ebbtide: Ebbtide) -> None:
    at = NOON + timedelta(hours=150)  # not known there: the last known value goes on
    Path("origins.csv").write_text(f"series,origin\nedge,{at:%Y-%m-%dT%H:%M:%SZ}\nother,{at}\n")
    arguments = ("data", "--origins", "origins.csv", "--models", "Persistence")
    assert [row["series"] for row in rows(ebbtide, *arguments)] == ["edge"] * 3
    told = ebbtide("backtest", *arguments)
    assert "note: media: the origins name none of it" in told.err
    assert "note: other: named by the origins, but there is no such series" in told.err


def test_a_named_origin_in_a_long_gap_is_left_out_and_stops_no_other(ebbtide: Ebbtide) -> None:
    edge = day_shape(HOURS * 60)[::60].copy()
    edge[100:110] = np.nan
    Path("data/edge.csv").write_text(text(edge))
    moments = [f"{NOON + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in (90, 101, 102, 109)]
    Path("origins.csv").write_text("series,origin\n" + "".join(f"edge,{at}\n" for at in moments))
    arguments = ("data/edge.csv", "--origins", "origins.csv", "--models", "Tide", "--steps", "60")
    assert [row["origin"] for row in rows(ebbtide, *arguments)] == moments[:2]
    told = ebbtide("backtest", *arguments)
    why = f"nothing is known of the 3 hours before 2 of 4 origins, e.g. {moments[2]}: left out"
    assert f"note: edge: {why}" in told.err


def test_fewer_steps_have_the_same_origins(ebbtide: Ebbtide) -> None:
    every = rows(ebbtide, "data", "--models", "NaiveDay", "--origins", "9")
    some = rows(ebbtide, "data", "--models", "NaiveDay", "--origins", "9", "--steps", "120, 60")
    assert some == [row for row in every if row["step"] in {"60", "120"}]


def test_in_the_week_in_which_its_clock_is_put_forward_tide_goes_by_it(ebbtide: Ebbtide) -> None:
    def told(zone: str) -> Floats:
        asked = ("data/edge.csv", "--models", "Tide", "--time-zone", zone)
        return np.array([float(row["q0.5"]) for row in rows(ebbtide, *asked)])

    for unchanged in ("Asia/Shanghai", "Europe/Berlin"):
        assert told(unchanged) == pytest.approx(told("UTC"), rel=1e-3)
    assert told("America/New_York") != pytest.approx(told("UTC"), rel=0.02)


def test_a_history_is_not_longer_than_was_said(ebbtide: Ebbtide) -> None:
    arguments = ("data/edge.csv", "--models", "NaiveWeek,NaiveDay", "--origins", "5")
    long, short = rows(ebbtide, *arguments), rows(ebbtide, *arguments, "--history", "2d")
    medians = [row["q0.5"] for row in short]
    assert medians[:15] == medians[15:]  # no week in two days
    assert [row["q0.5"] for row in long][:15] != medians[:15]


# --- what is told


def test_the_table_tells_every_step_and_model_and_what_it_cost(ebbtide: Ebbtide) -> None:
    told = ebbtide("backtest", "data", "--origins", "5", "--models", "Persistence,NaiveDay")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("2 series, 10 origins\n")
    for step in (10, 30, 60, 120, 240):
        assert re.search(
            rf"^ *{step} min  Persistence +1\.000 .* 1\.000 +1\.000 ", told.out, re.MULTILINE
        )
    assert re.search(r"^NaiveDay +10 +[\d.]+ s +[\d.]+ ms +(\d+ MB|-)$", told.out, re.MULTILINE)
    assert max(map(len, told.out.splitlines())) <= 80


def test_the_yardstick_is_run_and_not_told_unless_asked(ebbtide: Ebbtide) -> None:
    found = rows(ebbtide, "data/edge.csv", "--models", "NaiveDay", "--origins", "5")
    assert {row["model"] for row in found} == {"NaiveDay"}


def test_without_names_all_models_of_the_house_are_run(ebbtide: Ebbtide) -> None:
    found = rows(ebbtide, "data/edge.csv", "--origins", "2")
    wanted = {"Seasonal", "Persistence", "NaiveDay", "NaiveWeek", "HoltWinters", "DSP"}
    assert wanted <= {row["model"] for row in found}


def test_json_tells_all_that_was_measured(ebbtide: Ebbtide) -> None:
    told = ebbtide("backtest", "data", "--origins", "5", "--models", "DSP", "--json")
    found = json.loads(told.out)
    assert [(one["name"], one["grid"]) for one in found["series"]] == [
        ("edge", 3600.0),
        ("media", 600.0),
    ]
    (model,) = found["models"]
    assert (model["model"], model["forecasts"]) == ("DSP", 10)
    assert [one["step"] for one in model["all"]] == [10, 30, 60, 120, 240]
    assert {one["series"] for one in model["bySeries"]} == {"edge", "media"}
    one = model["bySeries"][0]
    assert one["n"] == 5
    assert len(one["pinball"]) == len(one["coverage"]) == len(found["quantiles"]) == 3
    assert model["seconds"] > 0


# --- the page


class Outside(HTMLParser):
    """Collects what a page would fetch from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "srcset", "action"}
        self.found += [v for k, v in attrs if k in names and v and not v.startswith("data:")]


@pytest.fixture
def page(ebbtide: Ebbtide, tmp_path: Path) -> Path:
    models = ("--models", "Seasonal,Persistence,HoltWinters")
    told = ebbtide("backtest", "data", "--origins", "9", "--html", "out/page.html", *models)
    assert told.code == 0, told.err
    return tmp_path / "out" / "page.html"


def test_the_page_needs_nothing_from_elsewhere_and_holds_the_fans(page: Path) -> None:
    html = page.read_text()
    outside = Outside()
    outside.feed(html)
    assert outside.found == []
    assert "url(" not in html
    assert html.count("<b>Worst</b>") == html.count("<b>Typical</b>") == 2
    assert html.count('class="fan ') == 2 * 2 * html.count('aria-pressed="')
    assert "prefers-color-scheme: dark" in html
    assert "NaN" not in html
    assert "nan" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL).lower().split('"')


def test_names_of_series_are_shown_as_they_are(ebbtide: Ebbtide) -> None:
    Path("data/edge.csv").rename("a&<b>.csv")
    told = ebbtide("backtest", "a&<b>.csv", "--models", "DSP", "--html", "x.html", "--json")
    assert told.code == 0, told.err
    html = Path("x.html").read_text()
    assert "a&amp;&lt;b&gt;" in html
    assert "<b>.csv" not in html


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on the PATH")
def test_a_browser_shows_the_page_without_a_complaint(page: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    script = (
        "<script>addEventListener('load', () => {"
        "document.querySelectorAll('.switch button')[2].click();"
        "document.title = 'shown ' + document.querySelectorAll('.fan.on').length;});</script>"
    )
    page.write_text(page.read_text().replace("</body>", f"{script}</body>"))
    told = subprocess.run(
        [
            *(
                CHROMIUM,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
            ),
            *("--v=0", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert "<title>shown 4</title>" in told.stdout
    assert [line for line in told.stderr.splitlines() if "CONSOLE" in line] == []


# --- what is refused


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param([], "say where the history is", id="nothing"),
        pytest.param(["data", "--prometheus", "http://x"], "say where the history is", id="both"),
        pytest.param(["--prometheus", "http://x"], "say where the history is", id="no-policy"),
        pytest.param(
            ["data", "--models", "Oracle"], "there is no 'Oracle'; known are ", id="model"
        ),
        pytest.param(["data", "--models", "Tide,Auto"], "Auto picks one of the house", id="auto"),
        pytest.param(["data", "--models", ","], "--models names none", id="no-model"),
        pytest.param(["data", "--steps", "1h"], "write whole minutes like 1,10,60", id="steps"),
        pytest.param(["data", "--steps", "7"], "divides none of the steps", id="no-step"),
        pytest.param(["data", "--time-zone", "CST+8"], "--time-zone: 'CST+8' is no", id="zone"),
        pytest.param(["data", "--history", "1m"], "--history 1m: write at least 1h", id="history"),
        pytest.param(
            ["empty"], "empty: no file in this folder ends in .csv or .parquet", id="empty-folder"
        ),
        pytest.param(["none.csv"], "none.csv can't be read", id="no-file"),
        pytest.param(["bad.csv"], "bad.csv, line 3: value 'x' is no", id="bad-value"),
        pytest.param(["short.csv"], "short: 6 rows are too few to forecast 240 minu", id="short"),
        pytest.param(["seven.csv"], "seven: rows are 7 minutes apart", id="odd-grid"),
        pytest.param(["data", "data/edge.csv"], "two files are named edge;", id="twice"),
        pytest.param(
            ["data", "--origins", "0"], "--origins 0: write a number above zero", id="none"
        ),
        pytest.param(
            ["data", "--origins", "wrong.csv"], "wrong.csv, line 1: need the col", id="columns"
        ),
        pytest.param(
            ["data", "--origins", "moment.csv"], "moment.csv, line 3: origin 'noon'", id="noon"
        ),
        pytest.param(
            ["data", "--origins", "off.csv"],
            "edge has no row at 2026-03-04T12:30:00Z",
            id="between-rows",
        ),
        pytest.param(
            ["data", "--origins", "late.csv"], "1 of 1 origins lie after its end", id="late"
        ),
        pytest.param(
            ["data", "--models", "DSP", "--html", "none.csv/x.html"], "can't be written", id="page"
        ),
    ],
)
def test_what_cannot_be_understood_is_refused(
    ebbtide: Ebbtide, arguments: list[str], why: str
) -> None:
    Path("empty").mkdir()
    Path("bad.csv").write_text("timestamp,value\n2026-03-02T12:00:00Z,1\n2026-03-02T12:01:00Z,x\n")
    Path("short.csv").write_text(text(np.ones(6)))
    Path("seven.csv").write_text(text(np.ones(500), 7))
    Path("wrong.csv").write_text("name,at\n")
    Path("moment.csv").write_text("series,origin\nedge,2026-03-04T12:00:00Z\nedge,noon\n")
    Path("off.csv").write_text("series,origin\nedge,2026-03-04T12:30:00Z\n")
    Path("late.csv").write_text("series,origin\nedge,2027-03-04T12:00:00Z\n")
    if "can't be written" in why:
        Path("none.csv").write_text("")
    told = ebbtide("backtest", *arguments)
    assert told.code == 3
    assert why in told.err
    assert "Traceback" not in told.err


# --- Prometheus


@pytest.fixture
def metrics() -> Iterator[MetricsServer]:
    with closing(MetricsServer()) as server:
        yield server


def test_the_demand_of_a_policy_is_read_from_prometheus(
    ebbtide: Ebbtide, metrics: MetricsServer, tmp_path: Path
) -> None:
    """The server counts minutes, so persistence is always wrong by the minutes ahead."""
    policy = EDGE + "  forecast: {history: 1d}\n"
    (tmp_path / "edge.yaml").write_text(policy)
    found = rows(
        ebbtide,
        *("--prometheus", metrics.url, "--policy", "edge.yaml", "--since", "1h"),
        *("--models", "Persistence", "--origins", "3"),
    )
    assert {row["series"] for row in found} == {"live/edge"}
    assert len(found) == 3 * 6
    for row in found:
        minute = datetime.fromisoformat(row["origin"]).timestamp() / 60
        assert float(row["q0.5"]) == pytest.approx(minute)
    assert [seen.params["query"] for seen in metrics.seen] == ["sum(viewers)"]


def test_what_is_absent_is_zero_in_a_backtest_where_the_loop_reads_it_as_zero(
    ebbtide: Ebbtide, metrics: MetricsServer, tmp_path: Path
) -> None:
    """Of every hour the first half is answered; all scrape targets answer."""

    def behave(reply: Reply, seen: Seen) -> None:
        start, end = seen.span
        up = seen.params["query"] == "avg(up)"
        told = [[at, "1"] for at in range(start, end + 1, 60) if up or at // 60 % 60 < 30]
        reply.say(matrix({"metric": {}, "values": told}))

    metrics.behaviour = behave
    demand = "sum(viewers), whenAbsent: Zero, alive: {query: avg(up)}"
    policy = EDGE.replace("sum(viewers)", demand) + "  forecast: {history: 1d}\n"
    (tmp_path / "edge.yaml").write_text(policy)
    found = rows(
        ebbtide,
        *("--prometheus", metrics.url, "--policy", "edge.yaml", "--since", "3h"),
        *("--models", "Persistence", "--origins", "20", "--steps", "1"),
    )
    assert {float(row["q0.5"]) for row in found} == {0.0, 1.0}


def test_files_without_a_policy_are_refused(ebbtide: Ebbtide, tmp_path: Path) -> None:
    (tmp_path / "days.yaml").write_text(CALENDAR)
    told = ebbtide("backtest", "--prometheus", "http://127.0.0.1:9", "--policy", "days.yaml")
    assert (told.code, "there is no CapacityPolicy in these files" in told.err) == (3, True)


def test_a_prometheus_that_does_not_answer_is_named(ebbtide: Ebbtide, tmp_path: Path) -> None:
    (tmp_path / "edge.yaml").write_text(EDGE)
    told = ebbtide("backtest", "--prometheus", "http://127.0.0.1:9", "--policy", "edge.yaml")
    assert told.code == 4
    assert "127.0.0.1:9" in told.err


# --- what can't be drawn or said


def test_a_series_whose_future_is_not_known_has_no_drawing(ebbtide: Ebbtide) -> None:
    last = NOON + timedelta(hours=HOURS - 1)
    Path("origins.csv").write_text(f"series,origin\nedge,{last:%Y-%m-%dT%H:%M:%SZ}\n")
    models = ("--models", "NaiveDay", "--html", "x.html", "--forecasts", "out.csv")
    told = ebbtide("backtest", "data", "--origins", "origins.csv", *models)
    assert told.code == 0, told.err
    assert len(Path("out.csv").read_text().splitlines()) == 1 + 3
    assert "<figcaption>" not in Path("x.html").read_text()
    assert told.err.startswith("note: media: the origins name none of it\nnote: edge: nothing is")
    assert told.err.endswith("known of what came after 1 origin: nothing is scored\n")
    assert told.out.startswith("edge, 1 origin\n")


@pytest.mark.parametrize("name", ["edge day", "a,b", 'the "edge"', "直播"])
def test_a_series_may_have_any_name(ebbtide: Ebbtide, name: str) -> None:
    Path(f"{name}.csv").write_text(text(day_shape(HOURS * 60)[::60]))
    told = rows(ebbtide, f"{name}.csv", "--models", "Persistence", "--origins", "2")
    assert {row["series"] for row in told} == {name}


def test_a_model_that_is_nearly_perfect_leaves_room_for_the_others(ebbtide: Ebbtide) -> None:
    Path("exact.csv").write_text(text(np.resize(np.linspace(1000.0, 5600.0, 24), 300)))
    options = ("--models", "DSP,Persistence", "--origins", "6", "--html", "x.html")
    assert ebbtide("backtest", "exact.csv", *options).code == 0
    overview = Path("x.html").read_text().partition("In numbers")[0]
    heights = [float(y) for y in re.findall(r'<text class="tick end"[^>]* y="([\d.]+)"', overview)]
    assert min(abs(a - b) for a, b in pairwise(heights)) > 10


SILENT = """
import numpy as np
from ebbtide.forecast.baselines.naive import persistence

class Silent:
    name = "Silent"

    def forecast(self, history, horizon):
        made = persistence().forecast(history, horizon)
        return made._replace(values=made.values * np.nan)
"""


def test_a_model_that_says_nothing_is_named(
    ebbtide: Ebbtide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "Silent = silent_plugin:Silent", "forecasters", silent_plugin=SILENT)
    told = ebbtide("backtest", "data", "--models", "Silent")
    first = f"{NOON + timedelta(hours=HOURS * 0.4):%Y-%m-%dT%H:%M:%SZ}"
    assert (told.code, told.err) == (5, f"ebbtide: Silent has no forecast for edge at {first}\n")

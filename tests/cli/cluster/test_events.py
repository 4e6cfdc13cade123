"""`ebbtide event capture`: from a recording to a profile that a calendar can name."""

from pathlib import Path

import pytest
import yaml

from ebbtide.api.reading.manifests import load
from tests.adapters.http_api import HttpApi
from tests.cli.conftest import Ebbtide
from tests.cli.samples import HILL, csv, write

PATH = "/apis/ebbtide.dev/v1alpha1/namespaces/live/eventprofiles"
HOURS = ["--start", "2026-03-02 12:30", "--end", "2026-03-02 13:30"]
CAPTURE = ["event", "capture", "opening", "-n", "live", *HOURS, "--csv", "demand.csv"]


@pytest.fixture(autouse=True)
def _recording(tmp_path: Path) -> None:
    write(tmp_path, demand_csv=csv(HILL))


def test_it_prints_a_profile_that_can_be_applied(ebbtide: Ebbtide) -> None:
    told = ebbtide(*CAPTURE, "--usual", "1k")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("# 1h, at its peak 4,000: 4 times the usual; 61 points\n")
    [found] = load({"profile.yaml": told.out})
    assert (found.kind, found.namespace, found.name) == ("EventProfile", "live", "opening")
    assert (found.spec["peak"], found.spec["usual"]) == (4000, 1000)
    assert found.spec["source"] == "csv: demand.csv"
    assert max(found.spec["shape"]) == 1
    assert found.spec["shape"][0] == 0.625


def test_the_usual_is_found_in_the_time_before(ebbtide: Ebbtide) -> None:
    found = yaml.safe_load(ebbtide(*CAPTURE).out)
    assert found["spec"]["usual"] == 1725


def test_the_times_are_those_of_a_zone(ebbtide: Ebbtide) -> None:
    shanghai = ["--start", "2026-03-02 20:30", "--end", "2026-03-02 21:30"]
    arguments = ["event", "capture", "opening", *shanghai, "--time-zone", "Asia/Shanghai"]
    found = yaml.safe_load(ebbtide(*arguments, "--csv", "demand.csv").out)
    assert found["spec"]["timeZone"] == "Asia/Shanghai"
    assert found["spec"]["peak"] == 4000


def test_an_hour_that_clocks_repeat_belongs_to_the_event(ebbtide: Ebbtide, tmp_path: Path) -> None:
    rows = (f"2026-11-01T{at // 60:02}:{at % 60:02}:00Z,{at}" for at in range(240, 420))
    write(tmp_path, autumn_csv="\n".join(["timestamp,value", *rows, ""]))
    hours = ["--start", "2026-11-01 00:30", "--end", "2026-11-01 01:30"]
    arguments = ["event", "capture", "night", *hours, "--time-zone", "America/New_York"]
    told = ebbtide(*arguments, "--csv", "autumn.csv", "--usual", "100")
    assert told.out.startswith("# 2h, at its peak 390: 3.9 times the usual; 121 points\n")


def test_it_can_be_created_at_once(ebbtide: Ebbtide, api: HttpApi, tmp_path: Path) -> None:
    api.on("POST", PATH, {"metadata": {"name": "opening", "namespace": "live"}})
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
    told = ebbtide(*CAPTURE, "--usual", "1k", "--apply", "--kubeconfig", kubeconfig)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == [
        "live/opening: 1h, at its peak 4,000: 4 times the usual; 61 points",
        "name it in an EventCalendar: like: opening",
    ]
    [call] = api.writes()
    assert call.body["spec"]["peak"] == 4000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(HOURS, "say where the demand is", id="no source"),
        pytest.param([*HOURS, "--prometheus", "http://x"], "and --query", id="no query"),
        pytest.param([*HOURS, "--csv", "a", "--query", "b"], "either --csv", id="two sources"),
        pytest.param(
            ["--start", "20:00", "--end", "21:00"],
            "spec.start: '20:00' is not a local time",
            id="no moment",
        ),
        pytest.param(
            ["--start", HOURS[3], "--end", HOURS[1]], "start has to be before end", id="backwards"
        ),
        pytest.param(
            [*HOURS, "--csv", "demand.csv", "--usual", "many"], "--usual: 'many' is not", id="usual"
        ),
        pytest.param(
            [*HOURS, "--csv", "demand.csv", "--usual", "0"], "--usual 0: write more", id="nought"
        ),
    ],
)
def test_what_can_not_be_captured_is_told(ebbtide: Ebbtide, arguments: list[str], why: str) -> None:
    told = ebbtide("event", "capture", "opening", *arguments)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


@pytest.mark.parametrize("named", [["Double_11"], ["double-11", "-n", "Live"]])
def test_a_name_that_the_api_server_refuses_is_refused_before_anything_is_read(
    ebbtide: Ebbtide, named: list[str]
) -> None:
    told = ebbtide("event", "capture", *named, *HOURS, "--csv", "nowhere.csv")
    assert (told.code, told.out) == (3, "")
    assert "does not fit: Small letters" in told.err

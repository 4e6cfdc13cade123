"""`ebbtide freeze`, `floor`, `phase`: what is written, and how it is taken back."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.cluster.access import end, selected
from ebbtide.errors import InvalidInput
from tests.adapters.http_api import HttpApi
from tests.cli.conftest import Ebbtide, Told

PATH = "/apis/ebbtide.dev/v1alpha1/namespaces/live/capacityoverrides"
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
LATER = "2099-11-12 06:00"


@pytest.fixture
def say(ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ebbtide:
    """A word of somebody called mira, about the namespace live."""
    monkeypatch.setenv("LOGNAME", "mira")
    metadata = {"name": "word-x7k2p", "namespace": "live", "uid": "o-1", "resourceVersion": "1"}
    api.on("POST", PATH, {"metadata": metadata, "spec": {}})
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")

    def run(*arguments: object) -> Told:
        return ebbtide(*arguments, "-n", "live", "--kubeconfig", kubeconfig)

    return run


def written(api: HttpApi) -> tuple[dict[str, Any], dict[str, Any]]:
    """The metadata and the spec of the one object that was written."""
    [call] = api.writes()
    assert call.body["kind"] == "CapacityOverride"
    return call.body["metadata"], call.body["spec"]


def test_a_freeze_is_written_with_its_end_its_reason_and_its_author(
    say: Ebbtide, api: HttpApi
) -> None:
    told = say("freeze", "--why", "CDN migration", "--until", LATER, "-l", "app=edge,tier=media")
    metadata, spec = written(api)
    assert metadata == {"generateName": "freeze-", "namespace": "live", "labels": {}}
    assert spec == {
        "author": "mira",
        "timeZone": "UTC",
        "why": "CDN migration",
        "until": "2099-11-12 06:00:00",
        "selector": {"app": "edge", "tier": "media"},
        "freeze": True,
    }
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == [
        "live/word-x7k2p: freeze until 2099-11-12 06:00:00 UTC (CDN migration)",
        "take it back: kubectl -n live delete capacityoverride word-x7k2p",
    ]


def test_a_floor_carries_its_replicas_for_all_policies(say: Ebbtide, api: HttpApi) -> None:
    told = say("floor", 900, "--why", "rehearsal", "--until", LATER)
    assert told.code == 0
    assert ": floor 900 until 2099-11-12 06:00:00 UTC (rehearsal)\n" in told.out
    metadata, spec = written(api)
    assert metadata["generateName"] == "floor-"
    assert (spec["floor"], spec["selector"]) == (900, {})


def test_a_phase_may_be_written_in_small_letters(say: Ebbtide, api: HttpApi) -> None:
    told = say("phase", "war", "--why", "a surprise", "--until", "2h")
    assert told.code == 0
    assert ": phase War until " in told.out
    metadata, spec = written(api)
    assert metadata["generateName"] == "phase-war-"
    assert spec["phase"] == "War"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(["--until", "2026-01-01"], "this moment has passed", id="past"),
        pytest.param(["--until", "0s"], "this moment has passed", id="now"),
        pytest.param(["--until", "tomorrow"], "write a duration like 2h, or a", id="neither"),
        pytest.param(["--until", "99999999999d"], "this end is too far away", id="for-ever"),
        pytest.param(["--until", "2h", "-l", "edge"], "'edge' is no label", id="selector"),
    ],
)
def test_what_can_not_be_understood_is_refused(
    say: Ebbtide, api: HttpApi, arguments: list[str], why: str
) -> None:
    told = say("freeze", "--why", "x", *arguments)
    assert (told.code, told.out) == (3, "")
    assert why in told.err
    assert api.calls == []


def test_a_reason_is_never_empty(say: Ebbtide, api: HttpApi) -> None:
    told = say("freeze", "--why", "", "--until", "2h")
    assert told.code == 3
    assert "why" in told.err
    assert api.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["freeze", "--until", "2h"], id="no-reason"),
        pytest.param(["freeze", "--why", "x"], id="no-end"),
        pytest.param(["floor", "-5", "--why", "x", "--until", "2h"], id="below-zero"),
        pytest.param(["phase", "Party", "--why", "x", "--until", "2h"], id="no-phase"),
    ],
)
def test_wrong_usage_has_a_code_of_its_own(say: Ebbtide, arguments: list[str]) -> None:
    told = say(*arguments)
    assert told.code == 2
    assert "Error: " in told.err


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        pytest.param("2h", "2026-11-10 14:00:00", id="duration"),
        pytest.param("1d12h", "2026-11-12 00:00:00", id="parts"),
        pytest.param("2026-11-12 06:00", "2026-11-12 06:00:00", id="utc"),
        pytest.param("2026-11-12T06:00+08:00", "2026-11-11 22:00:00", id="offset"),
        pytest.param("2026-11-12", "2026-11-12 00:00:00", id="date"),
    ],
)
def test_an_end_is_a_duration_or_a_moment(until: str, moment: str) -> None:
    assert end(until, NOW) == moment


@pytest.mark.parametrize("until", ["9999999d", "9999-12-31T23:59-14:00"])
def test_an_end_is_one_that_calendars_have(until: str) -> None:
    with pytest.raises(InvalidInput, match="this end is too far away"):
        end(until, NOW)


def test_an_end_is_to_come() -> None:
    with pytest.raises(InvalidInput, match="this moment has passed"):
        end(f"{NOW - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}", NOW)


@pytest.mark.parametrize(
    ("text", "labels"),
    [("", {}), ("app=edge", {"app": "edge"}), ("a=b, c=", {"a": "b", "c": ""})],
)
def test_a_selector_is_labels(text: str, labels: dict[str, str]) -> None:
    assert selected(text) == labels


def test_an_account_without_a_name_is_its_number(
    say: Ebbtide, api: HttpApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pwd", NamelessAccounts())
    monkeypatch.setattr("os.getuid", lambda: 65532)
    assert say("freeze", "--why", "x", "--until", "2h").code == 0
    assert written(api)[1]["author"] == "uid 65532"


class NamelessAccounts:
    """A container's list of accounts."""

    def getpwuid(self, uid: int) -> tuple[str]:
        raise KeyError(uid)

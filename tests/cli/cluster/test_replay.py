"""`ebbtide replay`: a recording decided again, as a page and as JSON."""

import json
from pathlib import Path

import pytest

from ebbtide.loop.replaying.recorder import Recorder
from tests.cli.conftest import Ebbtide
from tests.loop.world import World, fallen


@pytest.fixture(autouse=True)
def tape(tmp_path: Path) -> Path:
    """Ten minutes of a descent by a forecaster of the house, as `ebbtide run` records them."""
    world = World()
    world.add()
    world.metrics.answer("edge", fallen(100.0, 40.0))
    recorder = Recorder()
    lines = [line for tick in world.run(10) for line in recorder.lines(tick)]
    path = tmp_path / "tape"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def changed(tape: Path, old: str, new: str) -> None:
    text = tape.read_text()
    assert old in text
    tape.write_text(text.replace(old, new))


def test_the_same_decisions_are_said_to_be_the_same(ebbtide: Ebbtide) -> None:
    told = ebbtide("replay", "tape")
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "live/edge  40 ticks, 2026-11-11 12:00:00 to 2026-11-11 12:09:45 UTC  "
        "every decision is the same\n"
    )


def test_a_tick_that_differs_is_shown_with_both_decisions(ebbtide: Ebbtide, tape: Path) -> None:
    changed(tape, '"maxStep": "5%"', '"maxStep": "2%"')
    told = ebbtide("replay", "tape")
    assert told.code == 1
    first, second, *_ = told.out.splitlines()
    assert "differ, by 3 replicas at most" in first
    assert "then 95 (descent DescentStep), now 98 (descent DescentStep)" in second


def test_json_has_every_difference(ebbtide: Ebbtide, tape: Path) -> None:
    [same] = json.loads(ebbtide("replay", "tape", "--json").out)
    assert (same["ticks"], same["same"], same["differ"]) == (40, 40, [])
    changed(tape, '"maxStep": "5%"', '"maxStep": "2%"')
    [found] = json.loads(ebbtide("replay", "tape", "--json").out)
    assert found["mostApart"] == 3
    assert len(found["differ"]) == found["ticks"] - found["same"] > 0
    assert not found["within"]


def test_forecasts_can_be_made_anew(ebbtide: Ebbtide, tape: Path) -> None:
    changed(tape, '"model": "Flat"', '"model": "Persistence"')
    told = ebbtide("replay", "tape", "--forecast", "anew", "--json")
    [found] = json.loads(told.out)
    assert (told.code, found["within"]) == (0, True)
    assert found["foreseenAnew"] == 40


def test_files_are_replayed_one_after_the_other(ebbtide: Ebbtide) -> None:
    assert "live/edge  80 ticks" in ebbtide("replay", "tape", "tape").out


def test_a_line_that_was_cut_off_is_no_loss(ebbtide: Ebbtide, tape: Path) -> None:
    tape.write_text(tape.read_text()[:-40])
    assert "39 ticks" in ebbtide("replay", "tape").out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("so\n", "tape:1: this is no line of a recording", id="no JSON"),
        pytest.param("1\n", "tape:1: this is no line of a recording", id="no object"),
        pytest.param('{"a": 1}\n', "this is no line of a recording: {'a': 1}", id="another"),
        pytest.param("", "nothing was decided in these recordings", id="empty"),
    ],
)
def test_what_is_no_recording_is_refused(ebbtide: Ebbtide, tape: Path, text: str, why: str) -> None:
    tape.write_text(text)
    assert ebbtide("replay", "tape") == (3, "", f"ebbtide: {why}\n")


def test_a_file_that_is_not_there_is_refused(ebbtide: Ebbtide) -> None:
    told = ebbtide("replay", "nowhere")
    assert told == (3, "", "ebbtide: nowhere can't be read: No such file or directory\n")

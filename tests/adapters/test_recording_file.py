"""What the loop saw and decided, in a file that does not outgrow its limit."""

import json
import logging
from pathlib import Path

import pytest

from ebbtide.adapters.recording_file import RecordingFile
from ebbtide.errors import InvalidInput
from ebbtide.loop.replaying.replay import Replay
from tests.loop.world import World, fallen


def world() -> World:
    found = World()
    found.add()
    found.metrics.answer("edge", fallen(100.0, 40.0))
    return found


def replayed(path: Path) -> int:
    """The ticks of a file, all of which are decided the same again."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = list(Replay({}).of(lines))
    assert all(each.same for each in found)
    return len(found)


def test_every_tick_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    tape = RecordingFile(path, 10_000_000)
    for tick in world().run(5):
        tape.tell(tick)
    tape.close()
    assert replayed(path) == 20


def test_a_file_makes_room_at_half_of_the_size_and_each_stands_alone(tmp_path: Path) -> None:
    path, before = tmp_path / "tape", tmp_path / "tape.1"
    size = 60_000
    tape = RecordingFile(path, size)
    for tick in world().run(15):
        tape.tell(tick)
    tape.close()
    assert path.stat().st_size + before.stat().st_size < 1.2 * size
    assert replayed(before) > 5
    assert replayed(path) > 0
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["tape", "tape.1"]


def test_what_was_there_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    path.write_text("of the run before\n")
    RecordingFile(path, 1000).close()
    assert (tmp_path / "tape.1").read_text() == "of the run before\n"


def test_a_disk_that_is_full_ends_the_recording_and_stops_no_tick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tape = RecordingFile(Path("/dev/full"), 10_000_000)
    with caplog.at_level(logging.ERROR):
        for tick in world().run(2):
            tape.tell(tick)
    assert [each.message for each in caplog.records] == ["nothing is recorded any more"]


def test_a_file_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"--record .* can't be written"):
        RecordingFile(tmp_path / "nowhere" / "tape", 1000)

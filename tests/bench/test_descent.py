"""The bench of the way down: its fast path decides as the loop does, and its page holds."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.planning.simulated_fleet.plant import Plant, drive
from ebbtide.planning.simulated_fleet.plant_settings import PlantSettings
from tests.bench.descent.cut_off import SESSION, cut_off
from tests.bench.descent.falls import BOOT, CLIFF, DIP, FLEET, SECONDS, named
from tests.bench.descent.family import family
from tests.bench.descent.front import BLIND, Point, beaten_by, edge
from tests.bench.descent.labels import Box, Room
from tests.bench.descent.lanes import Lookout, swept
from tests.bench.descent.page import PAGE
from tests.bench.descent.picture import draw
from tests.bench.descent.scalers import RIVALS, driven_by
from tests.bench.descent.scores import SESSIONS, seconds_to_target, shortfall
from tests.bench.descent.world import Trial, driven
from tests.bench.marked_page import filled

WHILE = SECONDS[80:228]
"""From 10 minutes before a fall to 27 after it."""


@pytest.mark.parametrize("announced", [False, True])
def test_lanes_decide_as_the_loop_does(announced: bool) -> None:
    falls = [replace(fall, seconds=WHILE) for fall in family(5)]
    trial = Trial(model=BLIND, announced=announced)
    alone, together = driven(falls, trial), swept(Lookout(falls, BLIND), trial)
    for lane, fall in enumerate(falls):
        assert np.abs(together[:, lane] - alone[fall.name].asked).max() <= 1


def test_a_family_is_the_same_each_time_and_its_falls_differ() -> None:
    one, other = family(20), family(20)
    assert all((a.demand == b.demand).all() for a, b in zip(one, other, strict=True))
    assert len({fall.demand.tobytes() for fall in one}) == 20
    assert {fall.kind for fall in one} == {"dip", "cliff", "ebb", "echo"}


@pytest.mark.parametrize(
    ("second", "cliff", "dip"),
    [(-15, 1000, 1000), (0, 60, 60), (345, 60, 60), (390, 60, 430), (420, 60, 800)],
)
def test_a_cliff_is_a_step_and_a_dip_comes_back(second: float, cliff: float, dip: float) -> None:
    at = np.array([float(second)])
    assert [float(course(at)[0]) for course in (CLIFF, DIP)] == [cliff, dip]


def test_a_metric_is_read_half_a_minute_late_at_whole_minutes() -> None:
    cliff = named()[0]
    read = dict(zip(cliff.seconds.tolist(), cliff.read.tolist(), strict=True))
    assert [read[second] for second in (-15.0, 15.0, 30.0)] == [1000.0, 1000.0, 60.0]


def test_a_fleet_that_never_moves_reaches_no_target_and_is_never_short() -> None:
    cliff, still = named()[0], np.full(SECONDS.size, 1000.0)
    assert seconds_to_target(cliff, still) is None
    assert shortfall(cliff, still) == 0
    assert seconds_to_target(cliff, np.where(SECONDS < 300, 1000.0, 60.0)) == 300


def test_sessions_that_are_cut_off_are_those_of_the_plant() -> None:
    falls = family(5)
    asked = driven_by("hpa", RIVALS["hpa-10%/60s-window-0"], falls)
    offered = np.stack([fall.demand for fall in falls], axis=1) * SESSIONS
    expected = cut_off(asked, offered)
    for lane, fall in enumerate(falls):
        settings = PlantSettings(lead=BOOT, session=SESSION)
        plant = Plant(settings, int(FLEET), float(SECONDS[0]), np.random.default_rng(lane))
        census = drive(plant, fall.seconds, asked[:, lane], offered[:, lane])
        assert expected[lane] == pytest.approx(sum(one.disrupted for one in census), rel=0.05)


def test_a_fleet_that_never_moves_cuts_nobody_off() -> None:
    offered = np.stack([fall.demand for fall in family(5)], axis=1) * SESSIONS
    assert not cut_off(np.full(offered.shape, FLEET), offered).any()


def test_a_front_keeps_what_nothing_beats() -> None:
    cheap, good, worse = Point("a", 1.0, 9.0), Point("b", 5.0, 2.0), Point("c", 6.0, 3.0)
    assert edge([worse, good, cheap]) == [cheap, good]
    assert beaten_by(worse, [cheap, good]) == good
    assert beaten_by(Point("d", 0.5, 20.0), [cheap, good]) is None


def test_the_page_has_one_place_for_each_figure_and_keeps_its_words() -> None:
    before = PAGE.read_text()
    after = filled(before, {"falls": "| x |\n", "criteria": "", "family": ""})
    assert "<!-- bench: falls -->\n| x |\n<!-- end -->" in after
    assert after.startswith("# The way down\n")
    with pytest.raises(ValueError, match="one place for costs, and has 0"):
        filled(before, {"costs": ""})


def test_the_picture_is_sound_and_names_every_line() -> None:
    line = [Point("ebbtide-window-2m", 100.0, 900.0), Point("ebbtide-window-9m", 400.0, 20.0)]
    picture = draw({"Ebbtide": ("#0a8f6a", line)}, [Point("keda", 50.0, 5000.0)], "A & B")
    words = [text.text for text in ET.fromstring(picture).iter() if text.text]
    assert {"Ebbtide", "keda", "A & B"} <= set(words)


def test_in_a_crowd_no_label_covers_another_or_what_is_drawn() -> None:
    room = Room(Box(0, 0, 800, 500))
    crowd = [(400 + 37 * (i % 3), 250 + 16 * (i // 3)) for i in range(9)]
    room.line([(100, 230), (400, 244), (700, 300)])
    for place in crowd:
        room.line([place])
    labels = [room.label(place, "kube-metrics-adapter") for place in crowd]
    boxes = [label.box for label in labels]
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert not any(box.meets(other) for box in boxes for other in (*room.dots, *room.lines))
    assert any(label.thread for label in labels)


def test_a_label_with_room_beside_it_needs_no_thread() -> None:
    label = Room(Box(0, 0, 800, 500)).label((400, 250), "keda")
    assert (label.at, label.thread) == ((407, 253), None)

"""docs/forecast.md: the figures are the bench's, the words are people's."""

import xml.etree.ElementTree as ET

from tests.bench.forecast_page import PAGE, PICTURE
from tests.bench.forecast_picture import LETTERS, draw
from tests.bench.marked_page import filled, table

LINES = {
    "Tide": {1: 0.9, 10: 0.8, 120: 0.52},
    "Persistence": {1: 1.0, 10: 1.0, 120: 1.0},
    "A & B": {1: 1.0, 10: 0.99, 120: 0.53},
    "NaiveDay": {1: 10.0, 10: 4.0, 120: 2.0},
}


def test_the_page_has_one_place_for_each_figure_and_keeps_its_words() -> None:
    names = ("models", "criteria", "events", "cost")
    after = filled(PAGE.read_text(), {name: table([name], [["x"]]) for name in names})
    assert all(f"<!-- bench: {name} -->\n| {name} |\n| --- |\n| x |\n" in after for name in names)
    assert after.startswith("# The forecast\n")


def test_what_was_measured_stands_on_it() -> None:
    assert "| **Tide** |" in PAGE.read_text()
    assert "Tide" in PICTURE.read_text()


def test_the_picture_names_every_line_that_is_drawn_and_no_other() -> None:
    words = [text.text for text in ET.fromstring(draw(LINES, "Errors")).iter() if text.text]
    assert {"Tide", "A & B", "Errors"} <= set(words)
    assert not {"NaiveDay", "Persistence"} & set(words)


def test_no_name_stands_over_another() -> None:
    texts = [each for each in ET.fromstring(draw(LINES, "Errors")).iter() if each.text]
    places = sorted(float(each.attrib["y"]) for each in texts if each.text in ("Tide", "A & B"))
    assert places[1] - places[0] >= LETTERS

"""Announced events on a drawing: their names neither overlap nor run over its edge."""

import re

from ebbtide.cli.chart import Frame
from ebbtide.cli.report.spans import Span, marked

HOUR = Frame(low=(0.0, 0.0), high=(3600.0, 10.0), width=1160, height=380)


def names(*events: Span) -> dict[str, tuple[str, float, float]]:
    """How each name is anchored, and where."""
    text = "".join(marked(HOUR, events))
    found = re.findall(r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)">([^<]*)<', text)
    return {name: (kind, float(x), float(y)) for kind, x, y, name in found}


def test_names_that_have_room_share_a_row() -> None:
    found = names(Span("opening", 0, 60), Span("closing", 1800, 1900))
    assert found["opening"][2] == found["closing"][2]


def test_names_that_would_overlap_stand_below_one_another() -> None:
    found = names(
        Span("opening of the sale", 0, 60), Span("a show", 90, 150), Span("another", 170, 200)
    )
    downs = [down for _, _, down in found.values()]
    assert len(set(downs)) == 3
    assert downs == sorted(downs)


def test_a_name_beside_the_right_edge_stands_to_the_left_of_its_event() -> None:
    found = names(Span("closing of the sale", 3500, 9000))
    kind, x, _ = found["closing of the sale"]
    assert kind == "tick end"
    assert x < HOUR.place((3500, 0))[0]


def test_an_event_that_goes_on_is_not_drawn_as_if_it_ended() -> None:
    assert "".join(marked(HOUR, [Span("on", 3000, 9000)])).count('class="event"') == 1
    assert "".join(marked(HOUR, [Span("on", 3000, 3300)])).count('class="event"') == 2
    assert "".join(marked(HOUR, [Span("over", -900, -60)])) == ""

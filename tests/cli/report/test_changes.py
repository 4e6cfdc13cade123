"""Which changes of replicas a report has room for, and what it calls them."""

import re
from itertools import pairwise

from ebbtide.cli.report.changes import MOST_CHANGES, MOST_PRINTED, name_of, on_page, on_paper
from ebbtide.cli.report.chart import course
from ebbtide.cli.report.planned import Planned
from ebbtide.cli.report.translations import Language, translations
from ebbtide.cli.simulation.frames import Frame
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase


def steps(*wanted: int) -> list[Frame]:
    """A change a minute, from each of some replicas to the next."""
    return [
        Frame(
            now=60.0 * i,
            workload="live/edge",
            demand=before,
            foreseen=before,
            current=before,
            ready=before,
            desired=after,
            phase=Phase.PEACE,
            reason="PresentNeed",
            why=Message("as much is needed"),
        )
        for i, (before, after) in enumerate(pairwise(wanted))
    ]


def zigzag(count: int) -> list[Frame]:
    return steps(*(10 + i % 2 for i in range(count + 1)))


def test_a_page_has_the_first_changes_and_the_largest_wherever_they_are() -> None:
    told = [*zigzag(MOST_CHANGES + 500), *steps(10, 400)]
    assert len(told) - 1 in on_paper(told)
    assert len(on_paper(told)) == MOST_PRINTED
    assert [*on_page(told)][:3] == [0, 1, 2]
    assert [*on_page(told)][-1] == len(told) - 1
    assert len(on_page(told)) < len(told)


def test_no_dot_leads_to_a_change_that_the_page_has_not() -> None:
    told = zigzag(MOST_CHANGES + 2000)
    drawn = course(told, translations(Language.EN), anchor="live.edge")
    linked = set(re.findall('href="#([^"]+)"', drawn))
    assert len(linked) > 10
    assert linked <= {name_of("live.edge", i) for i in on_page(told)}


def test_no_two_workloads_share_an_anchor_nor_one_with_a_change_of_another() -> None:
    names = ("live/edge", "live/edge-1", "live-edge/x", "live/edge-x")
    anchors = [Planned(workload=n, frames=[], tick=60.0, scores={}).anchor for n in names]
    changes = {name_of(anchor, i) for anchor in anchors for i in range(3)}
    assert len({*anchors, *changes}) == 4 * len(names)

"""The drawing of a plan: what is short or idle ends at the line of the demand."""

import re

from ebbtide.cli.report.chart import course
from ebbtide.cli.report.translations import Language, translations
from ebbtide.cli.simulation.frames import Frame
from tests.cli.report.test_changes import steps

WORDS = translations(Language.EN)
POINT = re.compile(r"[ML]([\d.]+) (-?[\d.]+)")


def points(frames: list[Frame], kind: str) -> list[tuple[float, float]]:
    """The corners of a line or an area."""
    path = re.search(rf'class="{kind}" d="([^"]*)"', course(frames, WORDS))
    assert path
    return [(float(x), float(y)) for x, y in POINT.findall(path[1])]


def rising(ready: int) -> list[Frame]:
    """Demand that rises from 20 to 60 replicas while so many are ready."""
    return [
        one._replace(now=60.0 * i, demand=20.0 + 10 * i, ready=ready)
        for i, one in enumerate(steps(*range(40, 46)))
    ]


def test_what_is_short_reaches_up_to_the_demand_and_no_farther() -> None:
    frames = rising(ready=10)
    demand = points(frames, "demand")
    upper = points(frames, "short")[: 2 * len(frames) - 1]
    assert set(upper) == set(demand)


def test_what_is_idle_reaches_down_to_the_demand_and_no_farther() -> None:
    frames = rising(ready=100)
    demand = points(frames, "demand")
    lower = points(frames, "idle")[2 * len(frames) - 1 :]
    assert set(lower) == set(demand)

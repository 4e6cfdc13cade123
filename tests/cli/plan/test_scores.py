"""The table of scores, on terminals of any width."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ebbtide.cli.plan.scores import Scores
from ebbtide.planning.scoring.score import Score

ONE = Score(
    idle=12_345.6,
    replica_hours=123_456.0,
    cost=12_345.67,
    shortfall=0.3,
    worst_shortfall=1.0,
    unserved=0.35595,
    disruptions=0,
    events=1_234,
    largest_drop=17.0,
)


def shown(names: list[str], width: int) -> list[str]:
    """The lines of a table with a column a name; the costs are told apart by their cents."""
    rows = {name: replace(ONE, cost=ONE.cost + at) for at, name in enumerate(names)}
    console = Console(width=width, file=io.StringIO())
    console.print(Scores(rows=rows, more={"times the bound": lambda one: f"{one.cost:.3f}"}))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 80, 110, 200])
def test_no_figure_is_cut_however_many_scalers_a_narrow_terminal_shows(width: int) -> None:
    names = [f"maxStep={step}%, soak=5m" for step in range(7)]
    lines = shown(names, width)
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if "…" in line]
    costs = [figure for line in lines if line.startswith("their cost") for figure in line.split()]
    assert [one for one in costs if "." in one] == [f"{12_345.67 + at:,.2f}" for at in range(7)]


@pytest.mark.parametrize("width", range(60, 130, 5))
def test_names_of_any_length_make_way_for_figures(width: int) -> None:
    names = ["edge", "maxStep=20%, window=3m", "headroom=30%", "HPA, target 0.95", "peak"]
    lines = shown(names, width)
    assert max(map(len, lines)) <= width
    costs = [figure for line in lines if line.startswith("their cost") for figure in line.split()]
    assert [one for one in costs if "." in one] == [f"{12_345.67 + at:,.2f}" for at in range(5)]


def test_what_there_is_room_for_stands_side_by_side() -> None:
    lines = shown(["ebbtide", "static peak"], 80)
    assert lines[0].split() == ["ebbtide", "static", "peak"]
    assert len([line for line in lines if line.startswith("their cost")]) == 1

"""The front of a search on terminals of several widths."""

import numpy as np
import pytest
from rich.console import Console

from ebbtide.cli.report.translations import Language, translations
from ebbtide.cli.tune.choice import candidates
from ebbtide.cli.tune.front import Front
from ebbtide.cli.tune.page import Tuned
from ebbtide.planning.tuning.judgement import Measured, judged
from ebbtide_policies.message import Message

VARIANTS = candidates(1e-4, {})
FIGURES = {"199,061", "63.6879%", "1.104"}


def front(language: Language, *, told_of_users: bool) -> Front:
    """Variants that differ in four fields, with figures as wide as they come."""

    def each(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(len(VARIANTS), value)

    users = each(199_061.0) if told_of_users else each(0.0)
    found = Measured(*map(each, range(len(Measured._fields))))._replace(
        replica_hours=each(199_061.0),
        beside_bound=each(1.104),
        unserved=each(0.636879),
        changes=each(1772.0),
        disruptions=users,
        breached=users if told_of_users else each(np.nan),
    )
    return Front(VARIANTS, judged(found, found, 3), translations(language))


def drawn(what: Front, width: int) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("told_of_users", [False, True], ids=["plain", "with users"])
@pytest.mark.parametrize("width", [72, 80, 110, 160])
def test_no_word_and_no_figure_is_cut(language: Language, width: int, told_of_users: bool) -> None:
    told = drawn(front(language, told_of_users=told_of_users), width)
    assert "…" not in told
    assert set(told.split()) >= FIGURES


@pytest.mark.parametrize(
    ("width", "first", "fields"),
    [
        pytest.param(140, "HEADROOM", 4, id="all in one line"),
        pytest.param(88, "HELD", 4, id="a word a line"),
        pytest.param(80, "HELD", 4, id="closer together"),
        pytest.param(70, "HELD", 3, id="without a field"),
        pytest.param(50, "HELD", 0, id="with none"),
    ],
)
def test_heads_are_broken_before_a_field_is_left_out(width: int, first: str, fields: int) -> None:
    told = drawn(front(Language.EN, told_of_users=False), width)
    assert told.split()[0] == first
    assert sum(name in told for name in ("HEADROOM", "WIDTH", "TRUST", "WINDOW")) == fields


@pytest.mark.parametrize(
    ("unserved", "doubted"),
    [
        pytest.param((0.02, 0.0), False, id="another one keeps it, at a price"),
        pytest.param((0.02, 0.01), True, id="none does"),
    ],
)
def test_only_where_none_keeps_the_objective_that_is_said(
    unserved: tuple[float, float], doubted: bool
) -> None:
    costs, same = np.array([10.0, 90.0]), np.ones(2)
    found = Measured(costs, same, np.array(unserved), *6 * [same])
    tuned = Tuned(
        workload="live/edge",
        objective=0.001,
        margin=1.0,
        variants=VARIANTS[:2],
        candidates=judged(found, found, 0),
        days=28.0,
        why=Message("it comes cheapest, with a price on what went unserved"),
    )
    said = [str(one) for one in tuned.doubts()]
    assert any("none keeps the objective" in one for one in said) is doubted

"""The lead time as it was measured."""

import math
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.lead_time import (
    ENOUGH,
    FALL,
    KEPT,
    OF_ONE_RISE,
    Boots,
    LeadTime,
    settled,
    with_rise,
)
from tests.policies.builders import INF, NAN


class Rise(NamedTuple):
    """The boots of one rise: on nodes that were there, and that waited for one."""

    there: list[float]
    waited: list[float]


SECONDS = st.floats(0.0, 3600.0)
RISE = st.builds(Rise, st.lists(SECONDS, max_size=20), st.lists(SECONDS, max_size=20))
RISES = st.lists(RISE, max_size=12)


def after(*rises: Rise) -> tuple[Boots, LeadTime]:
    """What is known after some rises: boots on nodes that were there, and that waited for one."""

    def one(known: tuple[Boots, LeadTime], rise: Rise) -> tuple[Boots, LeadTime]:
        boots = with_rise(known[0], *rise)
        return boots, settled(boots, known[1])

    return list(accumulate(rises, one, initial=(Boots(), LeadTime())))[-1]


def test_a_few_boots_say_nothing() -> None:
    boots, lead = after(Rise([30.0] * (ENOUGH - 1), []))
    assert len(boots.there) == ENOUGH - 1
    assert math.isnan(lead.usual)
    assert math.isnan(lead.longest)


def test_enough_of_them_say_what_nine_in_ten_took_at_most() -> None:
    _, lead = after(*[Rise([float(second)], []) for second in range(30, 50)])
    assert lead == (48.0, 48.0)


def test_rare_boots_on_new_nodes_count_for_a_rise_that_may_need_them() -> None:
    quick, slow = Rise([30.0] * 8, []), [Rise([], [200.0 + i]) for i in range(8)]
    boots, lead = after(*slow, *[quick] * 8)
    assert (len(boots.there), len(boots.waited)) == (KEPT, 8)
    assert lead == (207.0, 207.0)
    rare = Boots(there=(30.0,) * 73, waited=(240.0,) * ENOUGH)
    assert settled(rare, LeadTime()) == (30.0, 240.0)
    one_in_ten = Boots(there=(30.0,) * 72, waited=(240.0,) * ENOUGH)
    assert settled(one_in_ten, LeadTime()) == (240.0, 240.0)


def test_a_longer_lead_time_counts_at_once_and_a_shorter_one_bit_by_bit() -> None:
    _, slow = after(Rise([100.0] * 8, []))
    boots, slower = after(Rise([100.0] * 8, []), Rise([300.0] * 8, []))
    assert (slow.usual, slower.usual) == (100.0, 300.0)
    fast = with_rise(with_rise(boots, [10.0] * 40, []), [10.0] * 40, [])
    for _ in range(3):
        fast = with_rise(fast, [10.0] * 8, [])
    assert settled(fast, slower).usual == pytest.approx(300 * (1 - FALL))


def test_what_is_not_measured_any_more_stays_as_it_was() -> None:
    assert settled(Boots(), LeadTime(90.0, 200.0)) == (90.0, 200.0)


def test_a_large_rise_leaves_room_for_others() -> None:
    boots = with_rise(Boots(there=(30.0,) * 20), list(np.linspace(40, 90, 500)), [])
    assert len(boots.there) == 20 + OF_ONE_RISE
    assert (boots.there[20], boots.there[-1]) == (40.0, 90.0)


@pytest.mark.parametrize("odd", [NAN, INF, -5.0])
def test_a_boot_that_makes_no_sense_is_none(odd: float) -> None:
    assert with_rise(Boots(), [odd], [odd]) == Boots()


@given(RISES)
def test_however_many_rises_there_are_a_bounded_number_of_boots_is_kept(
    rises: list[Rise],
) -> None:
    boots, lead = after(*rises)
    assert len(boots.there) <= KEPT
    assert len(boots.waited) <= KEPT
    seen = [second for rise in rises for kind in rise for second in kind]
    for found in lead:
        assert math.isnan(found) or min(seen) <= found <= max(seen)
    assert not lead.usual > lead.longest


@given(RISES, RISE)
def test_one_rise_never_lets_the_lead_time_fall_by_more_than_a_step(
    rises: list[Rise], last: Rise
) -> None:
    _, before = after(*rises)
    _, now = after(*rises, last)
    for was, is_ in zip(before, now, strict=True):
        assert math.isnan(was) or is_ >= was * (1 - FALL) - 1e-9


@given(st.lists(SECONDS, min_size=ENOUGH, max_size=KEPT), st.integers(0, KEPT - 1))
def test_a_slower_boot_never_makes_the_lead_time_shorter(boots: list[float], at: int) -> None:
    slower = list(boots)
    slower[at % len(boots)] += 60.0
    one, other = (settled(Boots(tuple(b)), LeadTime()).usual for b in (boots, slower))
    assert one <= other

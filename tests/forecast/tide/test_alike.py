"""The days of which `Tide` sees that they are like the present one."""

import numpy as np
import pytest

from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.track import Track

FRAME = Frame(10, 12)
DAY, MATCHES = FRAME.day, (0, 3, 4, 9, 11, 14, 17)
BEFORE = DAY // 2 - 6
"""An hour before noon."""


def day(*, match: bool) -> F32:
    """A day that rises at noon, if it rose a little in the morning."""
    hours = np.arange(DAY) * 24 / DAY
    morning, noon = (hours >= 8) & (hours < 14), (hours >= 12) & (hours < 14)
    return (100 + match * (20 * morning + 400 * noon)).astype(np.float32)


def followed(*, match: bool, blocks: int = DAY) -> Track:
    """What is known an hour before the noon of a day that follows three weeks of both kinds."""
    days = [day(match=number in MATCHES) for number in range(21)]
    values = np.concatenate((*days, day(match=match)[:BEFORE]))[:, None]
    track = Track(FRAME, 1, 0)
    at = 0
    while at < len(values):
        size = min(blocks, track.days.block, DAY - at % DAY)
        track.see(values[at : at + size])
        at += size
    return track


@pytest.mark.parametrize(("match", "rise"), [(True, 400), (False, 0)], ids=["like", "unlike"])
def test_a_day_goes_on_as_those_did_that_began_like_it(match: bool, rise: float) -> None:
    said = followed(match=match).said()
    assert said[0, -1, 0] == pytest.approx(rise, abs=40)


def test_what_days_say_is_the_same_row_by_row() -> None:
    one, other = (followed(match=True, blocks=size).said() for size in (1, DAY))
    assert one == pytest.approx(other, abs=1e-2)


def test_days_that_are_not_known_say_nothing() -> None:
    track = Track(FRAME, 1, 0)
    track.see(day(match=True)[:BEFORE, None])
    assert not track.said().any()

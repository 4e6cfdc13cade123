"""Where several scalers differ most over the same demand: the moments that are worth a look."""

from collections.abc import Sequence
from typing import NamedTuple

from ebbtide_policies.lanes import Lanes


class Stretch(NamedTuple):
    """Ticks from `begin` up to `end` in which scalers differ, most of all at `most`."""

    begin: int
    end: int
    most: int


def stretches(asked: Lanes, *, around: int, count: int) -> Sequence[Stretch]:
    """The stretches with the widest differences, widest first.

    `asked` has one row a tick and one column a scaler. A stretch is as long as the difference stays
    above half of its widest, at most `around` ticks to each side; no two of them overlap.
    """
    width = asked.max(axis=1) - asked.min(axis=1)
    found: list[Stretch] = []
    left = width.copy()
    while len(found) < count and left.max(initial=0.0) > 0:
        most = int(left.argmax())
        stretch = _around(left, most, around)
        found.append(stretch)
        left[stretch.begin : stretch.end] = 0.0
    return found


def _around(width: Lanes, most: int, around: int) -> Stretch:
    half = width[most] / 2
    begin = most
    while begin > max(0, most - around) and width[begin - 1] > half:
        begin -= 1
    end = most + 1
    while end < min(width.size, most + around + 1) and width[end] > half:
        end += 1
    return Stretch(begin, end, most)

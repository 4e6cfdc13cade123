"""Where words go in a picture: as near as can be to what they name, and over nothing else."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

LETTER, LINE = 6.4, 12.0
"""About the size of a letter."""
_DOT = 4.5
_GAP = 7.0
_FARTHEST, _FARTHER = 160, 6
_TURNS = (0, 8, 12, 4, 15, 1, 14, 2, 9, 7, 10, 6, 13, 3, 11, 5)
"""Sixteenths of a turn from the right over below, the preferred first."""

Place = tuple[float, float]


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether some place is in both."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: "Box") -> bool:
        """Whether all of it is in the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


class Label(NamedTuple):
    """Words in their place, and the thread that leads to them where they stand apart."""

    words: str
    box: Box
    thread: tuple[Place, Place] | None

    @property
    def at(self) -> Place:
        """Where the words begin, on their base line."""
        return self.box.left, self.box.bottom - 3


@dataclass
class Room:
    """What is taken in a picture."""

    page: Box
    dots: list[Box] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)
    words: list[Box] = field(default_factory=list)

    def line(self, places: Sequence[Place]) -> None:
        """Take the way through some places, and a dot at each."""
        self.dots += [_around(place, _DOT) for place in places]
        for one, other in pairwise(places):
            self.lines += [_around(place, 1.5) for place in _way(one, other)]

    def label(self, place: Place, words: str) -> Label:
        """Take the nearest free room for the name of a place.

        A thread that crosses something is better than a name that covers it.
        """
        everywhere = list(_rooms(place, len(words) * LETTER))
        free = [box for box in everywhere if self._is_free(box)] or everywhere[:1]
        box = next((box for box in free if self._is_clear(place, _nearest(box, place))), free[0])
        self.words.append(box)
        end = _nearest(box, place)
        plain = math.dist(place, end) < min(2 * _GAP, self._nearest_other(place, box) - 2)
        return Label(words, box, None if plain else (place, end))

    def _nearest_other(self, named: Place, box: Box) -> float:
        """How far a label is from the nearest dot that is not its own."""
        others = [_center(dot) for dot in self.dots if _center(dot) != named]
        return min((math.dist(dot, _nearest(box, dot)) for dot in others), default=math.inf)

    def _is_free(self, box: Box) -> bool:
        taken = (*self.dots, *self.lines, *self.words)
        return box.within(self.page) and not any(box.meets(one) for one in taken)

    def _is_clear(self, named: Place, end: Place) -> bool:
        """Whether a thread meets no name and no dot but its own."""
        own = _around(named, _DOT)
        strange = [*self.words, *(dot for dot in self.dots if not dot.meets(own))]
        thread = [_around(one, 1) for one in _way(named, end)]
        return not any(one.meets(other) for one in thread for other in strange)


def _rooms(place: Place, wide: float) -> Iterator[Box]:
    """Boxes around a place, the nearest first."""
    x, y = place
    for apart in range(0, _FARTHEST, _FARTHER):
        for turn in _TURNS:
            angle = turn * math.tau / 16
            across = x + math.cos(angle) * (_GAP + apart + wide / 2)
            down = y + math.sin(angle) * (_GAP + apart + LINE / 2)
            yield Box(across - wide / 2, down - LINE / 2, across + wide / 2, down + LINE / 2)


def _around(place: Place, half: float) -> Box:
    x, y = place
    return Box(x - half, y - half, x + half, y + half)


def _nearest(box: Box, place: Place) -> Place:
    """The place of a box that is nearest to another place."""
    x, y = place
    return min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)


def _center(box: Box) -> Place:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _way(one: Place, other: Place) -> Iterator[Place]:
    """Places on the way from one to another, two apart."""
    steps = max(1, math.ceil(math.dist(one, other) / 2))
    for step in range(steps + 1):
        share = step / steps
        yield one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])

"""Series that `Tide` forecasts together, recognized from tick to tick by their own past."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ebbtide.forecast.contract import DAY, LEVELS, Floats, History, Rows
from ebbtide.forecast.tide.arrays import F32, keep_room, number
from ebbtide.forecast.tide.columns import joined, taken
from ebbtide.forecast.tide.days import LONG
from ebbtide.forecast.tide.experts import SINCE
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.learner import Learner

LEARNT_DAYS, REMEMBERED_DAYS = 22, 6
"""Days from which a learner begins to learn, and those before, which it only remembers."""
CLOSELY_DAYS = 7
"""Whole days at the end of which each row is learnt from, and before them few: they have faded."""
TOGETHER = 2048
"""Series that are reckoned at once: more would take room and save nothing."""
BEGUN_TOGETHER = 512
"""Series that begin at once: fewer, as many rows of them are reckoned at once."""
RECOGNIZED = 32
"""The last rows, by which a history is recognized as one that goes on."""
GAP = number(-1)
"""What stands for a gap there: less than any demand."""
MORE = number(-2)
"""What stands there of a series of which more of the past is known by now: it is like no other."""
SAMPLED = 487
"""Of the rows before, so many are passed over for each that is looked at."""
NEVER_ASKED: tuple[tuple[int, int, bytes], F32] = ((-1, 0, b""), np.zeros((0, 0), np.float32))
"""The ordinary day of a group that was never asked for it: which one it is, and what it needs."""


class Group:
    """Learners of some series, and what their history is recognized by."""

    def __init__(self, frame: Frame, learners: Sequence[Learner], history: History) -> None:
        self.frame, self.learners = frame, learners
        self.size = sum(learner.size for learner in learners)
        self.end, self._length = history.end, len(history.minutes)
        self._evidence = _evidence(history, len(history.minutes), frame)
        self._ordinary = NEVER_ASKED

    def __getstate__(self) -> dict[str, Any]:
        """What is to be kept: what an ordinary day asks for is made again from its learners."""
        return vars(self) | {"_ordinary": NEVER_ASKED}

    def asked(self, history: History, frame: Frame) -> F32 | None:
        """What this group may recognize a history by; None for one that it can't go on with."""
        new = rows_between(self.end, history)
        before = len(history.minutes) - new
        late = not 0 <= new <= LEARNT_DAYS * frame.day or before <= 0
        if frame != self.frame or late:
            return None
        evidence = _evidence(history, before, frame)
        earlier = history.minutes[max(0, before - needed(frame)) : max(0, before - self._length)]
        if len(earlier):
            evidence[:, ~np.isnan(earlier).all(axis=0)] = MORE
        return evidence

    def knows(self, asked: F32) -> bool:
        """Whether these are its series, all of them and in its order."""
        return np.array_equal(*_of_both(self._evidence, asked))

    def places(self, asked: F32) -> Rows:
        """Where each of these series stands here, -1 for one that does not."""
        known, asked = _of_both(self._evidence, asked)
        alike: dict[bytes, list[int]] = {}
        for place, column in enumerate(_marks(known)):
            alike.setdefault(column.tobytes(), []).append(place)
        columns = zip(_marks(asked), asked.T, strict=True)
        return np.array([_nearest(alike.get(m.tobytes(), []), known, v) for m, v in columns])

    def go_on(self, history: History) -> int:
        """Learn the new rows of a history; answer how many values they hold."""
        new = rows_between(self.end, history)
        if not new:
            return 0
        self.learn(history.minutes[-new:])
        self._evidence = _evidence(history, len(history.minutes), self.frame)
        self.end = history.end
        self._length = max(self._length + new, len(history.minutes))
        return new * int(history.minutes.shape[1])

    def learn(self, values: Floats) -> None:
        """Learn rows that follow the last one."""
        for i, learner in enumerate(self.learners):
            learner.learn(values[:, i * TOGETHER : (i + 1) * TOGETHER])

    def foresee(self) -> Floats:
        """The quantiles at every step from the last row on, (levels, steps, series)."""
        values = np.empty((len(LEVELS), self.frame.horizon, self.size))
        for i, learner in enumerate(self.learners):
            learner.foresee(values[:, :, i * TOGETHER : (i + 1) * TOGETHER])
        return values

    def rearranged(
        self, places: Rows, history: History, known: Callable[[History], "Group"]
    ) -> "Group":
        """A group for this history: series that stand at `places` here, and the rest.

        Who those are is `known` by their past up to the last row of this group.
        """
        before = len(history.minutes) - rows_between(self.end, history)
        new = np.flatnonzero(places < 0)
        past = History(self.end, history.minutes[:before], history.grid)
        rest = known(past._replace(minutes=past.minutes[:, new])).learners if new.size else []
        order = places.copy()
        order[new] = self.size + np.arange(new.size)
        chunks = np.split(order, range(TOGETHER, order.size, TOGETHER))
        every = [*self.learners, *rest]
        return Group(self.frame, [taken(every, chunk) for chunk in chunks], past)

    def worse(self) -> F32:
        """Mean errors of what was foreseen over those of persistence, (anchors, series)."""
        return _abreast([learner.worse() for learner in self.learners])

    def learnt(self) -> F32:
        """Rows of each series that are known."""
        return _abreast([learner.track.learnt for learner in self.learners])

    def ordinary(self, history: History) -> Any:
        """What an ordinary day asks for, (minutes, series), in float32; made once a day."""
        frame, end = self.frame, int(self.end // history.grid + 1)
        known = _abreast([one.track.now[SINCE] for one in self.learners]) >= 2 * frame.day
        put_forward = int(frame.by_clock(np.array((end,)))[0] - end) * frame.grid
        asked = (end // frame.day, put_forward, known.tobytes())
        if asked != self._ordinary[0]:
            cells = _abreast([one.ordinary for one in self.learners])
            day = np.repeat(cells, DAY // len(cells), axis=0)
            pulses = _abreast([one.track.pulses.ordinary() for one in self.learners])
            day += np.repeat(pulses, DAY // len(pulses), axis=0)
            day[:, ~known] = np.nan
            self._ordinary = asked, np.roll(day, -put_forward, axis=0)
        return self._ordinary[1]


def _abreast(parts: Sequence[F32]) -> F32:
    """What learners know, the series of all side by side."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def rows_between(end: float, history: History) -> int:
    """Rows of a history after a moment."""
    return round((history.end - end) / history.grid)


def needed(frame: Frame) -> int:
    """Rows of history that matter: what is older has faded."""
    return (LEARNT_DAYS + REMEMBERED_DAYS) * frame.day


def begun(history: History, frame: Frame) -> Group:
    """Learn a history from its beginning; of a long one, watch the first days only."""
    keep_room()
    size = history.minutes.shape[1]
    learners = []
    for begin in range(0, size, TOGETHER):
        cuts = [*range(begin, min(begin + TOGETHER, size), BEGUN_TOGETHER), begin + TOGETHER]
        parts = [history._replace(minutes=history.minutes[:, a:b]) for a, b in pairwise(cuts)]
        learners.append(joined([_begun(part, frame) for part in parts]))
    return Group(frame, learners, history)


def _begun(history: History, frame: Frame) -> Learner:
    """A learner that learnt the last days of a history."""
    end, rows, size = round(history.end / history.grid) + 1, *history.minutes.shape
    start = rows - LEARNT_DAYS * frame.day
    start = start if start > frame.day else 0
    learner = Learner(frame._replace(sparse=True), size, end - rows + start)
    if start:
        remembered = history.minutes[max(0, start - LONG * frame.day - frame.hour) : start]
        learner.track.remember(remembered.astype(np.float32))
    lately = max(start, rows - (end % frame.day + CLOSELY_DAYS * frame.day))
    learner.learn(history.minutes[start:lately])
    learner = learner.closer()
    learner.learn(history.minutes[lately:])
    return learner


def _evidence(history: History, before: int, frame: Frame) -> F32:
    """What series are recognized by when they had `before` rows, one column each.

    It is the last rows, the newest first, and then some of long ago. What those say may be told
    anew: they only part series that end alike and are known at the same of them. Rows before all
    that is known are absent.
    """
    back = history.minutes[:before][::-1]
    parts = back[:RECOGNIZED], back[RECOGNIZED : needed(frame) : SAMPLED]
    return np.fmax(np.concatenate(parts, dtype=np.float32), GAP)


def _of_both(known: F32, asked: F32) -> tuple[F32, F32]:
    """The rows that neither lacks."""
    count = min(len(known), len(asked))
    return known[:count], asked[:count]


def _marks(evidence: F32) -> F32:
    """What has to be the same of each series, (N, rows): the last, and which of old are known."""
    late, long_ago = evidence[:RECOGNIZED], evidence[RECOGNIZED:]
    return np.ascontiguousarray(np.concatenate((late, long_ago < 0)).T)


def _nearest(places: list[int], known: F32, asked: F32) -> int:
    """Of series that end alike, the one whose past is the nearest; -1 where there is none."""
    if len(places) <= 1:
        return places[0] if places else -1
    return places[int(np.abs(known[:, places] - asked[:, None]).sum(axis=0).argmin())]

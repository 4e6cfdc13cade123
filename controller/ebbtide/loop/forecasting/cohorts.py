"""Who is forecast with whom.

One call for many signals costs little more than one for a single one, whatever their age. So those
that nobody has learnt yet are learnt together, and small cohorts, as they come about where one
workload after the other arrives, become one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from ebbtide.forecast.contract import DAY
from ebbtide.loop.forecasting.cohort import Cohort, Make
from ebbtide.loop.forecasting.signals import Key, Task

TOGETHER = 256
"""Signals that one forecaster learns at most: so many wait for each other at first sight."""
SCATTERED = 8
"""Small cohorts that become one: as they are copied for it, not each time that a signal comes."""

Work = tuple[Cohort, Sequence[Task]]


class Cohorts:
    """The cohort of every signal."""

    def __init__(self, makers: Mapping[str, Make]) -> None:
        self._makers = makers
        self._of: dict[Key, Cohort] = {}
        self._numbers = count(1)

    def of(self, key: Key) -> Cohort | None:
        """The one that forecasts a signal; None before there is one."""
        return self._of.get(key)

    def keep(self, keys: Collection[Key]) -> None:
        """Forget all signals but these."""
        self._of = {key: cohort for key, cohort in self._of.items() if key in keys}

    def due(self, stale: Iterable[Task], *, at_leisure: bool) -> Sequence[Work]:
        """By whom these are to be forecast now; those that are still at work are left alone.

        Only `at_leisure` small cohorts become one, which may take longer than a tick can wait.
        """
        due: dict[str, tuple[Cohort, list[Task]]] = {}
        strangers: dict[object, list[Task]] = {}
        for task in stale:
            cohort = self._of.get(task.column.key)
            if cohort is None or not cohort.fits(task.column):
                if task.column.whole and not (cohort and cohort.busy):
                    strangers.setdefault(_likeness(task), []).append(task)
            elif not cohort.busy:
                due.setdefault(cohort.name, (cohort, []))[1].append(task)
        known = self._merged(list(due.values())) if at_leisure else due.values()
        return [*known, *self._gathered(strangers.values())]

    def _gathered(self, strangers: Iterable[Sequence[Task]]) -> Iterable[Work]:
        """Cohorts of signals that nobody has learnt yet, each with a forecaster of its own."""
        for alike in strangers:
            for begin in range(0, len(alike), TOGETHER):
                tasks = alike[begin : begin + TOGETHER]
                make = self._makers[tasks[0].column.model]
                cohort = Cohort(f"cohort {next(self._numbers)}", make, tasks)
                self._of |= {task.column.key: cohort for task in tasks}
                yield cohort, tasks

    def _merged(self, due: Sequence[Work]) -> Iterable[Work]:
        """What is due, where small cohorts have become one if there are many."""
        sizes = Counter(cohort.name for cohort in self._of.values())
        small: dict[object, list[Work]] = {}
        for cohort, tasks in due:
            ends = {task.end for task in tasks}
            all_at_once = len(ends) == 1 and len(tasks) == sizes[cohort.name]
            if all_at_once and cohort.joinable and 2 * len(tasks) <= TOGETHER:
                small.setdefault((*tasks[0].column.learner, *ends), []).append((cohort, tasks))
        for every in small.values():
            if len(every) >= SCATTERED:
                due = [work for work in due if work not in every]
                yield from self._as_few(every)
        yield from due

    def _as_few(self, every: Sequence[Work]) -> Iterable[Work]:
        """As few cohorts as hold the members of these."""
        one, *others = sorted(every, key=lambda work: len(work[1]), reverse=True)
        parts = [one]
        for work in others:
            if sum(len(tasks) for _, tasks in parts) + len(work[1]) > TOGETHER:
                yield self._as_one(parts)
                parts = []
            parts.append(work)
        yield self._as_one(parts)

    def _as_one(self, parts: Sequence[Work]) -> Work:
        """The first of some cohorts, with the members of all."""
        (cohort, first), *others = parts
        tasks = [task for _, part in parts for task in part]
        if others:
            cohort.join(_keys(first), [(other, _keys(part)) for other, part in others])
            self._of |= {task.column.key: cohort for task in tasks}
        return cohort, tasks


def _likeness(task: Task) -> object:
    """What strangers have to share to be learnt together.

    Before what is known of a signal the common past is filled with gaps, which take as long to
    learn: the longest is at most twice the shortest, or less than a day.
    """
    days: int = task.column.known(task.end).size // DAY
    return task.column.learner, task.end, days.bit_length()


def _keys(tasks: Iterable[Task]) -> Sequence[Key]:
    return [task.column.key for task in tasks]

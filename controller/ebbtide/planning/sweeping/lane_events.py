"""What calendars announce to several workloads that are swept side by side."""

from collections.abc import Sequence

import numpy as np

from ebbtide.planning.sweeping.seen_past import Rows
from ebbtide_policies.lanes import Number
from ebbtide_policies.observation import Event


def alike(events: Sequence[Event]) -> object:
    """What has to be the same of the events of all: when they are, and their course.

    How much each workload expects of them may differ.
    """
    return tuple((e.name, e.start, e.end, e.ready_by, e.shape, e.missing) for e in events)


def joined(each: Sequence[Sequence[Event]], whose: Rows) -> Sequence[Event]:
    """The events of some workloads as those of one; `whose`: the workload of every lane."""
    return [
        same[0]._replace(
            times=_lanes([one.times for one in same], whose),
            replicas=_lanes([one.replicas for one in same], whose),
        )
        for same in zip(*each, strict=True)
    ]


def _lanes(numbers: Sequence[Number], whose: Rows) -> Number:
    """One number a lane, or a single one where all expect the same."""
    values = np.array(numbers, dtype=np.float64)
    same = np.array_equal(values, np.full_like(values, values[0]), equal_nan=True)
    return numbers[0] if same else values[whose]

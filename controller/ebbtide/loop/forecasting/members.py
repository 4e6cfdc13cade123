"""What is known of the signals of a cohort, beside what their forecaster knows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ebbtide.forecast.columnwise import abreast
from ebbtide.forecast.contract import Rows
from ebbtide.forecast.evaluation.track_record import TrackRecord
from ebbtide.loop.forecasting.provisional_minutes import ProvisionalMinutes
from ebbtide.loop.forecasting.signals import Key, Task
from ebbtide_policies.demand import MINUTE


@dataclass(frozen=True, slots=True)
class Members:
    """Signals side by side: one column each in all that is kept of them."""

    places: Mapping[Key, int]
    """Where each stands."""
    taught: Mapping[Key, int]
    """The edition of its past that each was taught."""
    record: TrackRecord
    """How what was said of them came out."""
    provisional: ProvisionalMinutes
    """The last minutes as their forecaster was told them."""

    def at(self, tasks: Iterable[Task]) -> Rows:
        """Where some of them stand."""
        return np.array([self.places[task.column.key] for task in tasks])


def first_met(tasks: Sequence[Task]) -> Members:
    """Those of whom nothing was said yet."""
    over = [task.column.trust.over / MINUTE for task in tasks]
    return Members(
        places={task.column.key: i for i, task in enumerate(tasks)},
        taught={task.column.key: task.column.edition for task in tasks},
        record=TrackRecord(tasks[0].column.rows, np.array(over)),
        provisional=ProvisionalMinutes(len(tasks)),
    )


def together(parts: Sequence[tuple[Members, Sequence[Key]]]) -> Members:
    """Some members of several cohorts as those of one, in this order."""
    sizes = [len(known.places) for known, _ in parts]
    begins = np.cumsum([0, *sizes[:-1]]).tolist()
    chosen = [
        (key, begin + known.places[key], known.taught[key])
        for begin, (known, keys) in zip(begins, parts, strict=True)
        for key in keys
    ]
    columns = np.array([column for _, column, _ in chosen])
    return Members(
        places={key: i for i, (key, _, _) in enumerate(chosen)},
        taught={key: edition for key, _, edition in chosen},
        record=abreast([known.record for known, _ in parts], columns),
        provisional=abreast([known.provisional for known, _ in parts], columns),
    )

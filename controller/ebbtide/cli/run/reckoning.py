"""What the operator asks the planner: the settings that a workload's own past speaks for."""

import numpy as np

from ebbtide.api.objective import Reckoned
from ebbtide.cli.models import plugins
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.metrics import MINUTE, Minutes
from ebbtide.loop.tuning.tuning_input import Question
from ebbtide.planning.own_weeks import OwnWeeks, reckoned
from ebbtide.planning.past import Past
from ebbtide.planning.seen_demand import DELAY
from ebbtide_policies.lanes import UNKNOWN, Lanes


def reckon(question: Question) -> Reckoned:
    """Replay the past of a workload, with the policies that other packages bring.

    It may be asked in a process of its own, and loads these itself.

    Raises:
        InvalidInput: what one replica carries is not known, or the policy makes no sense.

    """
    return reckoned(_weeks(question), question.in_force, question.suggested, plugins())


def _weeks(question: Question) -> OwnWeeks:
    """The past of all signals on one grid.

    Raises:
        InvalidInput: what a replica carries of one is not known.

    """
    for name, carried in question.per_replica.items():
        if not carried > 0:
            raise InvalidInput(f"signal {name}: what one replica carries is not known now")
    start = min(each.start for each in question.minutes.values())
    end = max(each.start + MINUTE * each.values.size for each in question.minutes.values())
    rows = round((end - start) / MINUTE)
    demands = {name: _on(start, rows, each) for name, each in question.minutes.items()}
    return OwnWeeks(
        name=question.workload,
        spec=question.spec,
        past=Past(start=start, demands=demands, per_replica=question.per_replica),
        lead_time=question.lead_time,
        delay=DELAY,
        events=question.events,
    )


def _on(start: float, rows: int, minutes: Minutes) -> Lanes:
    grid = np.full(rows, UNKNOWN)
    first = round((minutes.start - start) / MINUTE)
    grid[first : first + minutes.values.size] = minutes.values
    return grid

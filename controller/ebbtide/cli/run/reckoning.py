"""What the operator asks the planner: the settings that a workload's own past speaks for."""

import numpy as np

from ebbtide.api.capacity_policy.objective import Reckoned
from ebbtide.cli.models import plugins
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.metrics import Minutes
from ebbtide.loop.tuning.tuning_input import TuningInput
from ebbtide.planning.demand.past import Past
from ebbtide.planning.sweeping.seen_demand import DELAY
from ebbtide.planning.tuning.own_weeks import Before, OwnWeeks, reckoned
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.known_minutes import only_sound
from ebbtide_policies.lanes import UNKNOWN, Lanes


def reckon(tuning_input: TuningInput) -> Reckoned:
    """Replay the past of a workload, with the policies that other packages bring.

    It may be asked in a process of its own, and loads these itself.

    Raises:
        InvalidInput: what one replica carries is not known, or the policy makes no sense.

    """
    before = Before(tuning_input.suggested, tuning_input.suggested_by)
    return reckoned(_weeks(tuning_input), tuning_input.in_force, before, plugins())


def _weeks(tuning_input: TuningInput) -> OwnWeeks:
    """The past of all signals on one grid.

    Raises:
        InvalidInput: what a replica carries of one is not known.

    """
    for name, carried in tuning_input.per_replica.items():
        if not carried > 0:
            raise InvalidInput(f"signal {name}: what one replica carries is not known now")
    start = min(each.start for each in tuning_input.minutes.values())
    end = max(each.start + MINUTE * each.values.size for each in tuning_input.minutes.values())
    rows = round((end - start) / MINUTE)
    demands = {name: _on(start, rows, each) for name, each in tuning_input.minutes.items()}
    return OwnWeeks(
        name=tuning_input.workload,
        spec=tuning_input.spec,
        past=Past(start=start, demands=demands, per_replica=tuning_input.per_replica),
        lead_time=tuning_input.lead_time,
        delay=DELAY,
        alive={
            name: _believed_where_unknown(_on(start, rows, each))
            for name, each in tuning_input.alive.items()
        },
        events=tuning_input.events,
    )


def _on(start: float, rows: int, minutes: Minutes) -> Lanes:
    grid = np.full(rows, UNKNOWN)
    first = round((minutes.start - start) / MINUTE)
    there = slice(max(0, first), max(0, first + minutes.values.size))
    grid[there] = only_sound(minutes.values)[max(0, -first) :][: grid[there].size]
    return grid


def _believed_where_unknown(alive: Lanes) -> Lanes:
    """The share of scrape targets that answered; of what nobody recorded, all of them."""
    return np.where(np.isnan(alive), 1.0, alive)

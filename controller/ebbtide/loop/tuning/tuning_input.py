"""What is known of a workload when its own past is asked which settings keep an objective."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ebbtide.api.capacity_policy.objective import Settings, prior
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.observing.history import Histories
from ebbtide.loop.observing.observe import per_replica
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.metrics import Minutes
from ebbtide.loop.record.applied_settings import Aim, applied_in, settings_for
from ebbtide.loop.workload import Workload
from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event

_ALL = round(28 * DAY / MINUTE)
"""Minutes that settings in force are taken to be based on, where nobody knows any more."""


class TuningInput(NamedTuple):
    """What is known of one workload, and what has been said of it."""

    workload: str
    """Its key."""
    spec: Json
    """As it is written."""
    objective: float
    minutes: Mapping[str, Minutes]
    """The past of every signal of the demand, in its own unit."""
    alive: Mapping[str, Minutes]
    """The share of scrape targets that answered, of those signals that ask for it."""
    per_replica: Mapping[str, float]
    """Demand that one replica carries, by signal."""
    lead_time: float
    """Seconds."""
    events: Sequence[Event]
    """What calendars announced."""
    in_force: Settings
    """The settings that stand in the place of those that are sought."""
    suggested: Settings
    """What was found before; else what is in force."""
    suggested_by: int
    """Known minutes that this is based on."""


def objective_of(workload: Workload) -> float:
    """The share of demand that may go unserved; NaN where nobody has said it."""
    said = workload.spec.objective
    return UNKNOWN if said is None else said.unserved


def aim_of(workload: Workload) -> Aim:
    """What settings are chosen for."""
    return Aim(objective_of(workload), workload.plant)


def tuning_input(
    guidance: Guidance,
    histories: Histories,
    now: float,
    workload: Workload,
    columns: Sequence[Column],
) -> TuningInput:
    """What is known of a workload, ready to be replayed."""
    each = {
        name: per_replica(signal, workload, histories, now)
        for name, signal in workload.signals.items()
    }
    objective = objective_of(workload)
    in_force = settings_for(workload.spec, applied_in(workload.resource.status))
    return TuningInput(
        workload=workload.key,
        spec=workload.resource.spec,
        objective=objective,
        minutes={column.key[1]: _minutes(column) for column in columns},
        alive=dict(_alive(workload, histories)),
        per_replica=each,
        lead_time=workload.lead_time,
        events=tuple(guidance.events(workload, next(iter(each.values())))),
        in_force=in_force or prior(objective),
        suggested=in_force or prior(objective),
        suggested_by=_ALL if in_force else 0,
    )


def _alive(workload: Workload, histories: Histories) -> Iterator[tuple[str, Minutes]]:
    for name, signal in workload.signals.items():
        if signal.alive:
            track = histories.track(workload.query(signal.alive.query, signal.source))
            yield name, Minutes(track.oldest, track.values)


def _minutes(column: Column) -> Minutes:
    return Minutes(column.newest - (column.minutes.size - 1) * MINUTE, column.minutes)

"""From what was read to what policies see."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.timestamps import epoch_or_none
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.forecasting.series_context import context_of
from ebbtide.loop.forecasting.signals import Choice, Column
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.observing.history import Histories, Track
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.metrics import Span
from ebbtide.loop.record.ledger import Ledger, phase_since_in
from ebbtide.loop.workload import SHORT, Workload
from ebbtide_policies.course import Course, Courses, Minutes
from ebbtide_policies.demand import Signal
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.known_minutes import ANSWER_WITHIN, zero_where
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.limits import Limits
from ebbtide_policies.need import PresentNeed
from ebbtide_policies.observation import Mode, Phase
from ebbtide_policies.phase import next_phase
from ebbtide_policies.phase_lanes import one_phase
from ebbtide_policies.snapshot import Snapshot


def every_query(promql: str) -> bool:
    """Say of every query that it tells of the very fleet that is scaled, as it does live."""
    return True


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that was read at this tick, ready to be looked at."""

    histories: Histories
    forecasting: Forecasting
    guidance: Guidance
    tells: Callable[[str], bool] = every_query
    """Whether a PromQL tells of the very fleet that is scaled."""


def observe(
    workload: Workload, ledger: Ledger, mode: Mode, knowledge: Knowledge, now: float
) -> Snapshot:
    """Put together what is known of one workload.

    The phase is told by the settings of the phase before; what follows has those of the new one.
    """
    workload = workload.in_phase(ledger.phase)
    demand = tuple(
        _signal(name, spec, workload, knowledge, now) for name, spec in workload.signals.items()
    )
    seen = Snapshot(
        workload=workload.key,
        now=now,
        fleet=ledger.fleet,
        demand=demand,
        lead_time=workload.lead_time,
        longest_lead_time=workload.longest_lead_time,
        scale_up=workload.scale_up,
        prewarm_scale_up=workload.prewarm_scale_up,
        prewarm_least=workload.prewarm_least,
        phase=ledger.phase,
        phase_since=phase_since_in(workload.resource.status),
        mode=mode,
        events=tuple(knowledge.guidance.events(workload, demand[0].per_replica)),
        overrides=(
            *knowledge.guidance.overrides_for(workload, now),
            *ledger.interference.overrides,
        ),
        last_step=ledger.last_step,
        hands=ledger.interference.hands,
    )
    phase = _phase(workload, seen)
    workload = workload.in_phase(phase)
    return replace(
        seen,
        phase=phase,
        scale_up=workload.scale_up,
        soak=workload.soak,
        answers=_answers(workload, knowledge.histories, now),
        courses=_courses(workload, knowledge),
    )


def _phase(workload: Workload, seen: Snapshot) -> Phase:
    """The phase, by the settings that are in force."""
    phases = next_phase(
        seen,
        calendar=workload.settings(Calendar),
        least=float(workload.settings(Limits).min),
        headroom=workload.settings(PresentNeed).headroom,
    )
    return one_phase(phases)


def columns(workload: Workload, histories: Histories, guidance: Guidance) -> Iterable[Column]:
    """The minutes of a workload's signals, and what was said of them, as the forecast wants it."""
    wanted, said = workload.spec.forecast, tuple(guidance.events_for(workload))
    days = guidance.days_for(workload)
    for i, (name, spec) in enumerate(workload.signals.items()):
        newest, minutes = _minutes(spec, workload, histories)
        tracks = tuple(_tracks(spec, workload, histories))
        span = Span(newest - wanted.history, newest + wanted.horizon)
        yield Column(
            key=(workload.key, name),
            newest=newest,
            minutes=minutes,
            model=wanted.model,
            horizon=wanted.horizon,
            context=context_of(said, days, span, first=i == 0, time_zone=wanted.time_zone),
            edition=sum(track.edition for track in tracks),
            whole=all(track.whole for track in tracks),
            trust=wanted.trust,
            chosen=_on_record(workload.resource.status, name),
        )


def _on_record(status: Json, signal: str) -> Choice | None:
    """What `Auto` chose for a signal before, as the status has it."""
    found = status.get("forecast", {}).get(signal)
    at = epoch_or_none(found["chosenAt"]) if found else None
    return None if at is None else Choice(found["model"], found["message"], at)


def _demanded(spec: SignalSpec, workload: Workload, histories: Histories) -> Track:
    """What was read of the demand itself."""
    return histories.track(workload.query(spec.query, spec.source))


def _tracks(spec: SignalSpec, workload: Workload, histories: Histories) -> Iterable[Track]:
    """What the minutes of a signal are made of."""
    yield _demanded(spec, workload, histories)
    if spec.when_absent == "Zero" and spec.alive:
        yield histories.track(workload.query(spec.alive.query, spec.source))


def _minutes(
    spec: SignalSpec, workload: Workload, histories: Histories
) -> tuple[float, NDArray[np.float64]]:
    """The newest moment and the minutes of a signal; absent is zero only where that is said."""
    track, *answers = _tracks(spec, workload, histories)
    minutes = track.values
    if answers and spec.alive:
        alive = answers[0].values
        answering = np.zeros(minutes.size, dtype=bool)
        answering[-alive.size :] = (alive >= spec.alive.at_least)[-minutes.size :]
        minutes = zero_where(minutes, answering)
    return track.newest or 0.0, minutes


def _signal(
    name: str, spec: SignalSpec, workload: Workload, knowledge: Knowledge, now: float
) -> Signal:
    newest, minutes = _minutes(spec, workload, knowledge.histories)
    foresight = knowledge.forecasting.of((workload.key, name))
    alive, at_least = _alive(spec, workload, knowledge.histories, now)
    return Signal(
        name=name,
        now=now,
        per_replica=per_replica(spec, workload, knowledge.histories, now),
        newest=newest,
        minutes=minutes,
        look=_demanded(spec, workload, knowledge.histories).look,
        alive=alive,
        alive_at_least=at_least,
        outlook=foresight.outlook if foresight else None,
        trusted=foresight.trusted if foresight else False,
        ordinary=foresight.ordinary if foresight else np.full(1440, UNKNOWN),
    )


def _alive(
    spec: SignalSpec, workload: Workload, histories: Histories, now: float
) -> tuple[float, float]:
    """The share of scrape targets that answer, and the least; unknown where the source does not.

    So a source that is down holds capacity from its first silence on, not when its data is stale.
    """
    silent = _demanded(spec, workload, histories).failure
    if spec.alive is None:
        return (UNKNOWN if silent else 1.0), 0.0
    query = workload.query(spec.alive.query, spec.source)
    share = UNKNOWN if silent else histories.latest(query, now, ANSWER_WITHIN)
    return share, spec.alive.at_least


def per_replica(spec: SignalSpec, workload: Workload, histories: Histories, now: float) -> float:
    """Capacity of one replica; unknown where its query has no sound answer."""
    if spec.per_replica_query is None:
        return spec.per_replica if spec.per_replica is not None else UNKNOWN
    answer = histories.latest(workload.query(spec.per_replica_query, spec.source), now, SHORT)
    return answer if answer > 0 else UNKNOWN


def _courses(workload: Workload, knowledge: Knowledge) -> Courses:
    """The last minutes of the queries that policies follow."""
    source = next(iter(workload.signals.values())).source
    known: dict[str, Course] = {}
    foreign: set[str] = set()
    for policy in workload.policies:
        for key, (promql, _) in policy.followed().items():
            track = knowledge.histories.track(workload.query(promql, source))
            known[f"{policy.name}/{key}"] = Minutes(track.newest or 0.0, track.values)
            if not knowledge.tells(promql):
                foreign.add(f"{policy.name}/{key}")
    return Courses(known, frozenset(foreign))


def _answers(workload: Workload, histories: Histories, now: float) -> Mapping[str, float]:
    source = next(iter(workload.signals.values())).source
    return {
        f"{policy.name}/{key}": histories.latest(workload.query(promql, source), now, ANSWER_WITHIN)
        for policy in workload.policies
        for key, promql in policy.queries().items()
    }

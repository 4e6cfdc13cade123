"""The staircase ahead: the next steps down, by the very code that decides, run on the forecast.

Demand is taken to follow the forecast's median from its last known minute on, what policies follow
to stay as it is, and pods to be Ready in their lead time. So whoever sees the steps sees what will
be decided if it comes like that; a step that does not come has a reason that is told then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ebbtide.api.timestamps import stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.contract import Decision, Kind, Policy
from ebbtide_policies.course import Course, Courses, Minutes
from ebbtide_policies.decide import Outcome, decide
from ebbtide_policies.demand import MINUTE, Signal
from ebbtide_policies.lanes import UNKNOWN, number
from ebbtide_policies.observation import Demand, Fleet, LastStep
from ebbtide_policies.snapshot import Snapshot

_HALF = 0.5
MOST_STEPS = 5
"""Steps that are foretold: further ones are a guess of a guess."""
_MOST_DECISIONS = 12
_PAST = 1440
"""Minutes of the past that policies look at, at most."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step down that is to come."""

    at: float
    before: int
    after: int
    reason: str
    """The reason of the bound that will decide its size."""

    def as_json(self) -> Json:
        """As the status has it."""
        step = {"at": stamp(self.at), "from": self.before, "to": self.after}
        return step | {"reason": self.reason}


def next_steps_section(policies: Sequence[Policy[Any]], seen: Snapshot, outcome: Outcome) -> Json:
    """The section of the status that holds the next steps; empty where there are none."""
    found = [step.as_json() for step in next_steps(policies, seen, outcome)]
    return {"nextSteps": found} if found else {}


def next_steps(
    policies: Sequence[Policy[Any]], seen: Snapshot, outcome: Outcome
) -> tuple[NextStep, ...]:
    """The next steps down after a decision; none where nothing wants to go down."""
    decision = outcome.decision
    if decision.want >= decision.replicas:
        return ()
    found = []
    for step in _foretold(policies, seen, outcome):
        found.append(step)
        if len(found) == MOST_STEPS:
            break
    return tuple(found)


def _foretold(
    policies: Sequence[Policy[Any]], seen: Snapshot, outcome: Outcome
) -> Iterator[NextStep]:
    """Decide again and again, each time when something may have changed."""
    begun, now = seen, seen.now
    for _ in range(_MOST_DECISIONS):
        decision = outcome.decision
        now = _next_look(decision, now, number(seen.soak))
        seen = _ahead(begun, seen, decision, now)
        outcome = decide(policies, seen, outcome.memories)
        made = outcome.decision
        if made.replicas > made.current:
            return
        if made.replicas < made.current:
            yield NextStep(now, made.current, made.replicas, made.binding.reason)
        if made.want >= made.replicas:
            return


def _next_look(decision: Decision, now: float, soak: float) -> float:
    """The moment at which the next decision may differ: a soak after a step, else a minute."""
    if decision.replicas < decision.current:
        return now + soak
    until = decision.binding.until
    if until is None or decision.binding.kind not in (Kind.PACE_DOWN, Kind.ROLLBACK):
        return now + MINUTE
    return number(until) if until > now else now + MINUTE


def _ahead(begun: Snapshot, seen: Snapshot, decision: Decision, now: float) -> Snapshot:
    """What will be seen at a later moment, after a decision was carried out."""
    moved = decision.replicas != decision.current
    whole = bool(begun.fleet.whole) or now >= begun.now + number(begun.lead_time)
    ready = decision.replicas if whole else min(decision.replicas, int(number(begun.fleet.ready)))
    last = LastStep(decision.at, decision.current, decision.replicas)
    return replace(
        seen,
        now=now,
        fleet=Fleet(
            current=decision.replicas, ready=ready, rollout=not whole and seen.fleet.rollout
        ),
        demand=[_signal_at(demand, now) for demand in begun.demand],
        courses=_courses_at(begun, now),
        overrides=[word for word in begun.overrides if word.until > now],
        last_step=last if moved else seen.last_step,
    )


def _signal_at(demand: Demand, now: float) -> Demand:
    """A signal once as many minutes more are known as have passed, each at the median."""
    if not isinstance(demand, Signal):
        return demand
    count = int((now - demand.now) // MINUTE)
    known = demand.minutes[-_PAST:]
    if not count or not np.isfinite(demand.known_until):
        return replace(demand, now=now)
    end = demand.known_until
    later = np.array([_median(demand, end + MINUTE * (i + 1)) for i in range(count)])
    gap = round((demand.newest - end) / MINUTE)
    past = known[: known.size - gap] if gap else known
    minutes = np.concatenate((past, later))
    return replace(demand, now=now, newest=end + MINUTE * count, minutes=minutes)


def _median(signal: Signal, moment: float) -> float:
    """The forecast's median at a minute; the last known demand where there is none."""
    if signal.outlook is not None and signal.trusted:
        row = round((moment - signal.outlook.origin) / MINUTE) - 1
        values = signal.outlook.values
        if 0 <= row < values.shape[1] and signal.outlook.levels[0] <= _HALF:
            return float(np.interp(_HALF, signal.outlook.levels, values[:, row]))
    return signal.present() * signal.per_replica


def _courses_at(begun: Snapshot, now: float) -> Courses:
    """What policies follow, going on as it is."""
    known = {
        key: _course_at(course, now - begun.now) for key, course in begun.courses.known.items()
    }
    return replace(begun.courses, known=known)


def _course_at(course: Course, seconds: float) -> Course:
    """A course once so many seconds have passed; its newest minutes stay as late as they are."""
    count = int(seconds // MINUTE)
    if not isinstance(course, Minutes) or not count or np.isnan(course.newest):
        return course
    level = course.median(course.newest - 180.0, course.newest + 1.0)
    late = round((course.end - course.newest) / MINUTE)
    known = course.values[: course.values.size - late]
    values = np.concatenate((known, np.full(count, level), np.full(late, UNKNOWN)))
    return Minutes(course.end + MINUTE * count, values)

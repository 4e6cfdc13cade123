"""The replay of a workload's own last weeks, for the settings that keep its objective.

It knows of no forecast: one for each minute of weeks would take longer than all else, and a
forecast only adds to what is asked for, so what is left unserved here is no less than it would be.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.objective import Reckoned, Settings, prior
from ebbtide.api.capacity_policy.settings_by_phase import LimitsByPhase, least_replicas
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.capacity_policy.written_settings import (
    as_written,
    choices,
    over_written,
    standing,
)
from ebbtide.api.reading.compose import Plugins
from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.answering import believed
from ebbtide.planning.demand.past import Past
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.sweep import World, replicas_asked
from ebbtide.planning.sweeping.variants import swept
from ebbtide.planning.tuning.counted_need import counted_need
from ebbtide.planning.tuning.judgement import Measured, Truth, measured
from ebbtide.planning.tuning.objective import (
    CANDIDATES,
    DAYS,
    FIRST_DAYS,
    NO_CHOICE,
    Evidence,
    chosen,
    spare,
    stress_test,
    unknown,
)
from ebbtide.planning.tuning.reasons import never_told, told
from ebbtide_policies.demand import DAY, MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Event

TICKS = (60.0, 30.0, 15.0)
"""Seconds from decision to decision in a replay: the longest that divides a lead time, nearly."""
_NEARLY = 0.1
ROUNDS = 2
"""So often is a stretch of time run again whose beginning was guessed wrong."""
AT_ONCE = 31
"""Variants that are replayed side by side: more of them take more memory, and little less time."""


@dataclass(frozen=True, kw_only=True)
class OwnWeeks:
    """One workload, its policy, and the demand that it has met."""

    name: str
    spec: dict[str, Any]
    """As it is written, with an objective."""
    past: Past
    lead_time: float
    """Seconds."""
    delay: float
    """Seconds until a minute can be read."""
    events: Sequence[Event] = ()
    """What was announced is the calendar's to carry: it says nothing of other settings."""
    alive: Mapping[str, Lanes] = field(default_factory=dict)
    """By signal, the share of scrape targets that answered, minute by minute, where it is known."""
    candidates: Sequence[Settings] = CANDIDATES
    """The settings that are tried."""

    @cached_property
    def tick(self) -> float:
        """Seconds from one decision to the next."""
        lead = max(self.lead_time, TICKS[-1])
        fits = (each for each in TICKS if -lead % each <= _NEARLY * lead)
        return next(fits, TICKS[-1])

    @cached_property
    def now(self) -> Lanes:
        """The moments at which is decided: as soon as a minute is known, and between."""
        known, rows = np.isfinite(self.past.need), self.past.need.size
        first = max(0, rows - round(DAYS * DAY / MINUTE), int(np.argmax(known)))
        start, end = (self.past.moment(row) + self.delay for row in (first, rows))
        found: Lanes = np.arange(start, end, self.tick, dtype=np.float64)
        return found

    def truth(self, limits: LimitsByPhase) -> Truth:
        """What was needed at each tick, as far as it counts."""
        now = self.now
        need = DemandSeries(start=self.past.start, minutes=self._believed.need).known_at(now)
        demand = counted_need(need, now, self.events, limits)
        boot, least = math.ceil(self.lead_time / self.tick), float(least_replicas(limits))
        return Truth(demand, self.tick, boot, least=least)

    @cached_property
    def _least_alive(self) -> Mapping[str, float]:
        """The share of scrape targets that has to answer, where it was recorded which did."""
        signals = parse_policy(self.spec).signals()
        return {name: each.at_least for name in self.alive if (each := signals[name].alive)}

    @cached_property
    def _believed(self) -> Past:
        """The past without what too few scrape targets told of."""
        heard = {
            name: believed(self.past.demands[name], self.alive[name], least)
            for name, least in self._least_alive.items()
        }
        return replace(self.past, demands={**self.past.demands, **heard})

    def world(self, boot: int) -> World:
        """What is to be seen at each tick."""
        demands = {
            name: SeenDemand(
                recorded=Recorded(self.past.start, minutes),
                now=self.now,
                delay=self.delay,
                per_replica=self.past.per_replica[name],
                alive=self.alive.get(name),
                alive_at_least=self._least_alive.get(name, 0.0),
            )
            for name, minutes in self.past.demands.items()
        }
        return World(
            workload=self.name,
            now=self.now,
            demands=demands,
            lead_time=self.lead_time,
            boot=boot,
            replicas=1.0,
        )


class Before(NamedTuple):
    """What was chosen the last time."""

    settings: Settings
    minutes: int = 0
    """Known minutes that it is based on."""


def reckoned(weeks: OwnWeeks, in_force: Settings, before: Before, plugins: Plugins) -> Reckoned:
    """The settings that the last weeks speak for; those of the last time are kept where they can.

    They stay, too, while too little is known and more was known of them: a past that was lost is
    none that speaks for less capacity.

    Raises:
        InvalidInput: the policy makes no sense.

    """
    spec = parse_policy(weeks.spec)
    objective = spec.objective.unserved if spec.objective else UNKNOWN
    truth = weeks.truth(spec.replicas)._replace(stress=stress_test(objective))
    minutes = round(truth.days * DAY / MINUTE)
    days = minutes * MINUTE / DAY
    usual, held = (standing(one, weeks.spec) for one in (prior(objective), before.settings))
    candidates = list(choices(weeks.candidates, weeks.spec))
    if candidates == [usual]:
        return Reckoned(usual, str(NO_CHOICE), minutes)
    if not _makes_sense(weeks, held):
        held = usual
    if held not in (usual, *candidates):
        candidates.append(held)
    held_at, usual_at = (_place(one, candidates) for one in (held, usual))
    rests_on = before.minutes * MINUTE / DAY

    def stays(evidence: Evidence) -> Reckoned:
        """What holds until more is known."""
        why = _why(spec, evidence, None)
        if evidence.kept:
            return Reckoned(held, why, before.minutes)
        return Reckoned(prior(objective), why, minutes)

    if days < FIRST_DAYS:
        return stays(unknown(objective, days, kept=days < rests_on and held != usual))
    variants = [as_written(in_force, weeks.spec), *candidates]
    found = replayed(weeks, truth, variants, plugins)
    tried = Measured(*(column[1:] for column in found))
    evidence = chosen(tried, objective, days, held_at, usual_at, rests_on)
    best = evidence.candidate
    if best is None:
        return stays(evidence)
    return Reckoned(
        settings=candidates[best],
        why=_why(spec, evidence, tried),
        minutes=minutes,
        unserved=float(tried.unserved[best]),
        cost=float(tried.replica_hours[best] / found.replica_hours[0]),
    )


def _why(spec: CapacityPolicySpec, evidence: Evidence, tried: Measured | None) -> str:
    """Why these settings; and where more than is known will never be, what to do about it."""
    objective = spec.objective.unserved if spec.objective else UNKNOWN
    said = told(evidence, tried, objective)
    if evidence.days < evidence.needed:
        said = never_told(spec.forecast.history, objective, said)
    return str(said)


def _makes_sense(weeks: OwnWeeks, settings: Settings) -> bool:
    """Whether a policy may have some settings: another version may have put them on record."""
    try:
        parse_policy(over_written(weeks.spec, settings))
    except InvalidInput:
        return False
    return True


def _place(settings: Settings, candidates: Sequence[Settings]) -> int | None:
    return candidates.index(settings) if settings in candidates else None


def replayed(
    weeks: OwnWeeks,
    truth: Truth,
    variants: Sequence[Settings],
    plugins: Plugins,
    rounds: int | None = ROUNDS,
) -> Measured:
    """What would have come of each of several settings; exactly, with `rounds` of None.

    Raises:
        InvalidInput: the policy makes no sense.

    """
    world = weeks.world(truth.boot)
    first = float(truth.demand[np.isfinite(truth.demand)][0])
    parts = []
    for begin in range(0, len(variants), AT_ONCE):
        part = variants[begin : begin + AT_ONCE]
        specs = [parse_policy(over_written(weeks.spec, settings)) for settings in part]
        replicas = np.array([math.ceil(max(1.0, first * (1 + spare(one)))) for one in part])
        here = replace(world, replicas=replicas)
        asked = replicas_asked(here, [swept(spec, plugins) for spec in specs], rounds=rounds)
        parts.append(measured(asked, truth))
    return Measured(*(np.concatenate(column) for column in zip(*parts, strict=True)))

"""The same rules on many falls at once, one numpy lane a fall: a fast path for sweeps.

What is asked of demand does not depend on what a scaler does, so it is answered once and kept for
all trials. Lanes decide as the loop does without a calendar: the bench compares some falls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ebbtide.api.compose import compose
from ebbtide.api.parse import parse_policy
from ebbtide.cli.models import makers
from ebbtide.loop.background import AtOnce
from ebbtide.loop.cohort import Column
from ebbtide.loop.forecasting import Forecasting
from ebbtide_policies.contract import Memory, Policy
from ebbtide_policies.demand import Signal
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Fleet, LastStep, Observation
from ebbtide_policies.rate import Rate
from ebbtide_policies.resolve import settle, tightest
from ebbtide_policies.scale_up import ScaleUp
from tests.bench.descent.falls import BOOT, DELAY, FLEET, HISTORY, MINUTE, NOON, TICK, Fall
from tests.bench.descent.world import Trial, spec_of
from tests.policies.stacking import StackedDemand

BOOT_TICKS = int(BOOT / TICK)
HORIZON = 7200.0
SINGLE = "demand"


class Answers:
    """The demand of all falls at one tick; every answer is kept, whatever asks next."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._asked = StackedDemand(tuple(signals))
        self._known: dict[tuple[object, ...], Any] = {}

    def __getattr__(self, question: str) -> Any:
        answer = getattr(self._asked, question)
        kept = self._kept(question) if callable(answer) else answer
        setattr(self, question, kept)
        return kept

    def _kept(self, question: str) -> Any:
        def ask(*given: Any) -> Any:
            key = (question, *(np.asarray(value).tobytes() for value in given))
            if key not in self._known:
                self._known[key] = getattr(self._asked, question)(*given)
            return self._known[key]

        return ask


@dataclass
class Lookout:
    """All that is to be seen of some falls, tick by tick."""

    falls: Sequence[Fall]
    model: str = "Tide"
    ticks: list[Answers] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Forecast every minute as the loop does, and put up what is known at every tick."""
        self.seconds, start = self.falls[0].seconds, self.falls[0].start
        minutes = np.stack([fall.minutes for fall in self.falls], axis=1)
        forecasting = Forecasting({self.model: makers()[self.model]}, AtOnce())
        for second in self.seconds.tolist():
            rows = int(np.floor((second - DELAY) / MINUTE) - start / MINUTE) + 1
            known, newest = minutes[max(0, rows - HISTORY) : rows], NOON + start + rows * MINUTE
            columns = [
                Column((fall.name, SINGLE), newest - MINUTE, known[:, lane], self.model, HORIZON)
                for lane, fall in enumerate(self.falls)
            ]
            forecasting.refresh(columns)
            signals = [_signal(column, forecasting, NOON + second) for column in columns]
            self.ticks.append(Answers(signals))


def _signal(column: Column, forecasting: Forecasting, now: float) -> Signal:
    foresight = forecasting.of(column.key)
    if foresight is None:
        raise LookupError(f"nothing is foreseen of {column.key}")
    return Signal(
        name=SINGLE,
        now=now,
        per_replica=1.0,
        newest=column.newest,
        minutes=column.minutes,
        outlook=foresight.outlook,
        trusted=foresight.trusted,
        ordinary=foresight.ordinary,
    )


def swept(lookout: Lookout, trial: Trial) -> Lanes:
    """Let Ebbtide's rules decide on all falls; replicas asked for, [tick, fall]."""
    policies = compose(parse_policy(spec_of(lookout.falls[0], trial)), {})
    count = len(lookout.falls)
    asked = np.empty((lookout.seconds.size, count))
    current = np.full(count, FLEET)
    step = LastStep(np.full(count, -np.inf), current, current)
    memories: Mapping[str, Memory] = {}
    for index, demand in enumerate(lookout.ticks):
        now = NOON + float(lookout.seconds[index])
        seen = Observation(
            workload="bench/falls",
            now=now,
            fleet=Fleet(current=current, ready=_ready(asked, index, current)),
            demand=(demand,),
            lead_time=BOOT,
            scale_up=_pace(policies),
            last_step=step,
        )
        memories = memories or {p.name: p.recall(None, seen) for p in policies}
        bounds = [b for p in policies for b in p.bounds(seen, memories[p.name])]
        replicas = np.broadcast_to(settle(tightest(bounds, current)).replicas, count)
        memories = {p.name: p.remember(seen, memories[p.name], replicas) for p in policies}
        moved = replicas != current
        step = LastStep(
            at=np.where(moved, now, step.at),
            before=np.where(moved, current, step.before),
            after=np.where(moved, replicas, step.after),
        )
        asked[index] = current = np.array(replicas)
    return asked


def _ready(asked: Lanes, index: int, current: Lanes) -> Lanes:
    """What is ready at a tick, before it is decided."""
    past = asked[max(0, index - BOOT_TICKS) : index]
    return past.min(axis=0) if len(past) else current


def _pace(policies: Sequence[Policy[Any]]) -> ScaleUp:
    return next(policy.settings.pace for policy in policies if isinstance(policy, Rate))

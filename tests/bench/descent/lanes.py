"""The same rules on many falls at once, one numpy lane a fall: a fast path for sweeps.

What is asked of demand does not depend on what a scaler does, so it is answered once and kept for
all trials. Lanes decide as the loop does without a calendar: the bench compares some falls.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.compose import compose
from ebbtide.api.parse import parse_policy
from ebbtide.cli.models import makers
from ebbtide.loop.background import AtOnce
from ebbtide.loop.cohort import Column
from ebbtide.loop.forecasting import Forecasting, Foresight
from ebbtide.planning.seen_demand import Forecasts, Recorded, SeenDemand
from ebbtide_policies.contract import Memory, Policy
from ebbtide_policies.lanes import UNKNOWN, Lanes, Number
from ebbtide_policies.observation import Fleet, LastStep, Observation
from ebbtide_policies.rate import Rate
from ebbtide_policies.resolve import settle, tightest
from ebbtide_policies.scale_up import ScaleUp
from tests.bench.descent.falls import BOOT, DELAY, FLEET, HISTORY, MINUTE, NOON, TICK, Fall
from tests.bench.descent.world import SHIPPED, Trial, spec_of

BOOT_TICKS = int(BOOT / TICK)
HORIZON = 7200.0
SINGLE = "demand"
KEPT = 30
"""Steps that are kept of each forecast: further ahead nothing looks."""


class Lookout:
    """All that is to be seen of some falls: every question is answered once, for all ticks."""

    def __init__(self, falls: Sequence[Fall], model: str = SHIPPED) -> None:
        """Forecast every minute as the loop does."""
        self.falls, self.seconds = falls, falls[0].seconds
        made = _forecasts(falls, model)
        self._seen = [
            SeenDemand(
                recorded=Recorded(NOON + fall.start, fall.minutes),
                now=NOON + fall.seconds,
                delay=DELAY,
                per_replica=1.0,
                forecasts=forecasts,
            )
            for fall, forecasts in zip(falls, made, strict=True)
        ]
        self._known: dict[tuple[object, ...], NDArray[Any]] = {}

    def answer(self, question: str, *given: float) -> NDArray[Any]:
        """The answers of all falls at every tick, [tick, fall]."""
        key = (question, *given)
        if key not in self._known:
            answers = [getattr(seen, question)(*given) for seen in self._seen]
            self._known[key] = np.stack(answers, axis=1)
        return self._known[key]


class Moment:
    """The demand of all falls at one tick, one lane each, as policies ask for it."""

    name = SINGLE
    alive = 1.0
    alive_at_least = 0.0

    def __init__(self, lookout: Lookout, tick: int) -> None:
        self._lookout, self._tick = lookout, tick

    @property
    def age(self) -> Lanes:
        """Seconds since the newest known minute."""
        return np.asarray(self._lookout.answer("age")[self._tick])

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """Whether there is a forecast that may be followed."""
        return np.asarray(self._lookout.answer("trusted")[self._tick])

    def usual(self, start: float, end: float) -> float:
        """Nothing here asks for an ordinary day: there is no calendar."""
        return UNKNOWN

    def __getattr__(self, question: str) -> Any:
        def ask(*given: Number) -> Lanes:
            return np.asarray(self._lookout.answer(question, *map(_same, given))[self._tick])

        return ask


def _same(value: Number) -> float:
    """The one number that all falls ask with."""
    return float(np.unique(value).item())


def _forecasts(falls: Sequence[Fall], model: str) -> Sequence[Forecasts]:
    """One forecast a minute of every fall, by the loop's own forecasting with its trust."""
    first, last = falls[0].seconds[[0, -1]]
    start = falls[0].start
    minutes = np.stack([fall.minutes for fall in falls], axis=1)
    forecasting = Forecasting({model: makers()[model]}, AtOnce())
    newest = np.arange(np.floor((first - DELAY) / MINUTE), np.floor((last - DELAY) / MINUTE) + 1)
    made: list[list[Foresight]] = []
    for minute in newest.astype(int).tolist():
        rows = minute - int(start / MINUTE) + 1
        known = minutes[max(0, rows - HISTORY) : rows]
        columns = [
            Column((fall.name, SINGLE), NOON + minute * MINUTE, known[:, lane], model, HORIZON)
            for lane, fall in enumerate(falls)
        ]
        forecasting.refresh(columns)
        made.append([foresight for c in columns if (foresight := forecasting.of(c.key))])
    return [_gathered([row[lane] for row in made]) for lane in range(len(falls))]


def _gathered(made: Sequence[Foresight]) -> Forecasts:
    """The forecasts of one fall, minute by minute."""
    return Forecasts(
        levels=made[0].outlook.levels,
        origins=np.array([one.outlook.origin for one in made]),
        values=np.stack([one.outlook.values[:, :KEPT] for one in made]),
        steps=made[0].outlook.values.shape[1],
        trusted=np.array([one.trusted for one in made]),
    )


def swept(lookout: Lookout, trial: Trial) -> Lanes:
    """Let Ebbtide's rules decide on all falls; replicas asked for, [tick, fall]."""
    policies = compose(parse_policy(spec_of(lookout.falls[0], trial)), {})
    count = len(lookout.falls)
    asked = np.empty((lookout.seconds.size, count))
    current = np.full(count, FLEET)
    step = LastStep(np.full(count, -np.inf), current, current)
    memories: Mapping[str, Memory] = {}
    for index in range(lookout.seconds.size):
        now = NOON + float(lookout.seconds[index])
        seen = Observation(
            workload="bench/falls",
            now=now,
            fleet=Fleet(current=current, ready=_ready(asked, index, current)),
            demand=(Moment(lookout, index),),
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

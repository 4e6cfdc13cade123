"""The same rules on many falls at once, one numpy lane a fall: a fast path for sweeps.

What is asked of demand does not depend on what a scaler does, so it is answered once and kept for
all trials. Lanes decide as the loop does without a calendar: the bench compares some falls.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.simulation.foresight import Ticks, foreseen_each
from ebbtide.planning.sweeping.lanes import Crew
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.seen_forecasts import Forecasts
from ebbtide_policies.lanes import UNKNOWN, Lanes, Number
from ebbtide_policies.observation import Event
from tests.bench.descent.falls import BOOT, DELAY, FLEET, NOON, TICK, WAR, Fall
from tests.bench.descent.world import SHIPPED, Trial, spec_of


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

    name = "demand"
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

    def usual(self, start: Number, end: Number) -> float:
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
    recordings = [Recorded(NOON + fall.start, fall.minutes) for fall in falls]
    spec = parse_policy(spec_of(falls[0], Trial(model=model)))
    return foreseen_each(recordings, spec.forecast, Ticks(NOON + falls[0].seconds, DELAY))


def swept(lookout: Lookout, trial: Trial) -> Lanes:
    """Let Ebbtide's rules decide on all falls; replicas asked for, [tick, fall]."""
    crew = Crew(
        workload="bench/falls",
        policies=tuple(compose(parse_policy(spec_of(lookout.falls[0], trial)), {})),
        lead_time=BOOT,
        tick=TICK,
        boot=int(BOOT / TICK),
        events=[_war(lookout.falls)] if trial.announced else (),
    )
    times = (NOON + lookout.seconds).tolist()
    state = crew.begin(np.full(len(lookout.falls), FLEET), times[0], [Moment(lookout, 0)])
    asked = np.empty((len(times), len(lookout.falls)))
    for index, now in enumerate(times):
        state = crew.decide(state, now, [Moment(lookout, index)])
        asked[index] = state.current
    return asked


def _war(falls: Sequence[Fall]) -> Event:
    """The announced event that all of the falls come after."""
    end = NOON + _same(np.array([fall.ends for fall in falls]))
    start = NOON - WAR
    return Event(name="war", start=start, end=end, ready_by=start, replicas=FLEET)

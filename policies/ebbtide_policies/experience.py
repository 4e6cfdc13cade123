"""What a signal of experience says: how users fare now, and whether the last step is to blame."""

from typing import NamedTuple

import numpy as np
from pydantic import Field, model_validator

from ebbtide_policies.contract import PolicySettings
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import NOTHING, UNKNOWN, Flag, Number, as_number, opposite, where
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Count, Duration, Share


class GateSignal(PolicySettings):
    """One signal of how users fare, and what is bad of it."""

    query: str = Field(
        min_length=1, max_length=8192, description="PromQL with one series as its answer."
    )
    at_most: float | None = Field(None, description="Limit of a signal that is bad when high.")
    at_least: float | None = Field(None, description="Limit of a signal that is bad when low.")
    worse_by: Share | None = Field(
        None,
        description="No worse than at the start of the descent by more than this share of it, and "
        "slack. Without a limit, high is bad.",
    )
    slack: float = Field(
        0.0, ge=0, description="What it may always be worse, in units of the signal."
    )
    delay: Duration = Field(
        60.0, description="Time until a step can be seen in it: averaging and scrapes included."
    )
    min_demand: Count = Field(
        0.0, description="Below this demand the signal says nothing: a ratio of few is noise."
    )
    window: Duration = Field(
        180.0, gt=0, description="The median over this time is what the signal says."
    )

    @model_validator(mode="after")
    def _says_what_is_bad(self) -> "GateSignal":
        if self.at_most is not None and self.at_least is not None:
            raise ValueError("write only one of atMost and atLeast")
        if self.at_most is None and self.at_least is None and self.worse_by is None:
            raise ValueError("write atMost, atLeast or worseBy: without them nothing is ever bad")
        return self

    @property
    def limit(self) -> float:
        """The limit; NaN where there is none."""
        given = self.at_most if self.at_least is None else self.at_least
        return UNKNOWN if given is None else given

    @property
    def sign(self) -> float:
        """1 where high is bad, -1 where low is."""
        return 1.0 if self.at_least is None else -1.0


class Trial(NamedTuple):
    """The last step down, as signals may blame it."""

    stepped: Flag
    """Whether the last change of ours was a step down, and nobody has changed it since."""
    at: Number
    before: Number
    after: Number
    lasts: Number
    """Seconds after it shows in which a breach is its own: one soak."""

    def shows_from(self, delay: Number) -> Number:
        """The moment from which it shows in a signal with this delay."""
        return self.at + delay


class Reading(NamedTuple):
    """What one signal says."""

    value: Number
    level: Number
    """What it was at the start of the descent; NaN where that is not known."""
    newest: Number
    silent: Flag
    """Whether there is too little demand for it to say anything."""
    beyond_limit: Flag
    worse: Flag
    convicting: Flag
    """Whether it is bad, has been so since the last step showed, and was not before."""


def trial_of(seen: Observation, lasts: Number) -> Trial:
    """The last step, where it can be blamed at all."""
    last = seen.last_step
    if last is None:
        return Trial(False, as_number(seen.now), NOTHING, NOTHING, lasts)
    mine = (last.after < last.before) & (last.after == seen.fleet.current)
    return Trial(mine, last.at, last.before, last.after, lasts)


def read(
    seen: Observation, signal: GateSignal, key: tuple[str, str], level: Number, trial: Trial
) -> Reading:
    """Read one signal; what a step did is told only from minutes in which it shows."""
    course, shows = seen.courses.of(*key), trial.shows_from(signal.delay)
    known_level = where(np.less(level, 0.0), UNKNOWN, level)
    newest = course.newest
    shown = trial.stepped & (newest >= shows)
    begin = newest - signal.window
    fresh = newest >= seen.now - _LATE
    value = course.median(where(shown, np.maximum(begin, shows), begin), newest + 1.0)
    value = where(fresh, value, UNKNOWN)
    silent = _silent(seen, signal)
    after = course.median(shows, shows + np.maximum(trial.lasts, MINUTE))
    earlier = course.median(shows - signal.window, shows)
    bad = _bad(signal, value, known_level)
    blamed = shown & _bad(signal, after, known_level) & opposite(_bad(signal, earlier, known_level))
    guilty = bad & blamed & opposite(silent | seen.fleet.rollout)
    return Reading(
        value=value,
        level=known_level,
        newest=newest,
        silent=silent,
        beyond_limit=beyond(signal, value),
        worse=_worse(signal, value, known_level),
        convicting=guilty,
    )


_LATE = 180.0
"""A signal whose newest minute is older than this is not known."""


def _silent(seen: Observation, signal: GateSignal) -> Flag:
    """Whether demand, that of the first signal, is known to be too small for this one to speak."""
    if not seen.demand:
        return False
    first = seen.demand[0]
    return np.less(first.present() * first.per_replica, signal.min_demand)


def beyond(signal: GateSignal, value: Number) -> Flag:
    """Whether a value of a signal is beyond its limit; never where it has none."""
    return signal.sign * (value - signal.limit) > _HAIR


def _worse(signal: GateSignal, value: Number, level: Number) -> Flag:
    if signal.worse_by is None:
        return False
    allowed = signal.worse_by * level + signal.slack
    return signal.sign * (value - level) > allowed + _HAIR


_HAIR = 1e-12


def _bad(signal: GateSignal, value: Number, level: Number) -> Flag:
    return beyond(signal, value) | _worse(signal, value, level)

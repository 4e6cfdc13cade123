"""What is known of one workload at one moment: all that a policy may look at.

Every number may be one float or an array of lanes, so that the planner replays hundreds of variants
with the very rules of the live loop. Nothing in here ever changes, and NaN means unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from ebbtide_policies.course import NOT_FOLLOWED, Courses
from ebbtide_policies.lanes import UNKNOWN, Flag, Moment, Number, before, opposite, reached, where
from ebbtide_policies.other_hands import NO_HANDS, OtherHands
from ebbtide_policies.phase_lanes import Phase, Phases
from ebbtide_policies.scale_up import AS_HPA, ScaleUp
from ebbtide_policies.victims import Crew


class Mode(StrEnum):
    """How far a decision may reach, from nothing to everything."""

    DRY_RUN = "DryRun"
    SCALE_UP_ONLY = "ScaleUpOnly"
    ENFORCE = "Enforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The replicas of one workload at this tick."""

    current: Number
    """`spec.replicas` of the scale subresource."""
    ready: Number
    """Replicas that are Ready."""
    rollout: Flag = False
    """Whether a rollout is in progress."""

    @property
    def whole(self) -> Flag:
        """Whether nothing is booting, missing or being replaced."""
        return (self.ready >= self.current) & opposite(self.rollout)


class Demand(Protocol):
    """The demand of one signal, in replicas at target load; NaN wherever it is unknown.

    Metrics are late. "The last `seconds`" are those that end with the newest known minute, which is
    always in them, as is what a look since then has found more; how old that is, `age` alone says.
    """

    @property
    def name(self) -> str:
        """The name of the signal, as in `spec.demand`."""

    @property
    def per_replica(self) -> Number:
        """Demand in units of its own that one replica carries at its target load."""

    @property
    def age(self) -> Number:
        """Seconds since the newest known demand; infinite when none is known."""

    @property
    def alive(self) -> Number:
        """Share of the scrape targets that answer."""

    @property
    def alive_at_least(self) -> Number:
        """Smallest share of answering scrape targets at which the demand is believed."""

    @property
    def trusted(self) -> Flag:
        """Whether there is a forecast, and its measured error lets it be followed."""

    def present(self) -> Number:
        """Demand in the newest known minute, or more where a look since then found it."""

    def peak(self, seconds: Number, until: Number = 0.0) -> Number:
        """Highest known demand of the `seconds` that end `until` before the newest known minute."""

    def lingering(self, seconds: Number, early: Number, since: Number) -> Number:
        """Highest demand of the last `seconds` that may yet come back.

        A minute counts by the share `early` less when it is so many seconds older than the newest
        known one, and for nothing up to the moment `since`; but the newest always counts in full.
        """

    def covered(self, seconds: Number) -> Number:
        """Share of the minutes in the last `seconds` that are known."""

    def gap(self, seconds: Number) -> Number:
        """Length of the longest gap that reaches into the last `seconds`, in seconds."""

    def largest_drop(self, seconds: Number) -> Number:
        """Largest share lost from one known minute to the next in the last `seconds`."""

    def slope(self, seconds: Number) -> Number:
        """Change per second over the last `seconds`."""

    def surge(self, seconds: Number, over: Number) -> Number:
        """How far demand rises within `seconds`, as it was in the time `over`.

        Root mean square, minute by minute, of the highest value above the one it rose from.
        """

    def repeated(self, days: Number, before: Number, after: Number) -> Number:
        """Highest demand that came on two of the last `days` days at this time of day.

        From so many seconds before it until so many after.
        """

    def ahead(self, quantile: Number, seconds: Number) -> Number:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`].

        Where that reaches beyond the horizon, the highest demand of as long a past is in it too.
        NaN once the forecast has expired, and for a quantile that it does not hold.
        """

    def usual(self, start: Number, end: Number) -> Number:
        """Highest demand of an ordinary day between the two moments (epoch seconds)."""


class Event(NamedTuple):
    """A calendar event as it concerns one workload. Moments are epoch seconds."""

    name: str
    start: float
    end: float
    ready_by: float
    times: Number = UNKNOWN
    """Expected peak as a multiple of the usual; NaN when `replicas` says it."""
    replicas: Number = UNKNOWN
    """Expected peak in replicas at target load; NaN when `times` says it."""
    shape: tuple[float, ...] = ()
    """The course of an earlier one, evenly spaced, in shares of its peak; empty: it is unknown."""
    missing: str = ""
    """The name of the profile that was to tell the shape, where there is none of that name."""

    def goes_on(self, now: Moment) -> Flag:
        """Whether it has started and has not ended."""
        return reached(now, self.start) & before(now, self.end)


UNCLEAR = "Unclear"
"""How a word was said that nobody understands."""


class Override(NamedTuple):
    """A person's word, until its end. `floor`, `ceiling`: NaN when not given."""

    name: str
    why: str
    until: float
    freeze: bool = False
    floor: Number = UNKNOWN
    ceiling: Number = UNKNOWN
    phase: Phase | None = None
    spoken: str = "Override"
    """How it was said, as its reason codes begin: by an object, by hand, or unclearly."""

    def holds(self, now: Moment) -> Flag:
        """Whether it has not ended."""
        return before(now, self.until)


class LastStep(NamedTuple):
    """The last change that Ebbtide itself made to this workload, no later than `at`."""

    at: Number
    before: Number
    after: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that is known of one workload at one moment. It never changes."""

    workload: str
    """`namespace/name` of the CapacityPolicy."""
    now: Moment
    """The only clock that a policy has."""
    fleet: Fleet
    demand: Sequence[Demand]
    """One entry a named signal; the largest need decides."""
    lead_time: Number
    """Seconds from the patch until a new replica is Ready and warm."""
    longest_lead_time: Number = 0.0
    """The same of a rise that may need new nodes, where that was measured."""
    scale_up: ScaleUp = AS_HPA
    """The pace of scaling up that is in force."""
    prewarm_scale_up: ScaleUp | None = None
    """The one that will be in force in a prewarm; None: the same."""
    prewarm_least: Number = 0.0
    """The smallest fleet that may be there in a prewarm."""
    phase: Phases = Phase.PEACE
    phase_since: Moment = float("-inf")
    """The moment at which this phase began; unknown: long ago."""
    mode: Mode = Mode.ENFORCE
    events: Sequence[Event] = ()
    overrides: Sequence[Override] = ()
    answers: Mapping[str, Number] = field(default_factory=dict)
    """Values of the policies' own queries, by `policy/key`; missing or NaN is unknown."""
    courses: Courses = NOT_FOLLOWED
    """The last minutes of queries that policies follow."""
    last_step: LastStep | None = None
    soak: Number = 60.0
    """The least time from one step down to the next that is in force."""
    crew: Crew | None = None
    """The pods one by one; None where nobody has looked at them."""
    withheld: str = ""
    """Why nothing may be done to the fleet; empty when nothing stands against it."""
    hands: OtherHands = NO_HANDS

    @property
    def regain(self) -> Number:
        """Seconds to win back what one step lets go: a period of scaling up, and the lead time."""
        return self.lead_time + self.scale_up.period

    def climb(self, start: Number, replicas: Number) -> Number:
        """Seconds until `replicas` are ready, if a fleet of `start` asks for them from now on."""
        return self.climb_time + self.scale_up.seconds_between(start, replicas)

    @property
    def climb_time(self) -> Number:
        """Seconds from a patch until its replicas are ready, on new nodes if need be."""
        return np.maximum(self.lead_time, self.longest_lead_time)

    def answer(self, policy: str, key: str) -> Number:
        """The value of a policy's own query."""
        return self.answers.get(f"{policy}/{key}", UNKNOWN)


def foreseen(demand: Demand, quantile: Number, seconds: Number) -> Number:
    """The forecast, where there is one that may be followed; else NaN."""
    ahead = demand.ahead(quantile, seconds)
    return where(demand.trusted & np.isfinite(ahead), ahead, UNKNOWN)


def largest(values: Iterable[Number]) -> Number:
    """The largest of some needs; unknown when one of them is unknown, or when there are none."""
    found = list(values)
    result: Number = found[0] if found else UNKNOWN
    for value in found[1:]:
        result = np.maximum(result, value)
    return result

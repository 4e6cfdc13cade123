"""What policies asked of an observation, written down; and an observation that answers from that.

A forecast and weeks of minutes are far too much to keep of every tick. But of all that, policies
ask a few dozen numbers. So these are what is recorded: the same questions, put again by the same
rules, find the same answers, and lead to the same decision.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ebbtide_policies.course import Course, Courses
from ebbtide_policies.lanes import Number, number
from ebbtide_policies.observation import Demand
from ebbtide_policies.snapshot import Snapshot

Answers = dict[str, float]
"""Numbers by the question, like `ahead 0.9 90.0`."""


class NotRecorded(LookupError):
    """Something was asked that nobody had asked when the tick was recorded."""


class AnswerSource(ABC):
    """Where the answers to questions come from."""

    @abstractmethod
    def of(self, name: str, *arguments: Number) -> float:
        """The answer to a question."""


class RecordedAnswers(AnswerSource):
    """Answers as they were recorded."""

    def __init__(self, answers: Mapping[str, float]) -> None:
        self._answers = answers

    def of(self, name: str, *arguments: Number) -> float:
        """The answer to a question.

        Raises:
            NotRecorded: nobody asked it then.

        """
        question = asked(name, *arguments)
        if question not in self._answers:
            raise NotRecorded(f"{question} was not recorded")
        return self._answers[question]


class AnswerRecorder(AnswerSource):
    """Asks a demand or a course itself, and writes down what it says."""

    def __init__(self, owner: Demand | Course) -> None:
        self._owner = owner
        self.answers: Answers = {}

    def of(self, name: str, *arguments: Number) -> float:
        """The answer to a question."""
        found = getattr(self._owner, name)
        answer = number(found(*arguments) if callable(found) else found)
        self.answers[asked(name, *arguments)] = answer
        return answer


def asked(name: str, *arguments: Number) -> str:
    """A question as it is written down; it tells its numbers exactly."""
    return " ".join((name, *(repr(number(each)) for each in arguments)))


@dataclass(frozen=True, slots=True)
class AnsweredDemand:
    """The demand of one signal, by its answers."""

    source: AnswerSource
    name: str
    per_replica: float
    age: float
    alive: float
    alive_at_least: float
    trusted: bool

    @classmethod
    def of(cls, demand: Demand, source: AnswerSource) -> "AnsweredDemand":
        """A demand whose questions go to a source."""
        return cls(
            source,
            demand.name,
            number(demand.per_replica),
            number(demand.age),
            number(demand.alive),
            number(demand.alive_at_least),
            bool(demand.trusted),
        )

    def present(self) -> Number:
        """Demand in the newest known minute, or more where a look since then found it."""
        return self.source.of("present")

    def peak(self, seconds: Number, until: Number = 0.0) -> Number:
        """Highest known demand of the last `seconds`, but for the last `until`."""
        return self.source.of("peak", seconds, until)

    def lingering(self, seconds: Number, early: Number, since: Number) -> Number:
        """Highest demand of the last `seconds` that may yet come back."""
        return self.source.of("lingering", seconds, early, since)

    def covered(self, seconds: Number) -> Number:
        """Share of the minutes in the last `seconds` that are known."""
        return self.source.of("covered", seconds)

    def gap(self, seconds: Number) -> Number:
        """Length of the longest gap that reaches into the last `seconds`."""
        return self.source.of("gap", seconds)

    def largest_drop(self, seconds: Number) -> Number:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        return self.source.of("largest_drop", seconds)

    def slope(self, seconds: Number) -> Number:
        """Change per second over the last `seconds`."""
        return self.source.of("slope", seconds)

    def surge(self, seconds: Number, over: Number) -> Number:
        """How far demand rises within `seconds`, as it was in the time `over`."""
        return self.source.of("surge", seconds, over)

    def repeated(self, days: Number, before: Number, after: Number) -> Number:
        """Highest demand that came on two of the last `days` days at this time of day."""
        return self.source.of("repeated", days, before, after)

    def ahead(self, quantile: Number, seconds: Number) -> Number:
        """Highest value of the forecast's `quantile` over the next `seconds`."""
        return self.source.of("ahead", quantile, seconds)

    def usual(self, start: Number, end: Number) -> Number:
        """Highest demand of an ordinary day between the two moments."""
        return self.source.of("usual", start, end)


@dataclass(frozen=True, slots=True)
class AnsweredCourse:
    """The course of a query, by its answers."""

    source: AnswerSource

    @property
    def newest(self) -> Number:
        """The moment of the newest known minute."""
        return self.source.of("newest")

    def median(self, start: Number, end: Number) -> Number:
        """Median of the known minutes between two moments."""
        return self.source.of("median", start, end)


@dataclass(slots=True)
class Listener:
    """Everything that was asked of one observation, while policies decide on it."""

    demands: dict[str, AnswerRecorder] = field(default_factory=dict)
    courses: dict[str, AnswerRecorder] = field(default_factory=dict)

    def over(self, seen: Snapshot) -> Snapshot:
        """The same observation; whatever it is asked is written down."""
        self.demands = {each.name: AnswerRecorder(each) for each in seen.demand}
        self.courses = {key: AnswerRecorder(each) for key, each in seen.courses.known.items()}
        demand = tuple(AnsweredDemand.of(each, self.demands[each.name]) for each in seen.demand)
        known = {key: AnsweredCourse(source) for key, source in self.courses.items()}
        return replace(seen, demand=demand, courses=Courses(known, seen.courses.foreign))

"""Many scalar observations as the lanes of one, for tests that compare the two."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.contract import Memory, PolicySettings
from ebbtide_policies.lanes import Lanes, Number
from ebbtide_policies.observation import Demand, Fleet, Observation
from ebbtide_policies.scale_up import ScaleUp

S = TypeVar("S", bound=PolicySettings)


def lane(value: Any, index: int) -> Any:
    """The value of one lane; a value without lanes is the same in all of them."""
    return float(value[index]) if isinstance(value, np.ndarray) else value


@dataclass(frozen=True)
class StackedDemand:
    """One named signal of many observations; each lane asks its own."""

    signals: tuple[Demand, ...]

    @property
    def name(self) -> str:
        return self.signals[0].name

    @property
    def age(self) -> Lanes:
        return np.array([s.age for s in self.signals])

    @property
    def per_replica(self) -> Lanes:
        return np.array([s.per_replica for s in self.signals])

    @property
    def alive(self) -> Lanes:
        return np.array([s.alive for s in self.signals])

    @property
    def alive_at_least(self) -> Lanes:
        return np.array([s.alive_at_least for s in self.signals])

    @property
    def trusted(self) -> NDArray[np.bool_]:
        return np.array([bool(s.trusted) for s in self.signals])

    def present(self) -> Lanes:
        return self._each("present")

    def peak(self, seconds: Number, until: Number = 0.0) -> Lanes:
        return self._each("peak", seconds, until)

    def lingering(self, seconds: Number, early: Number, since: Number) -> Lanes:
        return self._each("lingering", seconds, early, since)

    def gap(self, seconds: Number) -> Lanes:
        return self._each("gap", seconds)

    def covered(self, seconds: Number) -> Lanes:
        return self._each("covered", seconds)

    def largest_drop(self, seconds: Number) -> Lanes:
        return self._each("largest_drop", seconds)

    def slope(self, seconds: Number) -> Lanes:
        return self._each("slope", seconds)

    def surge(self, seconds: Number, over: Number) -> Lanes:
        return self._each("surge", seconds, over)

    def repeated(self, days: Number, before: Number, after: Number) -> Lanes:
        return self._each("repeated", days, before, after)

    def ahead(self, quantile: Number, seconds: Number) -> Lanes:
        return self._each("ahead", quantile, seconds)

    def usual(self, start: Number, end: Number) -> Lanes:
        return self._each("usual", start, end)

    def _each(self, question: str, *asked: Number) -> Lanes:
        answers = (
            getattr(signal, question)(*(lane(number, index) for number in asked))
            for index, signal in enumerate(self.signals)
        )
        return np.array(list(answers), dtype=float)


def stack(observations: Sequence[Observation]) -> Observation:
    """Observations that differ in numbers only, as the lanes of one."""
    first = observations[0]
    moments = np.array([seen.now for seen in observations])
    without_lanes = {f.name: getattr(first, f.name) for f in fields(Observation)}
    return replace(
        Observation(**without_lanes),
        now=first.now if np.all(moments == first.now) else moments,
        fleet=_numbers(Fleet, [seen.fleet for seen in observations]),
        demand=[
            StackedDemand(signals)
            for signals in zip(*(seen.demand for seen in observations), strict=True)
        ],
        lead_time=np.array([seen.lead_time for seen in observations], dtype=float),
        scale_up=_numbers(ScaleUp, [seen.scale_up for seen in observations]),
        answers={
            key: np.array([seen.answers[key] for seen in observations]) for key in first.answers
        },
    )


def _numbers(kind: Any, values: Sequence[Any]) -> Any:
    return kind(**{f.name: np.array([getattr(v, f.name) for v in values]) for f in fields(kind)})


def stack_settings(variants: Sequence[S]) -> S:
    """Settings whose numbers are lanes; what is no number has to be the same in all of them."""
    names = type(variants[0]).model_fields
    columns = {name: [getattr(v, name) for v in variants] for name in names}
    stacked: dict[str, Any] = {
        name: np.array(column, dtype=float) if _is_number(column[0]) else column[0]
        for name, column in columns.items()
    }
    return variants[0].model_copy(update=stacked)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def memory_lane(memory: Memory, index: int) -> dict[str, float]:
    """What one lane remembers."""
    return {key: lane(value, index) for key, value in memory.items()}

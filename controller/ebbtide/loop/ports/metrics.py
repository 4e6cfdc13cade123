"""Where demand and signals are read from, as the loop needs it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import MetricsUnavailable


class Query(NamedTuple):
    """One PromQL expression, asked of a named source on behalf of a namespace."""

    namespace: str
    promql: str
    source: str = "default"


class Span(NamedTuple):
    """The whole minutes from `start` to `end`, both included; epoch seconds, multiples of 60."""

    start: float
    end: float


class Instant(NamedTuple):
    """One moment, whole minute or not; epoch seconds, a whole second."""

    at: float


class Minutes(NamedTuple):
    """One value a minute on the grid of its span; NaN where the source had none.

    Of an instant there is one value, and `start` is the moment that it tells of.
    """

    start: float
    values: NDArray[np.float64]


Vector = Mapping[str, float] | MetricsUnavailable
"""One number a series, by the value of a label; or why there are none."""


Reading = Minutes | MetricsUnavailable
"""What came back for one query: its minutes, or why there are none."""


class Metrics(Protocol):
    """Where demand and signals are read from."""

    def read(self, wanted: Sequence[tuple[Query, Span | Instant]]) -> Sequence[Reading]:
        """Read all of these now; one reading for each, in order. A failure stops no other."""

    def vector(self, query: Query, label: str, memory: float) -> Vector:
        """Read the newest number of every series by a label, as far as it is known in time.

        A series that has vanished within the last `memory` seconds counts with its last number.
        """

    def begin(self, query: Query, span: Span) -> None:
        """Start to read a long span in the background."""

    def finished(self) -> Sequence[tuple[Query, Span, Reading]]:
        """Hand over what the background has read since the last call."""

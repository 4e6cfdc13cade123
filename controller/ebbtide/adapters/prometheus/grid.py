"""Spans cut to what one request may ask for, and answers put on the grid of whole minutes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.adapters.prometheus.answer import words
from ebbtide.adapters.prometheus.samples import Samples
from ebbtide.errors import MetricsUnavailable, WrongQuery
from ebbtide.loop.ports.metrics import Minutes, Span
from ebbtide_policies.demand import MINUTE

Labels = Mapping[str, str]


class Piece(NamedTuple):
    """What one request brought: the minutes of its span, and the labels of their series."""

    labels: Labels | None
    """None where there was no series at all."""
    values: NDArray[np.float64]


def cut(span: Span, points: int) -> Sequence[Span]:
    """Cut a span into pieces of at most so many minutes, in order."""
    length = points * MINUTE
    starts = [span.start + i * length for i in range(pieces_in(span, points))]
    return [Span(start, min(start + length - MINUTE, span.end)) for start in starts]


def pieces_in(span: Span, points: int) -> int:
    """Count the pieces of a span, without cutting it."""
    return int((span.end - span.start) // (points * MINUTE)) + 1


def piece(result: Sequence[Any], span: Span) -> Piece:
    """Put the samples of the only series on the grid of their span; all is NaN without one.

    Raises:
        MetricsUnavailable: more than one series, or no list of samples on the grid.

    """
    values = np.full(int((span.end - span.start) // MINUTE) + 1, np.nan)
    try:
        if len(result) > 1:
            raise _several(series["metric"] for series in result)
        if not result:
            return Piece(None, values)
        _fill(values, result[0], span.start)
        return Piece(dict(result[0]["metric"]), values)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise MetricsUnavailable(
            f"answered with what is no list of samples: {words(result)}. Check its url"
        ) from error


def join(span: Span, pieces: Sequence[Piece]) -> Minutes:
    """Put the pieces of a span together again.

    Raises:
        MetricsUnavailable: they are of different series; in one request that would be two.

    """
    found = {str(sorted(p.labels.items())): p.labels for p in pieces if p.labels is not None}
    if len(found) > 1:
        raise _several(found.values())
    return Minutes(span.start, np.concatenate([p.values for p in pieces]))


def _fill(values: NDArray[np.float64], series: Mapping[str, Any], start: float) -> None:
    if "histograms" in series:
        raise WrongQuery(
            "answered with a histogram: ask for a number of it, e.g. histogram_quantile(...)"
        )
    samples = series["values"]
    if not isinstance(samples, Samples):
        raise TypeError
    at = (samples.moments - start) / MINUTE
    if not ((at >= 0) & (at < values.size) & (at % 1 == 0)).all():
        raise MetricsUnavailable(
            "answered off the minutes that were asked for. Is there a cache in between?"
        )
    read = samples.values
    values[at.astype(int)] = np.where(np.isfinite(read), read, np.nan)


def _several(found: Iterable[Labels]) -> WrongQuery:
    every = [_shown(labels) for labels in found]
    return WrongQuery(
        f"answered with {len(every)} series, e.g. {every[0]} and {every[1]}: "
        "aggregate the query, e.g. sum(...)"
    )


def _shown(labels: Labels) -> str:
    return words("{" + ", ".join(f"{name}={value!r}" for name, value in labels.items()) + "}")

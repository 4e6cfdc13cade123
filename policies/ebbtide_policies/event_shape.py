"""The shape of an event: its course from start to end, in shares of its peak."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import Lanes, Number

MOST_POINTS = 500
_DIGITS = 4


def highest(shape: Sequence[float], first: Number, last: Number) -> Number:
    """Highest point of a shape between two places; 0 is the start of the event and 1 its end.

    It is a line from point to point, evenly spaced, and level beyond its ends. Both may have lanes;
    no `last` is before its `first`.
    """
    points = np.asarray(shape, dtype=float)
    places = np.linspace(0.0, 1.0, points.size)
    begin, end = (np.asarray(place)[..., np.newaxis] for place in (first, last))
    between = np.where((places > begin) & (places <= end), points, -np.inf).max(axis=-1)
    edges = np.maximum(np.interp(first, places, points), np.interp(last, places, points))
    result: Number = np.maximum(between, edges)
    return result


def captured(values: Lanes) -> NDArray[np.float64]:
    """The shape of a demand that was recorded at even steps; NaN is a gap, which is bridged.

    Of more than 500 values neighbours are put together to the highest of them, so that the line
    through the points lies nowhere below what was recorded. Shares are rounded up.

    Raises:
        ValueError: fewer than two values are known, or none above zero.

    """
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2 or not values[known].max() > 0:  # noqa: PLR2004  # one point has no course
        raise ValueError("less than two minutes of it are known, or no demand at all")
    whole = np.interp(np.arange(values.size), known, values[known])
    if whole.size > MOST_POINTS:
        whole = _enveloped(whole)
    scale = 10**_DIGITS
    shares = np.ceil(whole / whole.max() * scale - 1e-6) / scale
    return np.asarray(np.clip(shares, 0.0, 1.0))


def _enveloped(values: Lanes) -> Lanes:
    """As many points as a shape may have; each is the highest between its two neighbours."""
    places = np.linspace(0, values.size - 1, MOST_POINTS)
    step = places[1]
    return np.array(
        [
            values[max(0, int(place - step)) : int(np.ceil(place + step)) + 1].max()
            for place in places
        ]
    )

"""What is reckoned column by column: one row a minute, one column a series, NaN for a gap."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from ebbtide.forecast.contract import Floats, Rows

SMOOTHING = 7
"""Minutes that a moving average takes together."""


def carried(minutes: Floats) -> Floats:
    """The minutes with each gap filled by the last known value before it."""
    rows = np.where(np.isnan(minutes), 0, np.arange(len(minutes))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(minutes, rows, axis=0)


def means_of_rows(minutes: Floats, rows: int) -> Floats:
    """Means of so many rows each, up to the last one; gaps are carried over, nothing is nought."""
    rows = min(rows, len(minutes))
    blocks = minutes[len(minutes) % rows :].reshape(-1, rows, minutes.shape[1])
    means: Floats = blocks.mean(axis=1)
    some, series = np.nonzero(np.isnan(means))
    if some.size:
        part = blocks[some, :, series]
        known = ~np.isnan(part)
        count = known.sum(axis=1)
        added = np.where(known, part, 0.0).sum(axis=1)
        means[some, series] = np.where(count > 0, added / np.maximum(count, 1), np.nan)
        means = np.nan_to_num(carried(means))
    return means


def latest(minutes: Floats) -> Floats:
    """The last known value of each column; NaN where nothing is."""
    last: Floats = minutes[-1]
    return carried(minutes)[-1] if np.count_nonzero(np.isnan(last)) else last


def mean(values: Floats) -> Floats:
    """The mean of what is known in each column; NaN where nothing is."""
    known = ~np.isnan(values)
    count = np.count_nonzero(known, axis=0)
    total: Floats = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count, total / np.maximum(count, 1), np.nan)


def degree(values: Floats, none: Floats | float, whole: Floats | float) -> Floats:
    """How far values have come from where they tell nothing to where they tell all, 0 to 1."""
    share: Floats = (values - none) / (whole - none)
    return np.nan_to_num(np.clip(share, 0.0, 1.0))


def geometric_mean(ratios: Floats) -> Floats:
    """The geometric mean of what is finite and above zero in each column; NaN where nothing is."""
    told = (ratios > 0) & (ratios < np.inf)
    count = np.count_nonzero(told, axis=0)
    logs: Floats = np.log(np.where(told, ratios, 1.0)).sum(axis=0)
    return np.where(count > 0, np.exp(logs / np.maximum(count, 1)), np.nan)


def median(stack: Floats) -> Floats:
    """Median over the first axis, of what is known; the mean of the rest where nothing is."""
    ordered = np.sort(stack, axis=0)  # NaN sorts last
    count = np.count_nonzero(~np.isnan(stack), axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    pick = [np.take_along_axis(ordered, index[None], axis=0)[0] for index in (low, high)]
    middle: Floats = (pick[0] + pick[1]) / 2
    return np.where(np.isnan(middle), np.nan_to_num(mean(middle)), middle)


def smoothed(shape: Floats) -> Floats:
    """A circular moving average over a few minutes of the day; a profile holds past days only."""
    half = SMOOTHING // 2
    padded = np.concatenate((shape[-half:], shape, shape[:half]))
    sums = np.cumsum(np.concatenate((np.zeros((1, shape.shape[1])), padded)), axis=0)
    means: Floats = (sums[SMOOTHING:] - sums[:-SMOOTHING]) / SMOOTHING
    return means


def share_explained(x: Floats, y: Floats) -> Floats:
    """The share of `x` that explains `y` best, between none and all of it, a value a series."""
    sound = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(sound, x, 0.0), np.where(sound, y, 0.0)
    share: Floats = (x * y).sum(axis=0) / np.maximum((x * x).sum(axis=0), 1e-12)
    return np.clip(share, 0.0, 1.0)


def between(anchors: Sequence[Floats], at: Sequence[int], steps: Floats | Rows) -> Floats:
    """Interpolate what was learnt at the anchors to all steps, along the logarithm of time."""
    stack = np.stack(anchors)
    place = np.interp(np.log(steps), np.log(at), np.arange(len(at)))
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(at) - 1)
    share = (place - low).reshape(-1, *[1] * (stack.ndim - 1))
    found: Floats = stack[low] + share * (stack[high] - stack[low])
    return found


def abreast(values: Sequence[Any], columns: Rows | None = None) -> Any:
    """What is known of some series and what is known of others, as one.

    Of values that are made alike: each array, of which the last axis is the series, goes on with
    those that stand at its place in the others; or only some `columns` of it do, in their order.
    """
    first = values[0]
    if isinstance(first, np.ndarray):
        whole = np.concatenate(values, axis=-1) if len(values) > 1 else first
        return whole if columns is None else np.ascontiguousarray(whole[..., columns])
    if isinstance(first, list):
        return [abreast(each, columns) for each in zip(*values, strict=True)]
    if hasattr(first, "__dict__"):
        made = copy.copy(first)
        for name in vars(first):
            setattr(made, name, abreast([getattr(value, name) for value in values], columns))
        return made
    return first

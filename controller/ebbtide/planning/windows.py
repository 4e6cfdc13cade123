"""Highest and lowest values of sliding windows, along the first axis (time)."""

import numpy as np

from ebbtide_policies.lanes import Lanes


def highest_ahead(values: Lanes, ticks: int) -> Lanes:
    """max(values[t .. t + ticks]) for every t, by doubling; windows end with the array."""
    found, width = values.copy(), 1
    while width < ticks + 1:
        step = min(width, ticks + 1 - width)
        found[:-step] = np.maximum(found[:-step], found[step:])
        width += step
    return found


def lowest_ahead(values: Lanes, ticks: int) -> Lanes:
    """min(values[t .. t + ticks]) for every t."""
    return -highest_ahead(-values, ticks)


def highest_behind(values: Lanes, ticks: int) -> Lanes:
    """max(values[t - ticks .. t]) for every t; windows begin with the array."""
    return highest_ahead(values[::-1], ticks)[::-1]


def lowest_behind(values: Lanes, ticks: int) -> Lanes:
    """min(values[t - ticks .. t]) for every t; windows begin with the array."""
    return lowest_ahead(values[::-1], ticks)[::-1]

"""The lead time as it was measured: from the patch until a replica is Ready, over recent boots.

Boots on nodes that were there and boots that waited for a node are kept apart: where the second are
rare they say nothing of an ordinary day, and everything of a rise that needs new nodes. A boot that
never ends is none. A longer lead time counts at once; a shorter one comes little by little, with
each rise that shows it, so that it lets nothing go by itself.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ebbtide_policies.lanes import UNKNOWN

QUANTILE = 0.9
"""Of the recent boots, so many were no slower."""
KEPT = 40
"""Boots that are kept of each kind."""
OF_ONE_RISE = 8
"""Boots that one rise adds at most: a large one must not make all others forgotten."""
ENOUGH = 8
"""Fewer boots than this say nothing."""
COMMON = 0.1
"""Where so many of the recent boots waited for a node, the next one may have to as well."""
FALL = 0.1
"""The lead time falls by no more than this share with one rise."""


class Boots(NamedTuple):
    """Recent boots in seconds, the newest last."""

    there: tuple[float, ...] = ()
    """On nodes that were there."""
    waited: tuple[float, ...] = ()
    """That waited for a node first."""


class LeadTime(NamedTuple):
    """What is known of the time from the patch to Ready, in seconds; NaN: not yet."""

    usual: float = UNKNOWN
    """Of the next boots."""
    longest: float = UNKNOWN
    """Of a rise that may need new nodes; never less than the usual."""


def with_rise(known: Boots, there: Iterable[float], waited: Iterable[float]) -> Boots:
    """The recent boots, and those of one more rise."""
    return Boots(_kept(known.there, there), _kept(known.waited, waited))


def settled(boots: Boots, before: LeadTime) -> LeadTime:
    """The lead time after a rise, given the one before; what is not known stays as it was."""
    there, waited = _high(boots.there), _high(boots.waited)
    count = len(boots.there) + len(boots.waited)
    common = len(boots.waited) >= COMMON * count
    usual = np.fmax(there, waited) if common else there
    now = _slowly(float(usual), before.usual)
    longest = _slowly(float(np.fmax(there, waited)), before.longest)
    return LeadTime(now, float(np.fmax(longest, now)))


def _kept(known: tuple[float, ...], boots: Iterable[float]) -> tuple[float, ...]:
    """The newest of all; of many boots of one rise, evenly chosen ones with the slowest."""
    made = np.sort(np.array([boot for boot in boots if np.isfinite(boot) and boot >= 0]))
    if made.size > OF_ONE_RISE:
        made = made[np.linspace(0, made.size - 1, OF_ONE_RISE).round().astype(int)]
    return (*known, *made.tolist())[-KEPT:]


def _high(boots: tuple[float, ...]) -> float:
    """A high quantile: the boot at it, not one between two."""
    if len(boots) < ENOUGH:
        return UNKNOWN
    return float(np.quantile(boots, QUANTILE, method="higher"))


def _slowly(measured: float, before: float) -> float:
    """The new value; a lower one in small steps, an unknown one not at all."""
    if np.isnan(measured):
        return before
    return measured if np.isnan(before) else max(measured, before * (1 - FALL))

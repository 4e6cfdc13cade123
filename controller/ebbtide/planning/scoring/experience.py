"""How users fare under a load: curves that model what signals of experience would have said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.demand import MINUTE
from ebbtide_policies.experience import GateSignal, beyond
from ebbtide_policies.lanes import UNKNOWN, Lanes


class LoadCurve(NamedTuple):
    """What a signal comes to under a load; linear between points."""

    loads: tuple[float, ...]
    """Demand over what ready replicas carry; ascending."""
    values: tuple[float, ...]

    def at(self, load: Lanes) -> Lanes:
        """The signal under some loads.

        Below the first point it is as there; beyond the last nobody knows, nor where the load is
        unknown.
        """
        return np.interp(load, self.loads, self.values, right=UNKNOWN)


def load(demand: Lanes, ready: Lanes) -> Lanes:
    """Demand (replicas at target load) over ready replicas; unknown where nobody is ready."""
    return np.where(ready > 0, demand / np.maximum(ready, 1.0), UNKNOWN)


@dataclass(frozen=True, slots=True)
class Modelled:
    """A signal of experience that follows from the load."""

    name: str
    signal: GateSignal
    curve: LoadCurve
    per_replica: float
    """What one replica carries of the first signal of the demand."""

    def values(self, demand: Lanes, ready: Lanes) -> Lanes:
        """What it comes to, moment by moment; unknown where demand is too small for it to speak."""
        speaks = demand * self.per_replica >= self.signal.min_demand
        return np.where(speaks, self.curve.at(load(demand, ready)), UNKNOWN)

    def breached(self, demand: Lanes, ready: Lanes) -> NDArray[np.bool_]:
        """When it is beyond its limit."""
        return np.asarray(beyond(self.signal, self.values(demand, ready)), dtype=np.bool_)

    def left(self, demand: Lanes, ready: Lanes) -> bool:
        """Whether a load was above the last point of the curve."""
        return bool(np.any(load(demand, ready) > self.curve.loads[-1]))


class Fared(NamedTuple):
    """What a modelled signal came to."""

    worst: float
    """The worst value of a tick; NaN where it never said anything."""
    limit: float
    """NaN where it has none."""
    breached: float
    """Minutes beyond its limit."""


def breached_minutes(
    signals: Sequence[Modelled], demand: Lanes, ready: Lanes, tick: float
) -> float | None:
    """Minutes in which any signal was beyond its limit; None where none has one that is modelled.

    `tick`: seconds from one entry to the next.
    """
    limited = [one for one in signals if not np.isnan(one.signal.limit)]
    if not limited:
        return None
    bad = np.any([one.breached(demand, ready) for one in limited], axis=0)
    return float(np.count_nonzero(bad) * tick / MINUTE)


def fared(
    signals: Sequence[Modelled], demand: Lanes, ready: Lanes, tick: float
) -> Mapping[str, Fared]:
    """What each signal came to, by its name."""
    found: dict[str, Fared] = {}
    for one in signals:
        values = one.values(demand, ready)
        known = values[np.isfinite(values)] * one.signal.sign
        worst = one.signal.sign * float(known.max()) if known.size else UNKNOWN
        count = np.count_nonzero(one.breached(demand, ready))
        found[one.name] = Fared(worst, one.signal.limit, float(count * tick / MINUTE))
    return found

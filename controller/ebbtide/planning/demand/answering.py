"""What a recording tells once it is asked whether the scrape targets answered as well."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.capacity_policy.demand import SignalSpec, WhenAbsent
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.known_minutes import ANSWER_WITHIN, zero_where
from ebbtide_policies.lanes import UNKNOWN, Lanes


def share_answering(series: DemandSeries) -> Lanes:
    """The share of scrape targets that answered; all of them where nobody has recorded it."""
    return np.ones(series.minutes.size) if series.alive is None else series.alive


def as_read(series: DemandSeries, signal: SignalSpec) -> DemandSeries:
    """The demand as the loop reads it: absent is zero only where that is said."""
    if signal.alive is None or signal.when_absent is not WhenAbsent.ZERO:
        return series
    answering = share_answering(series) >= signal.alive.at_least
    return replace(series, minutes=zero_where(series.minutes, answering))


def as_far_as_known(series: DemandSeries, signal: SignalSpec) -> DemandSeries:
    """The demand that can be counted: unknown also where too few scrape targets answered."""
    read = as_read(series, signal)
    if signal.alive is None or series.alive is None:
        return read
    return replace(read, minutes=believed(read.minutes, series.alive, signal.alive.at_least))


def unvouched(series: DemandSeries) -> NDArray[np.bool_]:
    """The minutes in which nobody knows whether the scrape targets answered of late."""
    answering, rows = share_answering(series), np.arange(series.minutes.size)
    heard = np.maximum.accumulate(np.where(np.isnan(answering), -np.inf, rows))
    return np.asarray(MINUTE * (rows - heard) > ANSWER_WITHIN)


def believed(minutes: Lanes, alive: Lanes, at_least: float) -> Lanes:
    """The minutes of which it is not known that too few scrape targets answered."""
    return np.where(alive < at_least, UNKNOWN, minutes)

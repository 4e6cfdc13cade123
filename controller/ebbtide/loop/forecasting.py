"""One forecast a minute for all workloads together, read by each as an `Outlook`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import (
    LEVELS,
    NOTHING_KNOWN,
    Context,
    Forecaster,
    History,
    SeriesContext,
)
from ebbtide.loop.ports import MINUTE
from ebbtide_policies.demand import Outlook

log = logging.getLogger("ebbtide.loop")

Key = tuple[str, str]
"""A workload's key and the name of one of its signals."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What is foreseen of one signal."""

    outlook: Outlook
    ordinary: NDArray[np.float64]
    trusted: bool
    context: SeriesContext
    """What was known beside the past."""


@dataclass(frozen=True, slots=True)
class Column:
    """The known minutes of one signal, the last of them at `newest`, and how to forecast it."""

    key: Key
    newest: float
    minutes: NDArray[np.float64]
    model: str
    horizon: float
    context: SeriesContext = NOTHING_KNOWN


class _Member(NamedTuple):
    """One signal of a batch."""

    key: Key
    minutes: NDArray[np.float64]
    context: SeriesContext


class _Batch(NamedTuple):
    """Signals that one forecaster can take in one call: those of one shape."""

    model: str
    horizon: int
    end: float
    length: int


class Forecasting:
    """Forecasts every signal once for each of its minutes."""

    def __init__(self, forecasters: Mapping[str, Forecaster]) -> None:
        self._forecasters = forecasters
        self._known: dict[Key, Foresight] = {}

    @property
    def models(self) -> Sequence[str]:
        """The names of the forecasters."""
        return sorted(self._forecasters)

    def refresh(self, columns: Sequence[Column]) -> None:
        """Forecast what has a new minute; keep the rest; forget what nobody asks for."""
        keys = {column.key for column in columns}
        self._known = {key: known for key, known in self._known.items() if key in keys}
        batches: dict[_Batch, list[_Member]] = {}
        for column in columns:
            rows = np.flatnonzero(~np.isnan(column.minutes))
            if not rows.size:
                continue
            first, last = int(rows[0]), int(rows[-1])
            end = column.newest - (column.minutes.size - 1 - last) * MINUTE
            if self._is_stale(column, end):
                horizon = int(column.horizon // MINUTE)
                batch = _Batch(column.model, horizon, end, last - first + 1)
                known = column.minutes[first : last + 1]
                member = _Member(column.key, known, column.context)
                batches.setdefault(batch, []).append(member)
        for batch, members in batches.items():
            self._forecast(batch, members)

    def of(self, key: Key) -> Foresight | None:
        """What is foreseen of a signal; None before anything is known of it."""
        return self._known.get(key)

    def _is_stale(self, column: Column, end: float) -> bool:
        """Whether there is a new minute, or people have said something new."""
        known = self._known.get(column.key)
        return known is None or (known.outlook.origin, known.context) != (end, column.context)

    def _forecast(self, batch: _Batch, members: Sequence[_Member]) -> None:
        """Forecast one batch. A series that a forecaster chokes on keeps its last forecast."""
        history = History(batch.end, np.stack([one.minutes for one in members], axis=1))
        context = Context(tuple(one.context for one in members))
        try:
            made = self._forecasters[batch.model].forecast(history, batch.horizon, context)
        except Exception:
            if len(members) == 1:
                log.exception("%s can't forecast %s", batch.model, " ".join(members[0].key))
                return
            for member in members:
                self._forecast(batch, [member])
            return
        for i, (key, _, said) in enumerate(members):
            outlook = Outlook(made.origin, LEVELS, made.values[:, :, i])
            ordinary, trusted = made.ordinary[:, i], bool(made.trusted[i])
            self._known[key] = Foresight(outlook, ordinary, trusted, said)

"""What the loop saw and decided, one line of JSON a tick and workload, so that it can be replayed.

A line holds what was asked of the observation, and so all that the decision came from. The minutes
of the demand are told once, and then only those that are new: from them forecasts can be made anew.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import NOTHING_KNOWN
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.replaying.exact_json import (
    decision_json,
    observation_json,
    policies_json,
    to_json,
)
from ebbtide.loop.replaying.recorded_observation import Listener
from ebbtide.loop.reporting.account import Account, Basis
from ebbtide.loop.tick import Tick
from ebbtide_policies.decide import decide
from ebbtide_policies.demand import MINUTE, Signal
from ebbtide_policies.observation import Demand

FORMAT = 3
MEMORIES, FOREIGN = "memories", "foreign"
"""What stands beside the parts of an observation."""
_MANY = 600
"""Minutes of the past that are new at once from which on all of it is told anew."""
_NEVER = object()
_DIGITS = 7
"""Significant digits of a minute of the past: far more than a forecast is exact to."""


class _Known(NamedTuple):
    """The minutes of a signal as they were told."""

    newest: float
    minutes: NDArray[np.float64]


@dataclass(slots=True)
class Recorder:
    """Turns ticks into lines. A file begins with a recorder of its own, and so stands alone."""

    _said: dict[str, Json] = field(default_factory=dict)
    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)

    def lines(self, tick: Tick) -> Iterator[Json]:
        """The lines of a tick: what has changed in settings and in the past, then what was seen."""
        known = [(one, one.basis) for one in tick.accounts.values() if one.basis]
        fresh: dict[tuple[str, str], Sequence[tuple[float, float]]] = {}
        for account, basis in known:
            yield from self._settings(account.seen.workload, basis)
            for demand in account.seen.demand:
                if isinstance(demand, Signal):
                    key = account.seen.workload, demand.name
                    fresh[key] = yield from self._minutes(*key, demand)
        for account, basis in known:
            yield self._tick(account, basis, fresh)

    def _settings(self, workload: str, basis: Basis) -> Iterator[Json]:
        """The settings in force, where they are not those of the tick before."""
        settings = policies_json(basis.policies)
        if self._news(f"settings {workload}", {"all": settings}):
            yield {"policies": workload, "format": FORMAT, "settings": settings}

    def _minutes(
        self, workload: str, name: str, signal: Signal
    ) -> Generator[Json, None, Sequence[tuple[float, float]]]:
        """The past as a whole, where most of it is new; returns the minutes that are new else."""
        known = self._known.get((workload, name))
        self._known[workload, name] = _Known(signal.newest, signal.minutes)
        fresh = _fresh(known, signal) if known else None
        if fresh is not None and len(fresh) <= _MANY:
            return fresh
        yield {
            "history": workload,
            "signal": name,
            "newest": signal.newest,
            "minutes": [_short(each) for each in signal.minutes.tolist()],
        }
        return ()

    def _tick(
        self,
        account: Account,
        basis: Basis,
        fresh: Mapping[tuple[str, str], Sequence[tuple[float, float]]],
    ) -> Json:
        seen, listener = account.seen, Listener()
        decide(basis.policies, listener.over(seen), basis.memories)
        parts = observation_json(seen) | {
            MEMORIES: to_json(basis.memories),
            FOREIGN: sorted(seen.courses.foreign),
        }
        return {
            "tick": seen.workload,
            "at": seen.now,
            "seen": self._news(f"seen {seen.workload}", parts),
            "demand": {
                each.name: _told(each, listener.demands[each.name].answers)
                | _newest(each, fresh.get((seen.workload, each.name), ()))
                | self._forecast(account, each)
                for each in seen.demand
            },
            "courses": {key: to_json(each.answers) for key, each in listener.courses.items()},
            "decided": decision_json(account.outcome.decision),
        }

    def _forecast(self, account: Account, demand: Demand) -> Json:
        """Of which minute the forecast is; and how it was asked for, where that has changed."""
        known = account.prospects.foresights.get(demand.name)
        if known is None or not isinstance(demand, Signal) or demand.outlook is None:
            return {}
        column = known.forecast.task.column
        context = None if column.context == NOTHING_KNOWN else to_json(column.context)
        wanted = {"model": column.model, "horizon": column.horizon, "context": context}
        news = self._news(f"forecast {account.seen.workload} {demand.name}", wanted)
        return {"forecast": news | {"origin": demand.outlook.origin}}

    def _news(self, of: str, parts: Json) -> Json:
        """The parts that are not as they were said the last time."""
        before = self._said.get(of, {})
        self._said[of] = parts
        return {name: each for name, each in parts.items() if before.get(name, _NEVER) != each}


def _told(demand: Demand, answers: Mapping[str, float]) -> Json:
    return {
        "perReplica": to_json(demand.per_replica),
        "age": to_json(demand.age),
        "alive": to_json(demand.alive),
        "aliveAtLeast": to_json(demand.alive_at_least),
        "trusted": bool(demand.trusted),
        "answers": to_json(answers),
    }


def _newest(demand: Demand, fresh: Sequence[tuple[float, float]]) -> Json:
    """Where the past of a signal ends now, and what of it is new."""
    if not isinstance(demand, Signal):
        return {"newest": 0.0, "fresh": [], "look": None}
    look = None if np.isnan(demand.look.value) else to_json(demand.look)
    return {"newest": demand.newest, "fresh": to_json(fresh), "look": look}


def _fresh(known: _Known, signal: Signal) -> Sequence[tuple[float, float]] | None:
    """The minutes that are not as they were told, with their moments; None: they can't be told."""
    size, by = signal.minutes.size, round((signal.newest - known.newest) / MINUTE)
    if by < 0 or known.minutes.size != size:
        return None
    before = np.concatenate((known.minutes[by:], np.full(min(by, size), np.nan)))
    same = (before == signal.minutes) | (np.isnan(before) & np.isnan(signal.minutes))
    rows = np.flatnonzero(~same)
    moments = signal.newest - (size - 1 - rows) * MINUTE
    return list(zip(moments.tolist(), signal.minutes[rows].tolist(), strict=True))


def _short(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.{_DIGITS}g}")

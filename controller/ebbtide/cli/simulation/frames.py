"""What is kept of every tick of a simulation."""

from typing import NamedTuple

import numpy as np

from ebbtide.loop.reporting.account import Account
from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.hold import HoldSettings
from ebbtide_policies.lanes import UNKNOWN, number, whole
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Phase

_SEEN = HoldSettings().stale_after
"""Seconds after which the newest known demand tells nothing of the present one."""
_FLOORS = {Kind.FLOOR, Kind.GUARANTEED_FLOOR}


class Frame(NamedTuple):
    """One workload at one tick, in plain numbers: an account would keep its whole history alive."""

    now: float
    workload: str
    demand: float
    """Present demand in replicas at target load, as it was seen; NaN where it was not."""
    foreseen: float
    """The 0.9 quantile of the forecast over the lead time, in replicas."""
    current: int
    ready: int
    desired: int
    phase: Phase
    reason: str
    why: Message
    """What the bound says that decided."""
    bounds: tuple[Bound, ...] = ()
    """All bounds, the binding one first; of a change of replicas only."""
    need: int = 0
    """The highest floor: what would be wanted if no ceiling stood above it."""
    unreckoned: tuple[str, ...] = ()
    """Announced events that are due, and of which nobody knows what they need."""

    @property
    def message(self) -> str:
        """Why, in English."""
        return str(self.why)

    @classmethod
    def of(cls, account: Account) -> "Frame":
        """What is worth keeping of an account."""
        seen, decision = account.seen, account.outcome.decision
        present = np.max([number(d.present()) if d.age <= _SEEN else UNKNOWN for d in seen.demand])
        foreseen = np.max([number(d.ahead(0.9, seen.lead_time)) for d in seen.demand])
        return cls(
            now=seen.now,
            workload=seen.workload,
            demand=float(present),
            foreseen=float(foreseen),
            current=decision.current,
            ready=int(number(seen.fleet.ready)),
            desired=decision.replicas,
            phase=seen.phase,
            reason=decision.binding.reason,
            why=decision.binding.why,
            bounds=decision.bounds if decision.replicas != decision.current else (),
            need=_need(decision),
            unreckoned=_unreckoned(decision) if seen.events else (),
        )


def _need(decision: Decision) -> int:
    floors = [number(b.replicas) for b in decision.bounds if b.kind in _FLOORS]
    return int(max((whole(floor) for floor in floors if np.isfinite(floor)), default=0.0))


def _unreckoned(decision: Decision) -> tuple[str, ...]:
    """The events of floors that nobody knows; the calendar names them first."""
    floors = (bound for bound in decision.bounds if bound.policy == Calendar.name)
    return tuple(str(each.values[0]) for each in floors if np.isnan(number(each.replicas)))

"""Observations for tests, in a few words each. One that could not exist is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.demand import MINUTE, Outlook, Signal
from ebbtide_policies.limits import Limits
from ebbtide_policies.observation import (
    Demand,
    Event,
    Fleet,
    LastStep,
    Mode,
    Override,
    Phase,
)
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN
from ebbtide_policies.scale_up import ScaleUp
from ebbtide_policies.snapshot import Snapshot
from ebbtide_policies.victims import Crew

NOW = 1_794_398_400.0
"""A Wednesday, 2026-11-11 12:00 UTC."""
LEVELS = (0.5, 0.9, 0.99)
NAN = float("nan")
INF = float("inf")
S = TypeVar("S", bound=PolicySettings)
_HPA = ScaleUp()


def settings(kind: type[S], **written: Any) -> S:
    """Settings as people write them in YAML."""
    return kind.model_validate(written)


def signal(
    minutes: Iterable[float], *, now: float = NOW, late: float = 30.0, **more: Any
) -> Signal:
    """A signal whose newest minute is the last whole one that is `late` seconds old."""
    newest = (now - late) // MINUTE * MINUTE
    known = np.asarray(list(minutes), dtype=float)
    given: dict[str, Any] = {"name": "viewers", "per_replica": 1.0} | more
    return Signal(now=now, newest=newest, minutes=known, **given)


def steady(level: float = 80.0, minutes: int = 60, **more: Any) -> Signal:
    """A signal that has stood at one level for some minutes."""
    return signal([level] * minutes, **more)


def outlook(*median: float, spread: float = 0.0, origin: float = NOW) -> Outlook:
    """A forecast, minute by minute; each quantile stands `spread` above the one below it."""
    rows = np.array([np.array(median) + spread * step for step in range(len(LEVELS))])
    return Outlook(origin, LEVELS, rows)


def foretold(level: float, *, past: float = 80.0, minutes: int = 120, **more: Any) -> Signal:
    """A signal that stood at `past`, with a trusted forecast of one level."""
    given: dict[str, Any] = {"outlook": outlook(*[level] * minutes), "trusted": True} | more
    return steady(past, **given)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One workload at one moment, in the words of a test; `seen` is what policies see of it."""

    current: int = 100
    ready: int | None = None
    rollout: bool = False
    demand: Sequence[Demand] = (steady(),)
    now: float = NOW
    lead_time: float = 180.0
    scale_up: ScaleUp = _HPA
    phase: Phase = Phase.PEACE
    phase_since: float = -INF
    mode: Mode = Mode.ENFORCE
    events: Sequence[Event] = ()
    overrides: Sequence[Override] = ()
    answers: Mapping[str, float] | None = None
    last_step: LastStep | None = None
    crew: Crew | None = None

    @property
    def seen(self) -> Snapshot:
        """The observation, once it is sure that it could exist."""
        ready = self.current if self.ready is None else self.ready
        found = Snapshot(
            workload="live/stream-edge",
            now=self.now,
            fleet=Fleet(current=self.current, ready=ready, rollout=self.rollout),
            demand=self.demand,
            lead_time=self.lead_time,
            scale_up=self.scale_up,
            phase=self.phase,
            phase_since=self.phase_since,
            mode=self.mode,
            events=self.events,
            overrides=self.overrides,
            answers=self.answers or {},
            last_step=self.last_step,
            crew=self.crew,
        )
        faults = list(impossibilities(found))
        if faults:
            raise ValueError("; ".join(faults))
        return found


def impossibilities(seen: Snapshot) -> Iterable[str]:
    """Every reason why an observation of one workload could not exist."""
    if seen.fleet.current < 0 or seen.fleet.ready < 0:
        yield "a fleet has no less than no replicas"
    if not 0 <= seen.lead_time < INF:
        yield "the lead time is always known"
    if len({demand.name for demand in seen.demand}) < len(seen.demand):
        yield "two signals have one name"
    if any(isinstance(d, Signal) and d.now != seen.now for d in seen.demand):
        yield "a signal is seen at another moment"
    if any(not event.start < event.end or event.ready_by > event.start for event in seen.events):
        yield "an event is ready before it starts, and starts before it ends"
    if any(word.until <= seen.now for word in seen.overrides):
        yield "an override that has ended is not seen"
    if seen.last_step and seen.last_step.at > seen.now:
        yield "the last step is in the past"


def seen(**words: Any) -> Snapshot:
    """What policies see of a scene."""
    return Scene(**words).seen


def house(*more: Policy[Any], least: int = 1, most: int = 1000) -> list[Policy[Any]]:
    """Every built-in policy with its defaults; one in `more` takes the place of its namesake."""
    replaced = {policy.name for policy in more}
    limits = Limits.Settings(min=least, max=most)
    plain: list[Policy[Any]] = [
        policy(limits if policy is Limits else policy.Settings())
        for policy in ALWAYS + OPTIONAL + SPOKEN
        if policy.name not in replaced
    ]
    return plain + list(more)

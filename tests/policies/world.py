"""One workload in a world of its own, and a record of the steps that were taken in it."""

import json
from typing import Any, NamedTuple

from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.decide import Memories, decide
from ebbtide_policies.demand import Signal
from ebbtide_policies.descent import DescentSettings, step_size
from ebbtide_policies.limits import LimitSettings
from ebbtide_policies.observation import Mode, Override, Phase
from ebbtide_policies.phase import next_phase
from ebbtide_policies.phase_lanes import one_phase
from ebbtide_policies.registry import ALWAYS, SPOKEN
from ebbtide_policies.snapshot import Snapshot
from tests.policies.builders import NOW, outlook, seen, signal
from tests.policies.strangers import Stranger

WIDE = LimitSettings(max=2000)


class OwnStep(NamedTuple):
    """One reduction that was made by us, and what was in force when it was."""

    at: float
    down: int
    allowed: float
    """`maxStep` of the fleet at the start of the descent."""
    soak: float
    max_step: float


class World:
    """Ticks as the loop has them: look, decide, record, act; and what is promised of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.begin(current=1, level=0.0)

    def begin(self, current: int, level: float) -> None:
        """A fleet that stands still, under a demand that has stood for half an hour."""
        self.now, self.current, self.start = NOW, current, current
        self.left = current
        """What our own last change came to."""
        self.ready, self.rollout = current, False
        self.minutes, self.since = [level] * 30, 0.0
        self.forecast: tuple[float, bool] | None = None
        self.mode, self.phase = Mode.ENFORCE, Phase.PEACE
        self.overrides: tuple[Override, ...] = ()
        self.stranger: Stranger | None = None
        self.written: dict[str, PolicySettings] = {"replicas": WIDE}
        self.stored: Memories = {}
        self.steps: list[OwnStep] = []
        self.before: OwnStep | None = None
        """The last step on record."""
        self.sound = False
        """Whether the memory of that step is still what it was."""

    def time_passes(self, seconds: int) -> None:
        """Let time pass; demand stays as it is."""
        self.now += seconds
        self.since += seconds
        for _ in range(int(self.since // 60)):
            self.minutes = [*self.minutes[-40:], self.minutes[-1]]
        self.since %= 60

    def _signal(self) -> Signal:
        if self.forecast is None:
            return signal(self.minutes, now=self.now)
        level, trusted = self.forecast
        ahead = outlook(*[level] * 60, origin=self.now)
        return signal(self.minutes, now=self.now, outlook=ahead, trusted=trusted)

    def _look(self) -> Snapshot:
        found = seen(
            now=self.now,
            current=self.current,
            ready=self.ready,
            rollout=self.rollout,
            demand=(self._signal(),),
            lead_time=30.0,
            phase=self.phase,
            mode=self.mode,
            overrides=self.overrides,
        )
        self.phase = one_phase(next_phase(found))
        return found

    def _policies(self) -> list[Policy[Any]]:
        always = [p(self.written.get(p.name) or p.Settings()) for p in ALWAYS]
        spoken = [p(self.written.get(p.name) or p.Settings()) for p in SPOKEN]
        return [*always, *spoken, *([self.stranger] if self.stranger else [])]

    def tick(self, crash: bool = False) -> None:
        """Look, decide, record; and act, unless there is a crash before it."""
        found = self._look()
        outcome = decide(self._policies(), found, self.stored)
        self.stored = json.loads(json.dumps(outcome.memories, allow_nan=False))
        replicas = outcome.decision.replicas
        step = self._recorded(self.current - replicas) if replicas < self.current else None
        if crash:
            return
        self.steps += [step] if step else []
        if replicas != self.current:
            self.start = max(replicas, self._descends_from() if step else 0)
            self.current = self.ready = self.left = replicas

    def _descends_from(self) -> int:
        return self.start if self.current == self.left else self.current

    def _recorded(self, down: int) -> OwnStep:
        chosen = self.written.get("descent") or DescentSettings()
        assert isinstance(chosen, DescentSettings)
        allowed = float(step_size(self._descends_from(), chosen.max_step))
        step = OwnStep(self.now, down, allowed, chosen.soak, chosen.max_step)
        assert down <= allowed
        if self.before:
            self._follows(step, self.before)
        self.before, self.sound = step, True
        return step

    def _follows(self, step: OwnStep, before: OwnStep) -> None:
        assert step.at - before.at >= step.soak
        if self.sound:
            assert step.at - before.at >= before.soak
            stricter = min(step.max_step, before.max_step)
            assert step.down <= step_size(self._descends_from(), stricter)

"""One tick: renew, survey, read, forecast, then for each workload decide, record, act, confirm.

The loop itself remembers nothing that a successor would miss: policies' memories, the intent and
the shadow live in the status of each CapacityPolicy, and histories are read anew.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeVar

from ebbtide.api.reading.compose import Installed
from ebbtide.errors import ClusterUnavailable, EbbtideError, InvalidInput
from ebbtide.loop.acting.actuator_choice import ActuatorChoice
from ebbtide.loop.acting.carry_out import Writer
from ebbtide.loop.acting.fences import Fences
from ebbtide.loop.acting.put_back import PutBack
from ebbtide.loop.forecasting.auto_model import nameable
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.observing.conflicts import Claims, Situation
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.observing.guidance_reader import GuidanceReader
from ebbtide.loop.observing.history import Histories
from ebbtide.loop.observing.observe import Knowledge, columns, observe
from ebbtide.loop.pods.boot_watch import BootWatch
from ebbtide.loop.pods.draining import finished
from ebbtide.loop.pods.session_watch import SessionWatch
from ebbtide.loop.ports.cluster import Resource, Target
from ebbtide.loop.record.same_target import of_target, target_section
from ebbtide.loop.record.sound_statuses import SoundStatuses
from ebbtide.loop.reporting.account import Account, Basis
from ebbtide.loop.reporting.conditions import Condition, judge, sessions_spared
from ebbtide.loop.tuning.tuner import Tuner
from ebbtide.loop.tuning.tuning_input import tuning_input
from ebbtide.loop.workload import Workload, WorkloadReader
from ebbtide.loop.world import Rules, World

log = logging.getLogger("ebbtide.loop")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What happened in one tick."""

    now: float
    leading: bool
    accounts: Mapping[str, Account] = field(default_factory=dict)
    """Every workload that was decided on."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why the others were not."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each step took."""

    @property
    def resumptions(self) -> Iterator[float]:
        """The moments to come at which a bound that decides lifts by itself."""
        for account in self.accounts.values():
            until = account.outcome.decision.binding.until
            if until is not None and until > self.now:
                yield float(until)


class _Case(NamedTuple):
    """One workload in one tick, and all that is needed to decide on it."""

    workload: Workload
    target: Target | ClusterUnavailable | None
    claims: Claims
    """Who else scales what."""
    knowledge: Knowledge
    now: float
    elapsed: Callable[[], float]
    """Seconds since `now`."""


class _Failure(NamedTuple):
    """A workload that was not decided on, or whose decision did not get out."""

    key: str
    why: str


class Loop:
    """Observes, decides and acts for every workload, one tick at a time."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world, self._rules = world, rules
        installed = Installed(rules.plugins, nameable(rules.forecasters))
        self._workload_reader = WorkloadReader(installed, rules.tick)
        self._guidance_reader = GuidanceReader(rules.namespace)
        self._histories = Histories(world.metrics)
        self._forecasting = Forecasting(rules.forecasters, world.background, rules.candidates)
        self._tuner = Tuner(rules.reckon, world.leisure)
        self._sound = SoundStatuses()
        self._writer = Writer(world.cluster, self._sound, read=not rules.replayed)
        self._session_watch = SessionWatch(world.cluster, world.metrics)
        self._boot_watch = BootWatch(world.cluster)
        self._put_back = PutBack(world.cluster, rules.max_mode)
        self._fences = Fences(world.cluster, rules.max_mode)
        self._actuators = ActuatorChoice(world.cluster)

    def tick(self, now: float) -> Tick:
        """Do everything that is due at `now`.

        Raises:
            ClusterUnavailable: the cluster could not be surveyed; nothing was decided.

        """
        begun = self._world.stopwatch()
        seconds: dict[str, float] = {}
        self._timed(seconds, "renew", self._world.leadership.renew)
        if not self._world.leadership.held:
            return Tick(now=now, leading=False, seconds=seconds)
        survey = self._timed(seconds, "survey", self._world.cluster.survey)
        resources = self._sound.of(policy for policy in survey.policies if not policy.deleting)
        understood = self._workload_reader.of(resources)
        workloads = [w for w in understood.values() if isinstance(w, Workload)]
        self._timed(seconds, "read", lambda: self._read(workloads, now))
        guidance = self._guidance_reader.of(survey)
        self._timed(seconds, "forecast", lambda: self._foresee(workloads, guidance, now))
        claims, tend, there = Claims(survey), self._put_back.tend, survey.targets
        moved = self._timed(seconds, "put back", lambda: tend(survey, understood, claims, now))
        knowledge = Knowledge(self._histories, self._forecasting, guidance, self._rules.tells)
        when = now, lambda: self._world.stopwatch() - begun
        cases = [
            _Case(w.moved_on(moved.get(w.key)), there.get(w.target), claims, knowledge, *when)
            for w in workloads
        ]
        keep, carry_out = self._world.leadership.keep, self._world.acting.done
        works = (self._one(case) for case in cases if self._world.goes_on())
        found = self._timed(seconds, "decide", lambda: carry_out(works, keep))
        failed = [self._misunderstood(r, understood[r.key], now) for r in resources]
        return Tick(
            now=now,
            leading=True,
            accounts={a.seen.workload: a for a in found if isinstance(a, Account)},
            failures={f.key: f.why for f in (*found, *failed) if isinstance(f, _Failure)},
            seconds=seconds,
        )

    def stop(self) -> None:
        """Leave nothing on record that a successor would take for a failure.

        Raises:
            EbbtideError: it could not be written.

        """
        if self._world.leadership.held:
            self._tuner.withdraw(self._world.cluster)

    def _timed(self, seconds: dict[str, float], step: str, work: Callable[[], T]) -> T:
        begun = self._world.stopwatch()
        try:
            return work()
        finally:
            seconds[step] = self._world.stopwatch() - begun

    def _read(self, workloads: Sequence[Workload], now: float) -> None:
        self._histories.refresh((want for w in workloads for want in w.wanted), now)

    def _foresee(self, workloads: Sequence[Workload], guidance: Guidance, now: float) -> None:
        found = [column for w in workloads for column in columns(w, self._histories, guidance)]
        self._forecasting.refresh(found)
        known = partial(tuning_input, guidance, self._histories, now)
        self._tuner.refresh(workloads, found, known, now)

    def _one(self, case: _Case) -> Callable[[], "Account | _Failure"]:
        """Decide on one workload, and return what carries it out."""
        decided = self._guarded(case.workload.key, partial(self._decide, case))
        if isinstance(decided, _Failure):
            return lambda: decided
        return partial(self._guarded, case.workload.key, decided)

    def _guarded(self, key: str, work: Callable[[], T]) -> "T | _Failure":
        """Do some work for a workload; whatever goes wrong stops no other."""
        try:
            return work()
        except EbbtideError as error:
            log.warning("%s: %s", key, error, extra={"workload": key})
            return _Failure(key, str(error))
        except Exception as error:
            log.exception("%s: the tick failed", key, extra={"workload": key})
            return _Failure(key, f"{type(error).__name__}: {error}")

    def _misunderstood(
        self, resource: Resource, problem: Workload | InvalidInput, now: float
    ) -> "_Failure | None":
        """Hold a workload whose spec can't be understood, and say so."""
        if isinstance(problem, Workload):
            return None
        self._refuse(resource, Condition("Ready", False, "InvalidSpec", str(problem)), now)
        return _Failure(resource.key, str(problem))

    def _decide(self, case: _Case) -> Callable[[], "Account | _Failure"]:
        workload, target, now = case.workload, case.target, case.now
        if not isinstance(target, Target):
            return partial(self._untargeted, case)
        workload = replace(workload, resource=of_target(workload.resource, target))
        mode = workload.mode_under(self._rules.max_mode)
        interference = case.claims.interference(Situation(workload, target, mode, now))
        workload, target, interference = self._fences.behind(workload, target, interference)
        actuator = self._actuators.choose(mode, interference)
        ledger = replace(actuator.ledger(workload, target, mode, now), interference=interference)
        seen = observe(workload, ledger, mode, case.knowledge, now)
        workload = workload.in_phase(seen.phase)
        if not self._actuators.is_open(actuator):
            seen = replace(seen, withheld=interference.withheld)
        seen, outcome, watched = self._session_watch.decide(workload, target, seen, ledger.memories)
        ahead = self._forecasting.prospects(workload.key, [d.name for d in seen.demand])
        failures, decision = self._failures(workload), outcome.decision
        boots = self._boot_watch.look(workload, target, seen)
        interference = interference.or_conflict_over_pods(watched.conflict)
        judged = judge(seen, decision, failures, interference, ahead.doubts)
        about, more = self._tuner.conditions(workload), sessions_spared(workload)
        said = (*judged, *more, boots.condition, *about)
        basis = Basis(workload.policies, ledger.memories)
        told = boots.sections | self._tuner.section(workload, seen) | target_section(target)
        account = Account(seen, outcome, said, None, ahead, None, told, basis)
        by = (watched.wrap(actuator, decision), target)

        def carry_out() -> Account:
            written = self._writer.carry_out(workload, account, ledger, by, case.elapsed)
            return finished(by[0], written, target)

        return carry_out

    def _untargeted(self, case: _Case) -> "_Failure":
        """Hold a workload whose target can't be read, and say so."""
        workload = case.workload
        why = f"{workload.target} can't be read: {case.target or 'it is not there'}"
        self._refuse(workload.resource, Condition("Ready", False, "TargetUnknown", why), case.now)
        return _Failure(workload.key, why)

    def _failures(self, workload: Workload) -> Sequence[str]:
        asked = [(w.query.promql, self._histories.track(w.query)) for w in workload.wanted]
        return [f"{t.failure} (asked: {promql})" for promql, t in asked if t.failure]

    def _refuse(self, resource: Resource, condition: Condition, now: float) -> None:
        try:
            self._writer.refuse(resource, condition, now)
        except EbbtideError as error:
            log.warning("%s: %s", resource.key, error, extra={"workload": resource.key})

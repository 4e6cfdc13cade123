"""A workload as the loop sees it: its resource, understood."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.capacity_policy.objective import with_settings
from ebbtide.api.capacity_policy.plant import plant_of
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.compose import Installed, Plugins, check_names, compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.record.applied_settings import applied_in, applied_json, settings_for
from ebbtide.loop.record.boot_record import boot_record_in
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.descent import Descent
from ebbtide_policies.limits import Limits
from ebbtide_policies.observation import Mode, Phase
from ebbtide_policies.rate import pace_of
from ebbtide_policies.scale_up import ScaleUp
from ebbtide_policies.sessions import Sessions, SessionsSettings

S = TypeVar("S", bound=PolicySettings)
_REACH = {Mode.DRY_RUN: 0, Mode.SCALE_UP_ONLY: 1, Mode.ENFORCE: 2}
SHORT = 600.0
"""Seconds of the past that are kept of signals which only count now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query, and how many seconds of its past are needed."""

    query: Query
    length: float
    closely: bool = False
    """Whether it is looked at between the minutes as well."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A CapacityPolicy that is understood."""

    resource: Resource
    spec: CapacityPolicySpec
    policies: tuple[Policy[Any], ...]
    """With their settings in one phase."""
    signals: Mapping[str, SignalSpec]
    """The named signals of its demand."""
    wanted: tuple[Wanted, ...] = ()
    """Every query that a tick needs answered, with the length of its past."""
    by_phase: Mapping[Phase, tuple[Policy[Any], ...]] = field(default_factory=dict)
    """The same policies with their settings in each phase; empty: those are the same."""
    plant: str = ""
    """What settings are chosen for, beside an objective; nothing where there is none."""
    tick: float = 0.0
    """Seconds from one decision on it to the next; 0: nobody knows."""

    def in_phase(self, phase: Phase) -> "Workload":
        """The workload with the settings that hold in a phase."""
        return replace(self, policies=self.by_phase.get(phase, self.policies))

    def moved_on(self, to: Resource | None) -> "Workload":
        """The workload at the version that its object has moved on to since it was read."""
        if to is None:
            return self
        version, finalizers = to.resource_version, to.finalizers
        moved = replace(self.resource, resource_version=version, finalizers=finalizers)
        return replace(self, resource=moved)

    @property
    def key(self) -> str:
        """`namespace/name`: the workload's name everywhere."""
        return self.resource.key

    @property
    def target(self) -> Ref:
        """What is scaled."""
        ref = self.spec.scale_target_ref
        return Ref(ref.api_version, ref.kind, self.resource.namespace, ref.name)

    def mode_under(self, most: Mode) -> Mode:
        """The mode in force, after the operator's maximum."""
        return min(self.spec.mode, most, key=_REACH.__getitem__)

    @property
    def lead_time(self) -> float:
        """Seconds until a new replica carries its full share: as measured, or as written."""
        return self._measured(boot_record_in(self.resource.status).lead.usual)

    @property
    def longest_lead_time(self) -> float:
        """The same of a rise that may need new nodes."""
        return self._measured(boot_record_in(self.resource.status).lead.longest)

    def _measured(self, seconds: float) -> float:
        known = self.spec.capacity.measured and not math.isnan(seconds)
        return seconds + self.spec.capacity.warmup if known else self.spec.lead_time

    @property
    def scale_up(self) -> ScaleUp:
        """The pace of scaling up that its policies allow."""
        return pace_of(self.policies, self.tick)

    @property
    def prewarm_scale_up(self) -> ScaleUp:
        """The pace that they will allow in a prewarm."""
        return self.in_phase(Phase.PREWARM).scale_up

    @property
    def prewarm_least(self) -> float:
        """The smallest fleet that they will allow in a prewarm."""
        return float(self.in_phase(Phase.PREWARM).settings(Limits).min)

    @property
    def soak(self) -> float:
        """The least time from one step down to the next."""
        return float(self.settings(Descent).soak)

    def settings(self, policy: type[Policy[S]]) -> S:
        """The settings of a policy that always decides."""
        return next(p.settings for p in self.policies if isinstance(p, policy))

    @property
    def sessions(self) -> SessionsSettings | None:
        """How live sessions are spared; None where nobody has said how to count them."""
        found = next((p.settings for p in self.policies if isinstance(p, Sessions)), None)
        return found if found and found.query else None

    @property
    def source(self) -> str:
        """The metrics source that policies' own queries go to: that of the first signal."""
        return next(iter(self.signals.values())).source

    def query(self, promql: str, source: str) -> Query:
        """An expression, asked on behalf of this workload."""
        return Query(self.resource.namespace, promql, source)

    def needs(self) -> Iterable[Wanted]:
        """Work out which queries a tick needs answered."""
        for signal in self.signals.values():
            length = self.spec.forecast.history
            yield Wanted(self.query(signal.query, signal.source), length, closely=True)
            if signal.alive:
                long = signal.when_absent == "Zero" or self.spec.objective is not None
                length = self.spec.forecast.history if long else SHORT
                yield Wanted(self.query(signal.alive.query, signal.source), length)
            if signal.per_replica_query:
                yield Wanted(self.query(signal.per_replica_query, signal.source), SHORT)
        for policy in chain(self.policies, *self.by_phase.values()):
            for promql in policy.queries().values():
                yield Wanted(self.query(promql, self.source), SHORT)
            for promql, seconds in policy.followed().values():
                yield Wanted(self.query(promql, self.source), seconds)


_Version = tuple[str, int, Json | None]
"""What a workload was read from: an object, its generation, and the settings put in force."""


class WorkloadReader:
    """Reads resources into workloads, once for each generation and for the settings in force."""

    def __init__(self, installed: Installed, tick: float = 0.0) -> None:
        self._installed, self._tick = installed, tick
        self._known: dict[str, tuple[_Version, Workload | InvalidInput]] = {}

    def of(self, resources: Iterable[Resource]) -> Mapping[str, Workload | InvalidInput]:
        """Every resource by its key: understood, or why not."""
        found = {r.key: self._one(r) for r in resources}
        self._known = {key: self._known[key] for key in found}
        return found

    def _one(self, resource: Resource) -> Workload | InvalidInput:
        version = (resource.uid, resource.generation, applied_json(resource.status))
        known = self._known.get(resource.key)
        if known is None or known[0] != version or not resource.generation:
            known = (version, self._read(resource))
            self._known[resource.key] = known
        if isinstance(known[1], Workload):
            return replace(known[1], resource=resource)
        return known[1]

    def _read(self, resource: Resource) -> Workload | InvalidInput:
        try:
            spec = in_force(resource).spec
            check_names(spec, self._installed)
            workload = understood(resource, spec, self._installed.plugins)
            wanted = tuple(dict.fromkeys(workload.needs()))
            return replace(workload, wanted=wanted, tick=self._tick)
        except InvalidInput as error:
            return error.kept()
        except Exception as error:  # noqa: BLE001 - a third party's policy may raise anything
            return InvalidInput(f"spec.plugins: {type(error).__name__}: {error}")


def understood(resource: Resource, spec: CapacityPolicySpec, plugins: Plugins) -> Workload:
    """The workload of a policy, with its settings in every phase.

    Raises:
        InvalidInput: its policies can't be composed.

    """
    settings = {phase: compose(spec, plugins, phase) for phase in Phase}
    return Workload(
        resource=resource,
        spec=spec,
        policies=settings[Phase.PEACE],
        signals=spec.signals(),
        by_phase=settings,
        plant="" if spec.objective is None else plant_of(spec),
    )


class InForce(NamedTuple):
    """A policy with the settings that were put in force."""

    written: Json
    """As a file would have it."""
    spec: CapacityPolicySpec


def in_force(resource: Resource) -> InForce:
    """A policy with the settings that were put in force, where they make sense.

    Raises:
        InvalidInput: the policy makes none.

    """
    plain = InForce(resource.spec, parse_policy(resource.spec))
    settings = settings_for(plain.spec, applied_in(resource.status))
    if settings is None:
        return plain
    whole = dict(with_settings(resource.spec, settings))
    try:
        return InForce(whole, parse_policy(whole))
    except InvalidInput:
        return plain

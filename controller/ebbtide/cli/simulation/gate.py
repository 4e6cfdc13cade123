"""The signals of a workload's experienceGate: those that a plan models, and those that it can't."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ebbtide.api.capacity_policy.settings_by_phase import settings_in
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.error_messages import unknown
from ebbtide.errors import InvalidInput
from ebbtide.planning.scoring.experience import LoadCurve, Modelled
from ebbtide_policies.experience import GateSignal
from ebbtide_policies.experience_gate import ExperienceGate, ExperienceGateSettings
from ebbtide_policies.observation import Phase


@dataclass(frozen=True, slots=True)
class Gate:
    """The signals of one workload, told apart by whether there is a curve of them."""

    modelled: tuple[Modelled, ...] = ()
    """Those that follow from the load; where phases change a signal, as it is in the first."""
    answers: Mapping[str, LoadCurve] = field(default_factory=dict)
    """What answers the PromQL of each of them, in any phase."""
    foreign: tuple[str, ...] = ()
    """The names of the others: they tell of the fleet of the day that is replayed."""


def gate_of(spec: CapacityPolicySpec, curves: Mapping[str, LoadCurve], per_replica: float) -> Gate:
    """The gate of a workload; one replica carries `per_replica` of its first demand."""
    signals = _signals(spec)
    first = dict(reversed(signals))
    return Gate(
        modelled=tuple(
            Modelled(name, first[name], curves[name], per_replica)
            for name in sorted(first)
            if name in curves
        ),
        answers={signal.query: curves[name] for name, signal in signals if name in curves},
        foreign=tuple(sorted(first.keys() - curves.keys())),
    )


def _signals(spec: CapacityPolicySpec) -> list[tuple[str, GateSignal]]:
    """Every signal in every phase."""
    written = spec.written(ExperienceGate)
    if not isinstance(written, ExperienceGateSettings):
        return []
    each = [settings_in(written, phase) for phase in Phase]
    return [pair for one in each for pair in one.signals.items()]


def check_curves(curves: Mapping[str, LoadCurve], gates: Iterable[Gate]) -> None:
    """Refuse a curve that belongs to no signal: a name may be misspelt.

    Raises:
        InvalidInput: with the path of the field.

    """
    found = list(gates)
    known = {name for gate in found for name in gate.foreign}
    known |= {one.name for gate in found for one in gate.modelled}
    for name in curves.keys() - known:
        raise InvalidInput(
            f"experience.{name} {unknown(name, known)}; "
            "name a signal of the experienceGate of one of these policies"
        )

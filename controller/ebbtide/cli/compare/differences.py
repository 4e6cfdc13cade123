"""What compared policies say differently of the fleet and of users, and so are scored by."""

import math
from collections.abc import Iterator, Mapping, Sequence

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.figures import NONE_SIGN
from ebbtide.cli.simulation.gate import Gate, check_curves, gate_of
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.planning.scoring.experience import LoadCurve
from ebbtide_policies.message import Message

Curves = Mapping[str, LoadCurve]


def curves_of_each(
    variants: Mapping[str, Sequence[Manifest]], curves: Curves
) -> Mapping[str, Curves]:
    """The curves of the signals that each policy has: one may gate on what another does not.

    Raises:
        InvalidInput: a curve belongs to no signal of any of them.

    """
    gates = {name: _gate(manifests, curves) for name, manifests in variants.items()}
    check_curves(curves, gates.values())
    return {name: {one.name: one.curve for one in gate.modelled} for name, gate in gates.items()}


def _gate(manifests: Sequence[Manifest], curves: Curves) -> Gate:
    [policy] = [one for one in manifests if one.kind == CAPACITY_POLICY.name]
    return gate_of(parse_policy(policy.spec), curves, 1.0)


def differences(benches: Mapping[str, Workbench]) -> Iterator[Message]:
    """What scores that stand side by side are reckoned by differently."""
    first = next(iter(benches))
    carried = {name: [each for _, each in bench.signals] for name, bench in benches.items()}
    if len({tuple(each) for each in carried.values()}) > 1:
        told = ", ".join(f"{name}: {_figures(each)}" for name, each in carried.items())
        yield Message(
            "perReplica differs ({}): the load, and with it what is short or idle and how users "
            "fare, is by what each policy says, of the rivals by what {} says",
            (told, first),
        )
    limits = {name: _limits(bench) for name, bench in benches.items()}
    for signal in dict.fromkeys(signal for each in limits.values() for signal in each):
        if len({each.get(signal, NONE_SIGN) for each in limits.values()}) > 1:
            told = ", ".join(f"{n}: {each.get(signal, NONE_SIGN)}" for n, each in limits.items())
            yield Message(
                "experience.{}: its limit differs ({}): minutes in which users fared badly are "
                "counted by the limit of each policy, of the rivals by that of {}",
                (signal, told, first),
            )


def _limits(bench: Workbench) -> Mapping[str, str]:
    """The limits of modelled signals, as they are told."""
    return {
        one.name: NONE_SIGN if math.isnan(one.signal.limit) else f"{one.signal.limit:.4g}"
        for one in bench.gate.modelled
    }


def _figures(values: Sequence[float]) -> str:
    return "/".join(f"{value:g}" for value in values)

"""From a spec to the policies that decide for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.settings_by_phase import by_phase, limits_in, prepared, settings_in
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.error_messages import unknown
from ebbtide.api.reading.parse import told, understand
from ebbtide.api.yaml_text import Fault
from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.limits import Limits
from ebbtide_policies.observation import Phase
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN

Plugins = Mapping[str, type[Policy[Any]]]
"""The policies that other packages bring, by name."""


class Installed(NamedTuple):
    """What can be named in a spec because it is installed."""

    plugins: Plugins = MappingProxyType({})
    models: Sequence[str] | None = None
    """The forecasters, in the order in which they are told; None: nobody knows which there are."""


def compose(
    spec: CapacityPolicySpec, plugins: Plugins, phase: Phase = Phase.PEACE
) -> tuple[Policy[Any], ...]:
    """Every policy that decides for a workload, with its settings in a phase.

    Those that keep it safe are there whether the spec names them or not.

    Raises:
        InvalidInput: a plugin is not installed, or its settings are wrong.

    """
    brought = _brought(spec, plugins)
    faults = [fault for found in brought.values() if isinstance(found, list) for fault in found]
    if faults:
        raise InvalidInput(told(faults))
    return (
        *(policy(_spoken(spec, policy, phase)) for policy in SPOKEN),
        *(policy(_always(spec, policy, phase)) for policy in ALWAYS),
        *(
            policy(settings_in(said, phase))
            for policy in OPTIONAL
            if (said := spec.written(policy))
        ),
        *(
            plugins[name](settings_in(said, phase))
            for name, said in brought.items()
            if not isinstance(said, list)
        ),
    )


def _always(spec: CapacityPolicySpec, policy: type[Policy[Any]], phase: Phase) -> PolicySettings:
    written = spec.written(policy)
    if isinstance(written, CalendarSettings):
        return prepared(written, phase)
    return settings_in(written, phase) if written else policy.Settings()


def check_names(spec: CapacityPolicySpec, installed: Installed) -> None:
    """Refuse a spec that names what is not there.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    faults = list(name_faults(spec, installed))
    if faults:
        raise InvalidInput(told(faults))


def name_faults(spec: CapacityPolicySpec, installed: Installed) -> Iterable[Fault]:
    """Everything that is wrong with the forecaster and the plugins that a spec names."""
    yield from _model_faults(spec.forecast.model, installed.models)
    for found in _brought(spec, installed.plugins).values():
        if isinstance(found, list):
            yield from found


def _model_faults(model: str, known: Sequence[str] | None) -> Iterator[Fault]:
    if known is not None and model not in known:
        yield Fault(("forecast", "model"), f"{model!r} is not one of {', '.join(known)}")


def _spoken(spec: CapacityPolicySpec, policy: type[Policy[Any]], phase: Phase) -> PolicySettings:
    return limits_in(spec.replicas, phase) if policy is Limits else policy.Settings()


def _brought(spec: CapacityPolicySpec, plugins: Plugins) -> dict[str, PolicySettings | list[Fault]]:
    return {name: _plugin(name, written, plugins) for name, written in spec.plugins.items()}


def _plugin(
    name: str, written: Mapping[str, Any], plugins: Plugins
) -> PolicySettings | list[Fault]:
    """The settings of one plugin, or what is wrong with them."""
    where = ("plugins", name)
    if name not in plugins:
        return [Fault(where, f"no such policy is installed: {unknown(name, plugins)}")]
    found = understand(by_phase(plugins[name].Settings), written)
    if isinstance(found, list):
        return [Fault((*where, *fault.at), fault.why) for fault in found]
    return found

"""From a spec to the policies that decide for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ebbtide.api.capacity_policy import CapacityPolicySpec
from ebbtide.api.parse import told, understand
from ebbtide.api.sentences import unknown
from ebbtide.api.yaml_text import Fault
from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.limits import Limits
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN

Plugins = Mapping[str, type[Policy[Any]]]
"""The policies that other packages bring, by name."""


def compose(spec: CapacityPolicySpec, plugins: Plugins) -> tuple[Policy[Any], ...]:
    """Every policy that decides for a workload.

    Those that keep it safe are there whether the spec names them or not.

    Raises:
        InvalidInput: a plugin is not installed, or its settings are wrong.

    """
    brought = _brought(spec, plugins)
    faults = [fault for found in brought.values() if isinstance(found, list) for fault in found]
    if faults:
        raise InvalidInput(told(faults))
    return (
        *(policy(_spoken(spec, policy)) for policy in SPOKEN),
        *(policy(spec.written(policy) or policy.Settings()) for policy in ALWAYS),
        *(policy(settings) for policy in OPTIONAL if (settings := spec.written(policy))),
        *(plugins[name](settings) for name, settings in brought.items()),
    )


def plugin_faults(spec: CapacityPolicySpec, plugins: Plugins) -> Iterable[Fault]:
    """Everything that is wrong with the plugins that a spec names."""
    for found in _brought(spec, plugins).values():
        if isinstance(found, list):
            yield from found


def _spoken(spec: CapacityPolicySpec, policy: type[Policy[Any]]) -> PolicySettings:
    return spec.replicas if policy is Limits else policy.Settings()


def _brought(spec: CapacityPolicySpec, plugins: Plugins) -> dict[str, PolicySettings | list[Fault]]:
    return {name: _plugin(name, written, plugins) for name, written in spec.plugins.items()}


def _plugin(
    name: str, written: Mapping[str, Any], plugins: Plugins
) -> PolicySettings | list[Fault]:
    """The settings of one plugin, or what is wrong with them."""
    where = ("plugins", name)
    if name not in plugins:
        return [Fault(where, f"no such policy is installed: {unknown(name, plugins)}")]
    found = understand(plugins[name].Settings, written)
    if isinstance(found, list):
        return [Fault((*where, *fault.at), fault.why) for fault in found]
    return found

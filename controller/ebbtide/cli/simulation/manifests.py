"""What stands in a file, as the loop has it of a cluster; and the other way round."""

import pathlib
from collections.abc import Iterable, Sequence

from ebbtide.api.kinds import CAPACITY_OVERRIDE, EVENT_CALENDAR, EVENT_PROFILE
from ebbtide.api.reading.compose import Plugins
from ebbtide.api.reading.manifests import Manifest, load
from ebbtide.api.reading.parse import parse_calendar, parse_override, parse_policy, parse_profile
from ebbtide.cli.files import read
from ebbtide.cli.models import installed, plugins
from ebbtide.cli.simulation.foresight import Announced
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.workload import Workload, understood


def manifests_in(files: Iterable[str | pathlib.Path]) -> list[Manifest]:
    """The resources of ours in some files.

    Raises:
        InvalidInput: one line for everything that is wrong with them.

    """
    return load({str(name): read(name) for name in files}, installed())


def resource_of(manifest: Manifest) -> Resource:
    """The object that a manifest makes."""
    return Resource(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        labels=manifest.labels,
        spec=dict(manifest.spec),
    )


def manifest_of(one: Resource) -> Manifest:
    """An object as it would stand in a file."""
    return Manifest(
        kind=one.kind,
        namespace=one.namespace,
        name=one.name,
        labels=one.labels,
        spec=one.spec,
    )


def workload_of(manifest: Manifest, plugins: Plugins) -> Workload:
    """The workload of a policy.

    Raises:
        InvalidInput: the policy can't be understood.

    """
    return understood(resource_of(manifest), parse_policy(manifest.spec), plugins)


def announced(manifest: Manifest, beside: Sequence[Manifest]) -> Announced:
    """What the calendars among some manifests announce to a workload."""
    workload, guidance = workload_of(manifest, plugins()), guidance_of(beside)
    return Announced(tuple(guidance.events_for(workload)), guidance.days_for(workload))


def guidance_of(beside: Sequence[Manifest]) -> Guidance:
    """The guidance that the manifests beside a policy give."""
    calendars, overrides, profiles = (
        [one for one in beside if one.kind == kind.name]
        for kind in (EVENT_CALENDAR, CAPACITY_OVERRIDE, EVENT_PROFILE)
    )
    return Guidance(
        calendars=[(one.namespace, parse_calendar(one.spec)) for one in calendars],
        overrides=[(one.namespace, one.name, parse_override(one.spec)) for one in overrides],
        profiles={(one.namespace, one.name): parse_profile(one.spec) for one in profiles},
    )

"""The overrides of a plan that have no effect on it: nobody would miss them otherwise."""

from collections.abc import Iterator, Sequence

from ebbtide.api.kinds import CAPACITY_OVERRIDE, CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_override
from ebbtide.api.timestamps import clock
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.manifests import guidance_of, workload_of
from ebbtide.cli.simulation.simulation import Simulation
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Override


def unspoken(simulation: Simulation, start: float) -> Iterator[Message]:
    """Overrides that had ended when the replay began, or are about no policy of these files."""
    policies = [one for one in simulation.manifests if one.kind == CAPACITY_POLICY.name]
    for one in _overrides(simulation):
        end = parse_override(one.spec).ends_at()
        if end <= start:
            yield Message(
                "CapacityOverride {}/{} is left out: it ended at {} UTC, before what is replayed",
                (one.namespace, one.name, clock(end, "%Y-%m-%d %H:%M")),
            )
        elif not any(_words(one, policy, start) for policy in policies):
            yield Message(
                "CapacityOverride {}/{} is left out: it is about no CapacityPolicy of these files; "
                "it has to be in the namespace of one, and its selector to name labels of that one",
                (one.namespace, one.name),
            )


def effectless(simulation: Simulation, frames: Sequence[Frame]) -> Iterator[Message]:
    """Overrides that are about a workload, and at no tick decided what it gets."""
    key = frames[0].workload
    mine = next(m for m in simulation.manifests if m.key == key and m.kind == CAPACITY_POLICY.name)
    deciding = {frame.why.values[:1] for frame in frames if frame.reason in _REASONS}
    for one in _overrides(simulation):
        for word in _words(one, mine, frames[0].now):
            if (word.name,) not in deciding and not _led(word, frames):
                yield Message(
                    "CapacityOverride {} changes nothing for {}: at every tick it was so "
                    "without it",
                    (word.name, key),
                )


_REASONS = {"Frozen", "OverrideFloor", "OverrideCeiling"}


def _overrides(simulation: Simulation) -> Iterator[Manifest]:
    """Those of files; a cluster has some that are about others."""
    for one in simulation.manifests:
        if one.kind == CAPACITY_OVERRIDE.name and one.path:
            yield one


def _words(override: Manifest, policy: Manifest, now: float) -> Sequence[Override]:
    """What an override says of a policy."""
    return [*guidance_of([override]).overrides_for(workload_of(policy, plugins()), now)]


def _led(word: Override, frames: Sequence[Frame]) -> bool:
    """Whether a workload was in the phase that an override says."""
    return any(frame.phase is word.phase and frame.now < word.until for frame in frames)

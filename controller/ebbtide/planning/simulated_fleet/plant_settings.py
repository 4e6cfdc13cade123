"""How a simulated fleet behaves: boots, nodes, sessions, victims, cost, and what befalls it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from ebbtide.planning.simulated_fleet.pods import Victims
from ebbtide_policies.lanes import Lanes

_Z90 = 1.2815515655446004
"""The 0.9 quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class BootTime:
    """A time that varies from pod to pod, or from node to node: log-normal."""

    median: float
    """Seconds; half of the pods take longer."""
    spread: float
    """Standard deviation of the logarithm: 0.5 makes the slowest pod in six 1.65 medians."""
    after: float = 0.0
    """Seconds on top that never vary, such as those of warming up."""

    @classmethod
    def between(cls, p50: float, p90: float, after: float = 0.0) -> "BootTime":
        """The distribution of which half takes no more than `p50`, and nine in ten `p90`."""
        return cls(p50, float(np.log(p90 / p50)) / _Z90 if p90 > p50 else 0.0, after)

    def draw(self, count: int, rng: np.random.Generator) -> Lanes:
        """Draw the times of some, in seconds."""
        return self.after + self.median * np.exp(self.spread * rng.standard_normal(count))


def drawn(time: float | BootTime, count: int, rng: np.random.Generator) -> Lanes:
    """The times of some, whether they vary or not, in seconds."""
    return time.draw(count, rng) if isinstance(time, BootTime) else np.full(count, time)


def usual(time: float | BootTime) -> float:
    """The time that half of them take no longer than, in seconds."""
    return time.median + time.after if isinstance(time, BootTime) else time


class CostFrom(StrEnum):
    """When a pod begins to cost money."""

    ASKED = "Asked"
    """From the moment it is asked for: nodes are paid while pods boot."""
    READY = "Ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Nodes that are made when pods find no room, and let go when nobody needs them."""

    pods: int
    """Pods that one node carries."""
    provisioning: float | BootTime
    """Seconds from a pod without room to its node."""
    spare: int = 0
    """Nodes beyond those that are needed, at the start and always kept."""
    keep: float = 600.0
    """Seconds after which a node that nobody needs goes."""


class ZoneLoss(NamedTuple):
    """A zone that is gone for a while: its pods at once, and no new ones in it."""

    at: float
    """Epoch seconds."""
    lasts: float
    """Seconds."""
    zone: int = 0
    """Counted from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """How a fleet behaves."""

    lead: float | BootTime = 90.0
    """Seconds from the moment a replica is asked for until it is ready, on a node that is there."""
    nodes: NodeSettings | None = None
    """None: there is always room."""
    session: float = 0.0
    """Mean length of a session in seconds; it ends at random (exponential). 0: no sessions."""
    cost_from: CostFrom = CostFrom.ASKED
    victims: Victims | None = None
    """Which pods go first; None: those that a ReplicaSet takes."""
    router_drains: bool = True
    """Whether the router sends no new sessions to pods that are to drain."""
    termination: float = 0.0
    """Seconds that a pod still costs money after its removal."""
    loss: float = 0.0
    """Pods that are lost an hour, as a share of the fleet; each is replaced at once."""
    zones: int = 3
    """Pods are dealt out over the zones by their number."""
    zone_losses: tuple[ZoneLoss, ...] = ()

    @property
    def eventful(self) -> bool:
        """Whether there is more to it than a fixed lead time."""
        mishaps = self.loss or self.zone_losses or self.nodes
        return bool(mishaps) or isinstance(self.lead, BootTime)

    def away(self, now: float) -> dict[int, float]:
        """The zones that are away at a moment, and until when each is."""
        there = [loss for loss in self.zone_losses if loss.at <= now < loss.at + loss.lasts]
        return {loss.zone: loss.at + loss.lasts for loss in there}

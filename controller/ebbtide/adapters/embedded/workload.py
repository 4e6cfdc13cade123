"""The embedded twin of one scalable object, with the plant behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ebbtide.adapters.embedded.pods import EmbeddedPods
from ebbtide.loop.ports.autoscalers import Owner
from ebbtide.planning.simulated_fleet.plant import Census, Plant


@dataclass(slots=True)
class EmbeddedWorkload:
    """A target and the pods behind it."""

    uid: str
    plant: Plant
    pods: EmbeddedPods
    replicas: int
    offered: Callable[[float], float]
    ready: int = 0
    version: int = 0
    census: list[Census] = field(default_factory=list)
    owners: tuple[Owner, ...] = ()

    def move(self, now: float) -> bool:
        """Let the pods live up to a moment; says whether their readiness has changed."""
        census = self.plant.advance(now, self.replicas, self.offered(now))
        before, self.ready = self.ready, census.ready - self.pods.failing
        if self.census and self.census[-1].now == now:
            census = self.census.pop().then(census)
        self.census.append(census)
        return self.ready != before

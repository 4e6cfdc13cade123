"""A fleet whose pods carry sessions, and a router that heeds the drain label."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, Pod
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from tests.loop.world import PLAIN, World, spec_of, steady, target

QUERY = "sum by (pod) (live_sessions)"
SETTLE = 30.0


class SessionWorld(World):
    """One Deployment; a session lasts so long that it never ends by itself unless told."""

    def fleet_with_sessions(
        self,
        replicas: int,
        need: int,
        *,
        live: Mapping[int, int] | None = None,
        kind: str = "Deployment",
        settings: Json | None = None,
        **plant: Any,
    ) -> None:
        """Put a fleet there that needs `need` replicas; `live`: sessions by the pod's number."""
        given: Json = {"session": 1e12, "lead": 30.0} | plant
        pods = Plant(PlantSettings(**given), replicas, self.time, np.random.default_rng(1))
        for number, count in (live or {}).items():
            pods.pods.sessions[number] = count
        ref = target("edge")._replace(kind=kind)
        self.offered = 0.0
        self.cluster.add_target(ref, pods, lambda _: self.offered)
        self.plant, self.book = pods, self.cluster.book(ref)
        self.metrics.answer("edge", steady(float(need)))
        self.metrics.answer_each(QUERY, self.book.sessions)
        sessions: Json = {"query": QUERY, "settle": f"{SETTLE:.0f}s"} | (settings or {})
        descent = {"maxStep": "25%", "soak": "30s"}
        spec = spec_of("edge", policies=PLAIN | {"descent": descent, "sessions": sessions})
        spec["scaleTargetRef"]["kind"] = kind
        self.write("CapacityPolicy", "edge", spec, labels={"app": "edge"})
        self.ref = ref

    def carry(self, **live: int) -> None:
        """Say how many sessions a pod carries from now on: `carry(edge_3=0)`."""
        for name, count in live.items():
            at = self.plant.pods.number == int(name.rpartition("_")[2])
            self.plant.pods.sessions[at] = count

    def pods(self) -> Sequence[Pod]:
        """The pods that count as replicas."""
        return [pod for pod in self.book.listed() if pod.active]

    def names(self) -> set[str]:
        """Their names."""
        return {pod.name for pod in self.pods()}

    def draining(self) -> set[str]:
        """The names of those that are to get no new sessions."""
        return {pod.name for pod in self.pods() if DRAIN in pod.labels}

    def costed(self) -> set[str]:
        """The names of those that carry a deletion cost."""
        return {pod.name for pod in self.pods() if DELETION_COST in pod.annotations}

    def disrupted(self) -> int:
        """Live sessions that were cut off."""
        return sum(one.disrupted for one in self.cluster.census(self.ref))


def started(replicas: int = 8, need: int = 4, **more: Any) -> SessionWorld:
    """A world with one fleet, one tick after the start."""
    world = SessionWorld()
    world.fleet_with_sessions(replicas, need, **more)
    return world

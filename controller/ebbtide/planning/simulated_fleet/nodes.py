"""The nodes behind a simulated fleet: made when pods find no room, let go when not needed."""

import numpy as np

from ebbtide.planning.simulated_fleet.plant_settings import NodeSettings, drawn
from ebbtide_policies.lanes import Lanes


class Nodes:
    """Nodes that pods fill one after the other, the oldest node first.

    An approximation: pods move up when others go, so that no node stays half empty.
    """

    def __init__(self, settings: NodeSettings, pods: int, now: float) -> None:
        """Begin with as many nodes as the pods need, and the spare ones."""
        self._settings = settings
        self._ready_at: Lanes = np.full(self._needed(pods), now)
        self._needed_at = self._ready_at.copy()

    @property
    def count(self) -> int:
        """Nodes that are there, or on their way."""
        return self._ready_at.size

    def room_at(self, pods: int, count: int, now: float, rng: np.random.Generator) -> Lanes:
        """When there is room for each of `count` pods beside `pods`; more nodes are made for it."""
        place = (pods + np.arange(count)) // self._settings.pods
        missing = self._needed(pods + count) - self.count
        if missing > 0:
            made = now + drawn(self._settings.provisioning, missing, rng)
            self._ready_at = np.concatenate((self._ready_at, made))
            self._needed_at = np.concatenate((self._needed_at, np.full(missing, now)))
        return np.asarray(np.maximum(now, self._ready_at[place]))

    def settle(self, pods: int, now: float) -> None:
        """Let go of the last nodes if nobody has needed them for long enough."""
        self._needed_at[: self._needed(pods)] = now
        kept = int(np.count_nonzero(now - self._needed_at <= self._settings.keep))
        self._ready_at, self._needed_at = self._ready_at[:kept], self._needed_at[:kept]

    def lose(self, pods: int) -> None:
        """Lose the nodes that carried so many pods."""
        gone = -(-pods // self._settings.pods)
        self._ready_at, self._needed_at = self._ready_at[gone:], self._needed_at[gone:]

    def _needed(self, pods: int) -> int:
        return -(-pods // self._settings.pods) + self._settings.spare

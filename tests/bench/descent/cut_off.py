"""Live sessions that fleets cut off on their way down: what a plant comes to, for many at once."""

import numpy as np

from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.falls import BOOT, TICK

SESSION = 1200.0
"""Mean length of a session in seconds."""


def cut_off(asked: Lanes, offered: Lanes) -> Lanes:
    """Expected sessions on the pods that went, the newest first; one number a lane.

    `asked` replicas and `offered` sessions are [tick, lane]. As in the plant, each session ends
    with the same chance in every second, and new ones are spread over all pods that are ready. So a
    pod carries what was dealt out since it became ready, less what has ended; with all of it in
    units of the first moment (which decay by themselves) that is one difference for each pod.
    """
    ready = ready_replicas(asked, int(BOOT / TICK)).astype(np.int64)
    fleets = _Fleets(asked.shape[1], int(ready.max()))
    for index, now in enumerate(ready):
        fleets.decay = np.exp(-index * TICK / SESSION)
        fleets.resize(now)
        fleets.arrive(offered[index])
    return fleets.lost


class _Fleets:
    """Fleets whose pods stand in the order in which they became ready."""

    def __init__(self, lanes: int, most: int) -> None:
        self.decay = 1.0
        """What is left of a session of the first moment."""
        self.lost = np.zeros(lanes)
        self._ready = np.zeros(lanes, dtype=np.int64)
        self._dealt = np.zeros(lanes)
        """Sessions that were dealt out to each ready pod, in units of the first moment."""
        self._joined = np.zeros((lanes, most))
        """The same at the moment at which each pod became ready."""
        self._missed = np.zeros(lanes)
        """What its ready pods did not get, as they were not there yet; a sum for each fleet."""

    def resize(self, ready: np.ndarray) -> None:
        """Let the newest pods go, with what they carry, or put new ones to work."""
        for lane in np.flatnonzero(ready != self._ready).tolist():
            old, new = int(self._ready[lane]), int(ready[lane])
            if new > old:
                self._joined[lane, old:new] = self._dealt[lane]
                self._missed[lane] += self._dealt[lane] * (new - old)
                continue
            missed = float(self._joined[lane, new:old].sum())
            self._missed[lane] -= missed
            self.lost[lane] += self.decay * (self._dealt[lane] * (old - new) - missed)
        self._ready = ready

    def arrive(self, offered: Lanes) -> None:
        """Deal out what is offered beyond what lives; unknown demand offers nothing."""
        live = self.decay * (self._ready * self._dealt - self._missed)
        missing = np.fmax(offered - live, 0.0)
        share = missing / np.maximum(self._ready, 1) / self.decay
        self._dealt += np.where(self._ready > 0, share, 0.0)

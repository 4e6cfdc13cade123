"""Kubernetes events about a workload: of what keeps coming back, one in a while is enough."""

from threading import Lock

from ebbtide.loop.ports.cluster import Announcement, Cluster

QUIET = 300.0
"""Seconds in which the same is not told twice, so that what flaps does not flood."""


class Announcer:
    """Writes events, and holds back those that were told a moment ago.

    It is forgotten with the process: a successor may tell the same once more. Several threads may
    tell at once.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._told: dict[tuple[str, str], float] = {}
        self._now = float("nan")
        self._telling = Lock()

    def tell(self, event: Announcement, of: str, now: float) -> None:
        """Write an event, unless the same was told `of` this workload a moment ago."""
        with self._telling:
            self._forget(now)
            told = (event.about.key, of) in self._told
            self._told.setdefault((event.about.key, of), now)
        if not told:
            self._cluster.announce(event)

    def _forget(self, now: float) -> None:
        """Leave behind what was told long ago, once for all that is told at a moment."""
        if now != self._now:
            self._now = now
            self._told = {key: at for key, at in self._told.items() if 0 <= now - at < QUIET}

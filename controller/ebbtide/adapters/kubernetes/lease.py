"""Leadership by a Lease of the API server: trust that runs out, instead of events that are missed.

Whoever holds the Lease trusts it from the moment its last successful renewal was *sent*, for the
lease's duration less a margin, by its own monotonic clock. Whoever does not hold it takes it over
only after it has seen the same resourceVersion for the whole duration, by its own monotonic clock,
counted from the moment an *answer* had come. Every update carries the resourceVersion that was
read. So two never hold it at once, whatever fails, hangs or is late, as long as their clocks
advance alike to within the margin.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import micro_time
from ebbtide.errors import ClusterUnavailable, InvalidInput, NotFound
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.loose_json import mapping, whole

_LOG = logging.getLogger(__name__)
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """Which Lease, held as whom, and for how long.

    Raises:
        InvalidInput: the times can't keep leadership certain.

    """

    namespace: str
    name: str
    identity: str
    """Unique to this process: its pod's name. No two processes may share it."""
    duration: int = 60
    """Seconds after which a Lease that nobody renews may be taken over."""
    margin: float = 15.0
    """Seconds before the end in which nothing is written any more."""
    tick: float = 15.0
    """Seconds from one renewal to the next."""
    request_timeout: float = 13.05
    """Seconds that one request may take: connection and answer."""

    def __post_init__(self) -> None:
        needed = self.tick + 2 * self.request_timeout + self.margin
        if needed > self.duration:
            raise InvalidInput(
                f"a lease of {self.duration} s is too short: tick ({self.tick:g} s) + twice the "
                f"request timeout ({self.request_timeout:g} s) + margin ({self.margin:g} s) make "
                f"{needed:g} s; lengthen the lease, or shorten one of the others"
            )
        if self.margin < self.request_timeout:
            raise InvalidInput(
                f"a margin of {self.margin:g} s is too short: a write that is on its way when "
                f"leadership ends may take {self.request_timeout:g} s; make it at least that"
            )


class LeaseStore(Protocol):
    """What leadership needs of the API server."""

    def get(self, place: Place) -> Json:
        """Return an object."""

    def create(self, place: Place, body: Json) -> Json:
        """Create an object."""

    def replace(self, place: Place, body: Json) -> Json:
        """Replace an object if it still is the one that was read."""


class _Sight(NamedTuple):
    """A Lease held by another, as first seen with this resourceVersion."""

    resource_version: str
    since: float


class KubernetesLease:
    """Holds a Lease while it can, and knows for how long it may be sure of it.

    Args:
        store: the API server.
        settings: which Lease, and for how long.
        monotonic: seconds that never jump, for trust.
        now: epoch seconds, for the times that people read in the Lease.

    """

    def __init__(
        self,
        store: LeaseStore,
        settings: LeaseSettings,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._settings = settings
        self._monotonic = monotonic
        self._now = now
        self._place = Place(
            "coordination.k8s.io", "v1", "leases", settings.namespace, settings.name
        )
        self._trusted_until = _NEVER
        self._tried = _NEVER
        self._sight = _Sight("", _NEVER)
        self._followed = ""

    @property
    def held(self) -> bool:
        """Whether leadership is certain at this very moment."""
        return self._monotonic() < self._trusted_until

    def renew(self) -> None:
        """Acquire or renew; a failure only lets certainty run out."""
        self._tried = self._monotonic()
        try:
            self._renew()
        except ClusterUnavailable as error:
            _LOG.warning("lease not renewed: %s", error, extra={"held": self.held})

    def keep(self) -> None:
        """Renew once a tick's time has passed since it was tried last: a tick may take longer."""
        if self._monotonic() - self._tried >= self._settings.tick:
            self.renew()

    def release(self) -> None:
        """Give leadership up, so that a successor need not wait."""
        self._trusted_until = _NEVER
        try:
            lease = self._store.get(self._place)
            if self._holder(lease) == self._settings.identity:
                self._store.replace(self._place, self._with_spec(lease, holderIdentity=""))
        except ClusterUnavailable as error:
            _LOG.warning("lease not released, a successor has to wait: %s", error)

    def _renew(self) -> None:
        lease = self._read()
        holder = self._holder(lease)
        if holder not in ("", self._settings.identity):
            self._trusted_until = _NEVER
            if not self._abandoned(lease):
                self._stand_by(holder)
                return
        sent = self._monotonic()
        self._store.replace(self._place, self._claimed(lease, holder))
        if holder != self._settings.identity:
            self._followed = ""
            _LOG.info("leading now: the lease was held by %s before", holder or "nobody")
        self._trusted_until = sent + self._settings.duration - self._settings.margin

    def _read(self) -> Json:
        """Return the Lease; one that is not there is created, with no holder yet."""
        try:
            return self._store.get(self._place)
        except NotFound:
            metadata = {"name": self._place.name, "namespace": self._place.namespace}
            head = {"apiVersion": self._place.api_version, "kind": "Lease"}
            return self._store.create(self._place, {**head, "metadata": metadata, "spec": {}})

    def _stand_by(self, holder: str) -> None:
        """Say whom this one is ready to follow, once for each."""
        if holder != self._followed:
            self._followed = holder
            _LOG.info("standing by: the lease is held by %s", holder)

    def _abandoned(self, lease: Json) -> bool:
        """Whether another's Lease has stood unchanged for as long as its holder may trust it."""
        version = str(mapping(lease.get("metadata")).get("resourceVersion"))
        if version != self._sight.resource_version:
            self._sight = _Sight(version, self._monotonic())
        theirs = whole(mapping(lease.get("spec")).get("leaseDurationSeconds")) or 0
        return self._monotonic() - self._sight.since >= max(theirs, self._settings.duration)

    def _claimed(self, lease: Json, holder: str) -> Json:
        now = micro_time(self._now())
        mine = {
            "holderIdentity": self._settings.identity,
            "leaseDurationSeconds": self._settings.duration,
            "renewTime": now,
        }
        if holder != self._settings.identity:
            before = whole(mapping(lease.get("spec")).get("leaseTransitions")) or 0
            mine |= {"acquireTime": now, "leaseTransitions": before + 1}
        return self._with_spec(lease, **mine)

    @staticmethod
    def _with_spec(lease: Json, **spec: object) -> Json:
        """Return the Lease with parts of its spec changed; labels and all else stay as read."""
        return {**lease, "spec": {**mapping(lease.get("spec")), **spec}}

    @staticmethod
    def _holder(lease: Json) -> str:
        return str(mapping(lease.get("spec")).get("holderIdentity") or "")


def sleepless_clock() -> float:
    """Return seconds that never jump and go on while the machine sleeps, where it can tell them."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)

"""A world with one Lease in it: an API server, clocks that differ, and bad weather on the wire."""

import copy
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.lease import KubernetesLease, LeaseSettings
from ebbtide.errors import ClusterUnavailable, Conflict, NotFound

Json = dict[str, Any]
Fate = Literal["fine", "lost", "unheard", "late"]
SETTINGS: Json = {"namespace": "ebbtide", "name": "ebbtide", "duration": 60, "tick": 15.0}


class Weather(NamedTuple):
    """What becomes of one request."""

    before: float = 0.0
    """Seconds until it takes effect."""
    after: float = 0.0
    """Seconds until its answer is there."""
    fate: Fate = "fine"
    """lost: no effect. unheard: effect, no answer. late: no answer, effect some day."""
    overtaken_by: tuple[int, ...] = ()
    """Who else renews while it is on its way."""
    followed_by: tuple[int, ...] = ()
    """Who else renews while its answer is on its way."""


class World:
    """True time, the Lease as the API server has it, and everybody who wants it."""

    def __init__(self, clocks: Iterable[tuple[float, float]] = ((0.0, 1.0), (500.0, 1.0))) -> None:
        self.time = 0.0
        self.lease: Json | None = {"metadata": {"resourceVersion": "1"}, "spec": {}}
        self.weather: list[Weather] = []
        self._version = 1
        self._late: list[Json] = []
        self._clocks = [self._clock(*clock) for clock in clocks]
        self._started = 0
        self.leases = [self.start(index) for index in range(len(self._clocks))]

    @property
    def holders(self) -> list[int]:
        """Return who believes to hold the Lease now."""
        return [index for index, lease in enumerate(self.leases) if lease.held]

    @property
    def version(self) -> int:
        """Return how often the Lease was written."""
        return self._version

    @property
    def spec(self) -> Json:
        assert self.lease is not None
        spec: Json = self.lease["spec"]
        return spec

    def start(self, index: int) -> KubernetesLease:
        """Return the lease of a new process on that machine."""
        self._started += 1
        settings = LeaseSettings(**SETTINGS, identity=f"pod-{self._started}")
        clock = self._clocks[index]
        return KubernetesLease(Wire(self, index), settings, monotonic=clock, now=lambda: self.time)

    def wait(self, seconds: float) -> None:
        """Let time pass; two holders at any moment are a failure."""
        self.check()
        self.time += seconds
        self.check()

    def check(self) -> None:
        assert len(self.holders) <= 1, f"two hold the lease at {self.time}: {self.holders}"

    def send(self, index: int, effect: Callable[[], Json]) -> Json:
        """Carry a request and its answer through the weather."""
        weather = self.weather.pop(0) if self.weather else Weather()
        self._pass(weather.before, weather.overtaken_by, index)
        if weather.fate in ("lost", "late"):
            raise ClusterUnavailable("the request is lost")
        answer = copy.deepcopy(effect())
        self._pass(weather.after, weather.followed_by, index)
        if weather.fate == "unheard":
            raise ClusterUnavailable("the answer is lost")
        return answer

    def _pass(self, seconds: float, others: Iterable[int], index: int) -> None:
        planned, self.weather = self.weather, []
        self.wait(seconds / 2)
        for other in others:
            if other != index:
                self.leases[other].renew()
                self.check()
        self.wait(seconds / 2)
        self.weather = planned

    def read(self) -> Json:
        if self.lease is None:
            raise NotFound("no lease")
        return self.lease

    def write(self, body: Json, writer: int | None = None) -> Json:
        """Let an update take effect; nobody else may believe to hold what changes hands."""
        before = self.read()
        if body["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
            raise Conflict("it has changed")
        if body["spec"].get("holderIdentity") != before["spec"].get("holderIdentity"):
            assert self.holders in ([], [writer]), "taken from somebody who still writes"
        return self._keep(body)

    def create(self, body: Json) -> Json:
        if self.lease is not None:
            raise Conflict("it exists")
        return self._keep(body)

    def put_off(self, body: Json) -> None:
        self._late.append(copy.deepcopy(body))

    def deliver_late(self) -> None:
        """Let the requests take effect that were on their way for long."""
        for body in self._late:
            try:
                self.write(body)
            except Conflict:
                continue
        self._late.clear()

    def next_is_late(self) -> bool:
        return bool(self.weather) and self.weather[0].fate == "late"

    def _keep(self, body: Json) -> Json:
        self._version += 1
        kept = copy.deepcopy(body)
        kept["metadata"]["resourceVersion"] = str(self._version)
        self.lease = kept
        return kept

    def _clock(self, offset: float, rate: float) -> Callable[[], float]:
        return lambda: offset + rate * self.time


class Wire:
    """One process's way to the API server."""

    def __init__(self, world: World, index: int) -> None:
        self._world = world
        self._index = index

    def get(self, place: Place) -> Json:
        return self._world.send(self._index, self._world.read)

    def create(self, place: Place, body: Json) -> Json:
        return self._world.send(self._index, lambda: self._world.create(body))

    def replace(self, place: Place, body: Json) -> Json:
        if self._world.next_is_late():
            self._world.put_off(body)
        return self._world.send(self._index, lambda: self._world.write(body, self._index))

"""Writes down every change of a number in a namespace's objects, and by whom it came."""

import itertools
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple, Self

from ebbtide.api.moments import epoch
from tests.cluster.plane import Plane

REPLICAS = "{.spec.replicas}"
_WRITTEN = '{range .metadata.managedFields[*]},{.manager} {.time} {.subresource}{end}{"\\n"}'


class Change(NamedTuple):
    """The replicas of a Deployment from a moment (epoch seconds) on."""

    written: float
    """The whole second in which the API server wrote it."""
    heard: float
    """When the watch heard of it: on a busy machine that may be a good while later."""
    replicas: int
    managers: str
    """All who ever wrote its scale."""

    @classmethod
    def told(cls, replicas: str, fields: Sequence[str]) -> "Change":
        """What a line of the watch says: replicas, and for each manager when it wrote what."""
        parts = [field.split(" ") for field in fields]
        spec = [epoch(at) for _, at, subresource in parts if subresource != "status"]
        scale = [manager for manager, _, subresource in parts if subresource == "scale"]
        return cls(max(spec), time.time(), int(replicas), " ".join(scale))


class Staircase:
    """The replicas of one Deployment over time."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(changes)

    @property
    def replicas(self) -> list[int]:
        return [change.replicas for change in self.changes]

    def between(self, start: float, end: float = float("inf")) -> "Staircase":
        """The part from one moment to another, with what there was at its start."""
        before = [change for change in self.changes if change.written < start][-1:]
        inside = [change for change in self.changes if start <= change.written < end]
        return Staircase([*before, *inside])

    def at(self, moment: float) -> int:
        """The replicas at a moment, as far as they were heard of by then."""
        return [change.replicas for change in self.changes if change.heard <= moment][-1]

    def drops(self) -> list[tuple[float, int]]:
        """Every reduction: the second in which it was written, and how many replicas went.

        Two that lie at least so many whole seconds apart do so in the record as well.
        """
        pairs = itertools.pairwise(self.changes)
        return [(b.written, a.replicas - b.replicas) for a, b in pairs if b.replicas < a.replicas]

    def largest_drop(self, window: float) -> int:
        """The most that went in any half-open window; what came back does not count against it."""
        drops = self.drops()
        sums = (sum(n for at, n in drops if start <= at < start + window) for start, _ in drops)
        return max(sums, default=0)

    def told(self, name: str, window: float) -> str:
        """Say in one line how it went down."""
        return (
            f"{name}: {' '.join(map(str, self.replicas))}; at most {self.largest_drop(window)} in "
            f"any {window:g} s, at least {self.shortest_rest():.0f} s from one step to the next"
        )

    def shortest_rest(self) -> float:
        """The least time from one reduction to the next."""
        moments = [at for at, _ in self.drops()]
        gaps = (b - a for a, b in itertools.pairwise(moments))
        return min(gaps, default=float("inf"))


class Watch:
    """Watches the Deployments of a namespace: `with Watch(plane, namespace) as watch:`.

    With another kind, and the path of the number there, it watches those.
    """

    def __init__(
        self, plane: Plane, namespace: str, kind: str = "deployments", number: str = REPLICAS
    ) -> None:
        self._command = [
            *(str(plane.kubectl_path), f"--kubeconfig={plane.kubeconfig}"),
            *("get", kind, f"--namespace={namespace}", "--watch"),
            f"--output=jsonpath={{.metadata.name}},{number}{_WRITTEN}",
        ]
        self._seen: dict[str, list[Change]] = {}
        self._thread = threading.Thread(target=self._read, name=f"watch-{namespace}")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join(timeout=10)
        self._process.wait(timeout=10)

    def of(self, name: str) -> Staircase:
        """What was seen of one Deployment so far."""
        return Staircase(self._seen.get(name, []))

    def now(self, name: str) -> int:
        """The replicas of a Deployment as last seen; none yet is unheard of, so -1."""
        seen = self._seen.get(name)
        return seen[-1].replicas if seen else -1

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                name, replicas, *fields = line.rstrip("\n").split(",")
                changes = self._seen.setdefault(name, [])
                if not changes or changes[-1].replicas != int(replicas):
                    changes.append(Change.told(replicas, fields))

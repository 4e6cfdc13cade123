"""Writes down every change of a number in a namespace's objects, and by whom it came."""

import itertools
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from tests.cluster.plane import Plane

AUDITED = "deployments"
"""The kind of which the API server keeps a record."""
REPLICAS = "{.spec.replicas}"
_VERSION = "{.metadata.resourceVersion}"
_MANAGERS = '{.metadata.managedFields[?(@.subresource=="scale")].manager}'


class Change(NamedTuple):
    """The replicas of a Deployment from a moment (epoch seconds) on."""

    written: float
    """When the API server was asked for it, by its own record.

    Where it keeps none, and for what was there before the watch: when the watch heard of it, which
    on a busy machine may be a good while later.
    """
    replicas: int
    managers: str
    """All who ever wrote its scale."""


class _Line(NamedTuple):
    """What the watch hears of an object."""

    heard: float
    version: str
    number: int
    managers: str


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
        """The replicas at a moment."""
        return [change.replicas for change in self.changes if change.written <= moment][-1]

    def drops(self) -> list[tuple[float, int]]:
        """Every reduction: when it was written, and how many replicas went."""
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
            f"any {window:g} s, at least {self.shortest_rest():.2f} s from one step to the next"
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
        self, plane: Plane, namespace: str, kind: str = AUDITED, number: str = REPLICAS
    ) -> None:
        self._audit = plane.audit(namespace) if plane.own and kind == AUDITED else None
        self._plane, self._namespace, self._kind = plane, namespace, kind
        self._command = [
            *(str(plane.kubectl_path), f"--kubeconfig={plane.kubeconfig}"),
            *("get", kind, f"--namespace={namespace}", "--watch"),
            f'--output=jsonpath={{.metadata.name}},{number},{_VERSION},{_MANAGERS}{{"\\n"}}',
        ]
        self._seen: dict[str, list[_Line]] = {}
        self._latest: dict[str, int] = {}
        """The version of each object that was heard of last."""
        self._thread = threading.Thread(target=self._read, name=f"watch-{namespace}")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._thread.start()
        try:
            self._plane.wait(lambda: self._latest, 30, f"the watch hears of {self._kind}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join(timeout=60)
        self._process.wait(timeout=60)

    def of(self, name: str) -> Staircase:
        """What was seen of one object so far, up to where the API server's record reaches."""
        first, *rest = list(self._seen[name])
        written = self._moments()
        known = itertools.takewhile(lambda line: line.version in written, rest)
        lines = [first, *(known if self._audit else rest)]
        return Staircase(
            [Change(written.get(line.version, line.heard), *line[2:]) for line in lines]
        )

    def until_now(self, name: str) -> Staircase:
        """All that has become of one object by now, however late the watch hears of it."""
        there = self._plane.get(self._kind, name, namespace=self._namespace)
        version = int(there["metadata"]["resourceVersion"])
        why = f"the watch hears of all that became of {name}"
        self._plane.wait(lambda: self._latest.get(name, 0) >= version, 30, why)
        lines = len(self._seen[name])
        self._plane.wait(lambda: len(self.of(name).changes) >= lines, 30, f"{why}, and when")
        return self.of(name)

    def now(self, name: str) -> int:
        """The number of an object as last seen; none yet is unheard of, so -1."""
        seen = self._seen.get(name)
        return seen[-1].number if seen else -1

    def _moments(self) -> Mapping[str, float]:
        """When the API server was asked for each version of a Deployment in this namespace."""
        known = self._audit.requests() if self._audit else ()
        return {one.made: one.received for one in known if one.resource == AUDITED}

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                name, number, version, managers = line.rstrip("\n").split(",")
                seen = self._seen.setdefault(name, [])
                if not seen or seen[-1].number != int(number):
                    seen.append(_Line(time.time(), version, int(number), managers))
                self._latest[name] = int(version)

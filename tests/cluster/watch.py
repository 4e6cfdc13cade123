"""Writes down every change of a number in a namespace's objects, and by whom it came."""

import itertools
import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from ebbtide.api.timestamps import epoch
from tests.cluster.plane import Plane

REPLICAS = "{.spec.replicas}"
_VERSION = "{.metadata.resourceVersion}"
_MANAGERS = '{.metadata.managedFields[?(@.subresource=="scale")].manager}'


class Change(NamedTuple):
    """The replicas of a Deployment from a moment (epoch seconds) on."""

    written: float
    """When the API server was asked for it, by its own record; where there is none, `heard`."""
    heard: float
    """When the watch heard of it: on a busy machine that may be a good while later."""
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
        """The replicas at a moment, as far as they were heard of by then."""
        return [change.replicas for change in self.changes if change.heard <= moment][-1]

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
        self, plane: Plane, namespace: str, kind: str = "deployments", number: str = REPLICAS
    ) -> None:
        self._audit = plane.own.layout.audit_log if plane.own else None
        self._mine = f'"namespace":"{namespace}"'.encode()
        self._guard = threading.Lock()
        self._looked_at = 0
        self._written: dict[str, float] = {}
        self._command = [
            *(str(plane.kubectl_path), f"--kubeconfig={plane.kubeconfig}"),
            *("get", kind, f"--namespace={namespace}", "--watch"),
            f'--output=jsonpath={{.metadata.name}},{number},{_VERSION},{_MANAGERS}{{"\\n"}}',
        ]
        self._seen: dict[str, list[_Line]] = {}
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
        """What was seen of one object so far."""
        written = self._moments()
        return Staircase(
            [
                Change(written.get(line.version, line.heard), line.heard, *line[2:])
                for line in list(self._seen.get(name, []))
            ]
        )

    def now(self, name: str) -> int:
        """The number of an object as last seen; none yet is unheard of, so -1."""
        seen = self._seen.get(name)
        return seen[-1].number if seen else -1

    def _moments(self) -> Mapping[str, float]:
        """When the API server was asked for each version of a Deployment in this namespace."""
        with self._guard:
            if self._audit is not None and self._audit.exists():
                self._read_on(self._audit)
            return dict(self._written)

    def _read_on(self, audit: Path) -> None:
        """Read what has been written since the last look; a line that is not whole comes later."""
        with audit.open("rb") as log:
            log.seek(self._looked_at)
            for line in log:
                if not line.endswith(b"}\n"):
                    break
                self._looked_at += len(line)
                if self._mine in line:
                    one = json.loads(line)
                    made = (one.get("responseObject") or {}).get("metadata") or {}
                    asked = epoch(one["requestReceivedTimestamp"])
                    self._written[str(made.get("resourceVersion"))] = asked

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                name, number, version, managers = line.rstrip("\n").split(",")
                seen = self._seen.setdefault(name, [])
                if not seen or seen[-1].number != int(number):
                    seen.append(_Line(time.time(), version, int(number), managers))

"""The embedded twin of the pods of one target: those of a plant, as an API server shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ebbtide.errors import Conflict, NotFound
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, Marks, Pod
from ebbtide.planning.simulated_fleet.plant import Plant
from ebbtide.planning.simulated_fleet.pods import Pods


@dataclass(slots=True)
class _Metadata:
    """What was written on one pod."""

    version: int = 1
    versions: tuple[str, str] = ("1d", "1u")
    """That of a pod which is not Ready, and of one which is."""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    cost_by: str = ""


_UNTOUCHED = _Metadata()


class EmbeddedPods:
    """Shows the pods of a plant, keeps what is written on them, and lets the plant know."""

    def __init__(self, ref: Ref, plant: Plant, zones: Sequence[str] = ("a", "b", "c")) -> None:
        """The pods are dealt out over `zones` in turn."""
        self._ref, self._plant, self._zones = ref, plant, tuple(zones)
        self._written: dict[int, _Metadata] = {}
        self._shown: dict[int, Pod] = {}
        self._names: dict[int, str] = {}
        self.unready: set[str] = set()
        """Names of pods that are not Ready although they have booted."""

    def listed(self) -> list[Pod]:
        """The pods as they are now, those that end included."""
        pods, now = self._plant.pods, self._plant.now
        return [*(self._pod(*row, now) for row in _rows(pods)), *self._leaving(now)]

    @property
    def failing(self) -> int:
        """How many pods have booted and are not Ready."""
        pods = self._plant.pods
        up = pods.number[pods.ready_at <= self._plant.now].tolist() if self.unready else ()
        return sum(self._name(number) in self.unready for number in up)

    def sessions(self) -> Mapping[str, float]:
        """Live sessions on every pod that is ready, by the pod's name: what a scrape brings."""
        pods = self._plant.pods
        up = pods.ready_at <= self._plant.now
        found = zip(pods.number[up].tolist(), pods.sessions[up].tolist(), strict=True)
        return {self._name(number): float(count) for number, count in found}

    def holds(self, pod: Pod) -> bool:
        """Whether the pod is one of these, or was."""
        return pod.uid.rpartition("#")[0] == str(self._ref)

    def mark(self, pod: Pod, marks: Marks, by: str) -> Pod:
        """Write on a pod that is as it was read.

        Raises:
            Conflict: it has changed since.
            NotFound: it is gone.

        """
        known = self._find(_number(pod.name))
        if known.resource_version != pod.resource_version:
            raise Conflict(f"pod {pod.key} has changed since it was read")
        return self.write(pod.name, marks, by)

    def write(self, name: str, marks: Marks, by: str = "kubectl") -> Pod:
        """Write on a pod without asking what is there; answers it as it is then."""
        number = _number(name)
        kept = self._written.setdefault(number, _Metadata())
        kept.version += 1
        kept.versions = f"{kept.version}d", f"{kept.version}u"
        _merge(kept.labels, marks.labels)
        _merge(kept.annotations, marks.annotations)
        if DELETION_COST in marks.annotations:
            kept.cost_by = by if DELETION_COST in kept.annotations else ""
        cost = float(kept.annotations.get(DELETION_COST, 0))
        self._plant.mark(number, draining=DRAIN in kept.labels, cost=cost)
        return self._find(number)

    def _find(self, number: int) -> Pod:
        pods, now = self._plant.pods, self._plant.now
        here = pods.take(pods.number == number)
        if not here.number.size:
            raise NotFound(f"pod {self._ref.namespace}/{self._name(number)} is gone")
        return self._pod(*next(_rows(here)), now)

    def _leaving(self, now: float) -> Iterator[Pod]:
        for number, since, _ in self._plant.leaving:
            yield self._pod(number, since, np.inf, now, ends=since)

    def _name(self, number: int) -> str:
        if number not in self._names:
            self._names[number] = f"{self._ref.name}-{number}"
        return self._names[number]

    def _pod(
        self, number: int, asked: float, ready: float, now: float, ends: float | None = None
    ) -> Pod:
        kept, name = self._written.get(number, _UNTOUCHED), self._name(number)
        up = ready <= now and name not in self.unready
        version, shown = kept.versions[up], self._shown.get(number)
        if shown and (shown.resource_version, shown.terminating_since) == (version, ends):
            return shown
        self._shown[number] = shown = Pod(
            namespace=self._ref.namespace,
            name=name,
            uid=f"{self._ref}#{number}",
            resource_version=version,
            created=asked,
            phase="Running" if ready <= now or ends else "Pending",
            scheduled_since=asked,
            ready_since=ready if up else None,
            unready_since=ready if ready <= now and not up else None,
            terminating_since=ends,
            zone=self._zones[number % len(self._zones)],
            owner="ReplicaSet" if self._ref.kind == "Deployment" else self._ref.kind,
            labels=dict(kept.labels),
            annotations=dict(kept.annotations),
            deletion_cost_by=kept.cost_by,
        )
        return shown


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


def _rows(pods: Pods) -> Iterator[tuple[int, float, float]]:
    columns = (pods.number, pods.asked_at, pods.ready_at)
    return zip(*(column.tolist() for column in columns), strict=True)


def _merge(kept: dict[str, str], given: Mapping[str, str | None]) -> None:
    for key, text in given.items():
        if text is None:
            kept.pop(key, None)
        else:
            kept[key] = text

"""The embedded twin of an API server's store: Ebbtide's own objects, each version a new one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ebbtide.adapters.embedded.parts import as_json
from ebbtide.errors import Conflict, NotFound
from ebbtide.loop.ports.cluster import Resource


class SimulatedObjects:
    """Objects as JSON. Every change counts one resource version up, as etcd does."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin empty; `now` tells the simulated time."""
        self._now = now
        self._version = 0
        self._objects: dict[tuple[str, str, str], Resource] = {}

    def apply(self, wanted: Resource) -> Resource:
        """Create an object or replace its spec and labels, as `kubectl apply` does."""
        key = (wanted.kind, wanted.namespace, wanted.name)
        old = self._objects.get(key)
        spec = as_json(wanted.spec)
        if old is None:
            uid, generation, status = f"object-{self._version}", 1, as_json(wanted.status)
        else:
            uid, status = old.uid, old.status
            generation = old.generation + (spec != old.spec)
        return self._store(
            replace(wanted, uid=uid, generation=generation, spec=spec, status=status)
        )

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object; one with finalizers is only asked to go."""
        known = self._objects[kind, namespace, name]
        if known.finalizers:
            self._store(replace(known, deleting=True))
        else:
            del self._objects[kind, namespace, name]

    def purge(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object as if its finalizers had been taken away by hand."""
        del self._objects[kind, namespace, name]

    def get(self, kind: str, namespace: str, name: str) -> Resource:
        """Answer an object as it is now."""
        return self._objects[kind, namespace, name]

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _store(self, resource: Resource) -> Resource:
        stored = replace(resource, resource_version=str(self._next()))
        self._objects[stored.kind, stored.namespace, stored.name] = stored
        return stored

    def _as_read(self, known: Resource) -> Resource:
        """Answer an object that is still the one that was read."""
        stored = self._objects.get((known.kind, known.namespace, known.name))
        if stored is None:
            raise NotFound(f"{known.kind} {known.key} is gone")
        if (stored.uid, stored.resource_version) != (known.uid, known.resource_version):
            raise Conflict(f"{known.kind} {known.key} has changed since it was read")
        return stored

    def _listed(self, kind: str) -> Sequence[Resource]:
        return tuple(one for key, one in sorted(self._objects.items()) if key[0] == kind)

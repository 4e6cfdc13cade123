"""The embedded twin of other autoscalers: each keeps a target within its limits."""

from collections.abc import Callable, Iterator

from ebbtide.errors import Conflict, NotFound
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Ref

Wanted = Callable[[float], int]
"""The replicas that an autoscaler would have at a moment, had it no limits."""


class SimulatedAutoscalers(list[Autoscaler]):
    """Every autoscaler there is. One that wants something moves its target."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted: dict[tuple[str, str], Wanted] = {}

    def add(self, autoscaler: Autoscaler, wanted: Wanted) -> None:
        """Create an autoscaler that moves its target to what it wants, within its limits."""
        made = autoscaler._replace(uid=autoscaler.name, resource_version="1")
        self.append(made)
        self._wanted[made.namespace, made.name] = wanted

    def patch(self, known: Autoscaler, replicas: int | None, held: Held | None) -> Autoscaler:
        """Set the minimum of one that is still as read; returns it as it is now."""
        at = next((i for i, one in enumerate(self) if str(one) == str(known)), None)
        if at is None:
            raise NotFound(f"{known} is not there")
        if self[at] != known:
            raise Conflict(f"{known} has changed since it was read")
        version = str(int(known.resource_version or 0) + 1)
        self[at] = known._replace(minimum=replicas, held=held, resource_version=version)
        return self[at]

    def edit(self, name: str, minimum: int) -> None:
        """Set a minimum as a person does."""
        at = next(i for i, one in enumerate(self) if one.name == name)
        version = str(int(self[at].resource_version or 0) + 1)
        self[at] = self[at]._replace(minimum=minimum, resource_version=version)

    def moves(self, now: float, current: Callable[[Ref], int]) -> Iterator[tuple[Ref, int, str]]:
        """Tell what each does to its target now; one that is switched off is left alone."""
        for one in self:
            wanted = self._wanted.get((one.namespace, one.name))
            if wanted is None or not current(one.target):
                continue
            least = max(one.least, wanted(now))
            replicas = least if one.maximum is None else min(least, one.maximum)
            if replicas != current(one.target):
                yield one.target, replicas, one.kind

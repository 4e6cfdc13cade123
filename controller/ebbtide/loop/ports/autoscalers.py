"""What is scaled, who has written it, and what else scales it."""

from typing import NamedTuple


class Ref(NamedTuple):
    """A scalable object."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Deployment live/stream-edge`."""
        return f"{self.kind} {self.namespace}/{self.name}"


class Owner(NamedTuple):
    """Who has written a field, as the object's managedFields tell it."""

    manager: str
    applied: bool = False
    """By server-side apply: a file declares the value, and will be applied again."""


class Held(NamedTuple):
    """What Ebbtide has written into an autoscaler; it stands on the autoscaler itself."""

    policy: str
    """`namespace/name` of the CapacityPolicy that it was written for."""
    before: int | None
    """The minimum to be put back; None: there was none."""
    wrote: int
    fence: str = ""
    """The moment of a step that was lost, for which the same was written anew."""
    leaving: str = ""
    """The moment at which it was begun to put the minimum back: that write may be on its way."""


class Autoscaler(NamedTuple):
    """A HorizontalPodAutoscaler or a ScaledObject of KEDA, and what it scales."""

    namespace: str
    name: str
    target: Ref
    kind: str = "HorizontalPodAutoscaler"
    uid: str = ""
    resource_version: str = ""
    minimum: int | None = None
    """None where it names none: then the least that its kind allows."""
    maximum: int | None = None
    held: Held | None = None
    owners: tuple[Owner, ...] = ()
    """Who has written its minimum, the latest first."""

    def __str__(self) -> str:
        """`HorizontalPodAutoscaler live/stream-edge`."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def least(self) -> int:
        """The fewest replicas that it keeps: an HPA one, a ScaledObject none, if it names none."""
        return int(self.kind == "HorizontalPodAutoscaler") if self.minimum is None else self.minimum


def minimum_before(one: Autoscaler) -> int | None:
    """The minimum to be put back: what people have written last."""
    return one.held.before if one.held and one.held.wrote == one.least else one.minimum

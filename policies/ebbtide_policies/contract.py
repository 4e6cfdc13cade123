"""What a policy answers: the contract of every policy, built in or not.

A policy looks at an immutable `Observation` and answers with `Bound`s. It never sets replicas,
never reads a clock and never does I/O.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ebbtide_policies.course import Followed
from ebbtide_policies.lanes import UNKNOWN, Number
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Observation


class Kind(StrEnum):
    """What a bound says about the number of replicas."""

    FLOOR = "Floor"
    GUARANTEED_FLOOR = "GuaranteedFloor"
    SOFT_CEILING = "SoftCeiling"
    HARD_CEILING = "HardCeiling"
    PACE_DOWN = "PaceDown"
    PACE_UP = "PaceUp"
    ROLLBACK = "Rollback"
    """A pace-down above current replicas: the number before the last step, kept for one soak."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit on the number of replicas, and why.

    `replicas` that is NaN means that the policy does not know: the decision then holds capacity.
    So does a floor that is infinite. Fractions count to the safe side: up, but down for a ceiling
    and for a pace-up. `detail` is a template for `values`: whole sentences, as it is translated.
    """

    kind: Kind
    replicas: Number
    policy: str
    reason: str
    detail: str = ""
    values: tuple[object, ...] = ()
    until: Number | None = None
    """The moment at which it lifts by itself, where that is known."""

    @property
    def why(self) -> Message:
        """What a person reads, in any language."""
        return Message(self.detail, self.values)

    @property
    def message(self) -> str:
        """The same in English."""
        return str(self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What will be done for one workload at one tick, and why."""

    at: float
    current: int
    want: int
    """The lowest number that every floor allows and no ceiling forbids."""
    replicas: int
    """Desired replicas: `want` after pace."""
    bounds: tuple[Bound, ...]
    """All bounds, the binding one first."""
    squeezed: bool = False
    """Whether a floor stands above a ceiling."""

    @property
    def binding(self) -> Bound:
        """The bound that decided."""
        return self.bounds[0]


class PolicySettings(BaseModel):
    """What SREs write for one policy. Unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


Memory = Mapping[str, Number]
"""What a policy keeps between steps: numbers by name, as JSON in the object's status."""

_LARGEST = 1e15
"""Beyond any moment and any fleet."""


def stored_number(stored: Mapping[str, object] | None, key: str) -> float:
    """The number that the status holds under a key; NaN where it holds none that could be true."""
    value = stored.get(key) if stored else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return UNKNOWN
    return float(value) if 0 <= value < _LARGEST else UNKNOWN


S = TypeVar("S", bound=PolicySettings)


class Policy(ABC, Generic[S]):
    """Answers with bounds. Subclass it, name it, and write `bounds`.

    The bounds may depend on nothing but the observation, the settings and the memory. A policy that
    keeps nothing between steps needs neither `recall` nor `remember`.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[PolicySettings]] = PolicySettings

    def __init__(self, settings: S) -> None:
        """Take an instance of this class' own `Settings`."""
        self.settings = settings

    def queries(self) -> Mapping[str, str]:
        """PromQL that the policy wants answered at each tick, by a key of its own."""
        return {}

    def followed(self) -> Mapping[str, Followed]:
        """PromQL whose last minutes the policy wants to see, by a key of its own."""
        return {}

    @abstractmethod
    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """Say what this policy allows. An unknown number is NaN."""

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        """Turn what the status holds (None: nothing) into a memory to work with.

        What is lost, invalid or from the future has to come back as the most careful memory.
        """
        return {}

    def remember(self, seen: Observation, memory: Memory, replicas: Number) -> Memory:
        """Return the memory after a decision for `replicas`.

        It is written to the status whenever it changes: change it only where something happens that
        a successor has to know of (a step, a breach, an edit), not at every tick.
        """
        return memory

"""What a loop is given: the outside, and what the operator was started with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ebbtide.api.reading.compose import Plugins
from ebbtide.loop.forecasting.cohort import Make
from ebbtide.loop.observing.observe import every_query
from ebbtide.loop.ports.background import AtOnce, Background
from ebbtide.loop.ports.cluster import Cluster
from ebbtide.loop.ports.leadership import Leadership
from ebbtide.loop.ports.metrics import Metrics
from ebbtide.loop.ports.side_by_side import InTurn, SideBySide
from ebbtide.loop.tuning.tuner import Reckon
from ebbtide_policies.observation import Mode


def for_ever() -> bool:
    """Say that nobody has asked to stop."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The outside, as the loop needs it."""

    metrics: Metrics
    cluster: Cluster
    leadership: Leadership
    stopwatch: Callable[[], float]
    """Monotonic seconds, to time the steps of a tick."""
    background: Background = field(default_factory=AtOnce)
    """Where forecasts are made."""
    leisure: Background = field(default_factory=AtOnce)
    """Where the past is replayed."""
    acting: SideBySide = field(default_factory=InTurn)
    """How decisions are carried out."""
    goes_on: Callable[[], bool] = for_ever
    """Whether nobody has asked to stop: then no further workload is begun with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator was started with."""

    forecasters: Mapping[str, Make]
    """What makes a forecaster, by its name."""
    candidates: Sequence[str] = ()
    """Those that `Auto` picks from, the preferred one first; all of them, where none is named."""
    reckon: Reckon | None = None
    """What tells the settings that keep an objective; None: nobody does."""
    plugins: Plugins = field(default_factory=dict)
    max_mode: Mode = Mode.ENFORCE
    tick: float = 0.0
    """Seconds from one tick to the next; 0: nobody knows."""
    namespace: str = ""
    """The operator's own, whose calendars and overrides hold everywhere."""
    replayed: bool = False
    """Whether a day is replayed, so that nobody reads a status."""
    tells: Callable[[str], bool] = every_query
    """Whether a PromQL tells of this fleet: on a day that is replayed it tells of that day's."""

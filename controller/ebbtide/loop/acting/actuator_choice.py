"""Which way a decision reaches a fleet: the only place that chooses among actuators."""

from ebbtide.loop.acting.actuators import Actuator, Scale, Withheld
from ebbtide.loop.acting.autoscaler_floor import AutoscalerFloor
from ebbtide.loop.acting.shadow import Shadow
from ebbtide.loop.ports.cluster import Cluster
from ebbtide.loop.record.other_hands import Interference
from ebbtide_policies.observation import Mode


class ActuatorChoice:
    """All actuators there are."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._withheld, self._shadow, self._scale = Withheld(), Shadow(), Scale(cluster)

    def choose(self, mode: Mode, interference: Interference) -> Actuator:
        """The one for a workload, by its mode and by who else has a hand on it."""
        if mode is Mode.DRY_RUN:
            return self._shadow
        if interference.withheld:
            return self._withheld
        one = interference.autoscaler
        return AutoscalerFloor(self._cluster, one) if one else self._scale

    def is_open(self, actuator: Actuator) -> bool:
        """Whether it leads anywhere."""
        return actuator is not self._withheld

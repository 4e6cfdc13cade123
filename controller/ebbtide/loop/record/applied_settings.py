"""The settings that a workload's own past spoke for, and that were put in force: on record."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.objective import Settings, Tuning, decided, prior, stricter
from ebbtide.api.capacity_policy.plant import plant_of
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json


class Aim(NamedTuple):
    """What settings are chosen for."""

    objective: float
    """The share of demand that may go unserved."""
    plant: str = ""
    """The demand and the fleet, as `plant_of` has them; nothing: nobody wrote it down."""

    def for_other_plant(self, plant: str) -> bool:
        """Whether what was chosen for this is known to be for another plant."""
        return self.plant not in ("", plant)


class Applied(NamedTuple):
    """Settings that were put in force."""

    objective: float
    settings: Settings
    since: float
    before: Settings | None = None
    """The settings before them, while the stricter of both count."""
    until: float = 0.0
    """Until when that is so."""
    plant: str = ""
    """What they were chosen for, beside the objective."""

    @property
    def aim(self) -> Aim:
        """What they were chosen for."""
        return Aim(self.objective, self.plant)

    def counting_on(self, plant: str) -> Settings:
        """The settings that count on a plant; on another than theirs the prior's do as well.

        Raises:
            ValueError: they make no sense.

        """
        if not self.aim.for_other_plant(plant):
            return self.counting
        return stricter(prior(self.objective), self.counting)

    @property
    def counting(self) -> Settings:
        """The settings that count.

        Raises:
            ValueError: they make no sense.

        """
        return self.settings if self.before is None else stricter(self.before, self.settings)

    def as_json(self) -> Json:
        """What the status says of it."""
        said: Json = {
            "objective": self.objective,
            "settings": self.settings,
            "since": stamp(self.since),
        }
        if self.plant:
            said["plant"] = self.plant
        if self.before is None:
            return said
        return said | {"before": self.before, "heldUntil": stamp(self.until)}


def applied_json(status: Mapping[str, Any]) -> Json | None:
    """What a status holds of settings in force, as it stands there."""
    found: Json | None = (status.get("tuning") or {}).get("applied")
    return found


def applied_in(status: Mapping[str, Any]) -> Applied | None:
    """The settings in force that a status holds; None where it holds none that make sense."""
    found = applied_json(status)
    since = epoch_or_none(found["since"]) if found else None
    if not found or since is None or not decided(found["settings"]):
        return None
    before, until = found.get("before"), epoch_or_none(found.get("heldUntil"))
    if before is None or until is None or not decided(before):
        before, until = None, 0.0
    return Applied(
        found["objective"], found["settings"], since, before, until, found.get("plant", "")
    )


def settings_for(spec: CapacityPolicySpec, applied: Applied | None) -> Settings | None:
    """The settings that take the place of the prior's, where a policy wants that."""
    if applied is None or spec.objective is None or spec.tuning is not Tuning.APPLY:
        return None
    if applied.objective != spec.objective.unserved:
        return None
    try:
        return applied.counting_on(plant_of(spec))
    except ValueError:
        return None

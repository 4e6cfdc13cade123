"""What the status keeps of boots: how long they took, and since when some are under way."""

from typing import NamedTuple

from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.lead_time import Boots, LeadTime


class BootRecord(NamedTuple):
    """What the status keeps of boots."""

    boots: Boots = Boots()
    lead: LeadTime = LeadTime()
    since: float | None = None
    """Since when pods boot that are not measured yet."""
    at: float | None = None
    """When a rise was measured last."""

    def as_json(self) -> Json:
        """The section of the status; what is not known is left out."""
        numbers = {"usual": self.lead.usual, "longest": self.lead.longest}
        moments = {"bootingSince": self.since, "measuredAt": self.at}
        return {
            **{key: round(n, 1) for key, n in numbers.items() if n == n},  # noqa: PLR0124  # NaN
            "there": [round(boot, 1) for boot in self.boots.there],
            "waited": [round(boot, 1) for boot in self.boots.waited],
            **{key: stamp(at) for key, at in moments.items() if at is not None},
        }


def boot_record_in(status: Json) -> BootRecord:
    """What a status keeps of boots; nothing where it keeps none."""
    found: Json = status.get("leadTime") or {}
    usual, longest = (found.get(key) for key in ("usual", "longest"))
    return BootRecord(
        Boots(tuple(found.get("there", ())), tuple(found.get("waited", ()))),
        LeadTime(UNKNOWN if usual is None else usual, UNKNOWN if longest is None else longest),
        epoch_or_none(found.get("bootingSince")),
        epoch_or_none(found.get("measuredAt")),
    )

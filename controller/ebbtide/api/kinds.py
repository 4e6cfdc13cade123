"""The table of our resources: their names, their models and what `kubectl get` shows of them."""

from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel

from ebbtide.api.capacity_override import CapacityOverrideSpec
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.events.event_calendar import EventCalendarSpec
from ebbtide.api.events.event_profile import EventProfileSpec
from ebbtide.api.fields.rules import Spec
from ebbtide.api.status.capacity_policy import CapacityPolicyStatus

GROUP = "ebbtide.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


class Column(NamedTuple):
    """A column of `kubectl get`; `wide` ones need `--output=wide`."""

    title: str
    path: str
    type: str = "string"
    wide: bool = False


_AGE = Column("Age", ".metadata.creationTimestamp", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource."""

    name: str
    plural: str
    short_names: tuple[str, ...]
    spec: type[Spec]
    status: type[BaseModel] | None = None
    columns: tuple[Column, ...]
    stored: tuple[str, ...] = ()
    """Fields of the spec whose default the API server writes into the object.

    It must not do so where a preset may say something else, nor where a later version of Ebbtide
    may know a better default: all other defaults are the operator's.
    """


CAPACITY_POLICY = Kind(
    name="CapacityPolicy",
    plural="capacitypolicies",
    short_names=("cp", "ebb"),
    spec=CapacityPolicySpec,
    status=CapacityPolicyStatus,
    stored=("mode",),
    columns=(
        Column("Target", ".spec.scaleTargetRef.name"),
        Column("Mode", ".status.mode"),
        Column("Phase", ".status.phase"),
        Column("Current", ".status.replicas.current", "integer"),
        Column("Ready", ".status.replicas.ready", "integer"),
        Column("Desired", ".status.replicas.desired", "integer"),
        Column("Reason", ".status.binding.reason"),
        _AGE,
        Column("Demand", ".status.demand", "number", wide=True),
        Column("Message", ".status.binding.message", wide=True),
    ),
)

EVENT_CALENDAR = Kind(
    name="EventCalendar",
    plural="eventcalendars",
    short_names=("ecal",),
    spec=EventCalendarSpec,
    stored=("timeZone",),
    columns=(Column("Time zone", ".spec.timeZone"), _AGE),
)

EVENT_PROFILE = Kind(
    name="EventProfile",
    plural="eventprofiles",
    short_names=("eprof",),
    spec=EventProfileSpec,
    stored=("timeZone",),
    columns=(
        Column("Start", ".spec.start"),
        Column("End", ".spec.end"),
        Column("Time zone", ".spec.timeZone"),
        Column("Peak", ".spec.peak"),
        Column("Usual", ".spec.usual"),
        _AGE,
        Column("Source", ".spec.source", wide=True),
    ),
)

CAPACITY_OVERRIDE = Kind(
    name="CapacityOverride",
    plural="capacityoverrides",
    short_names=("cov",),
    spec=CapacityOverrideSpec,
    stored=("timeZone", "freeze", "selector"),
    columns=(
        Column("Freeze", ".spec.freeze", "boolean"),
        Column("Floor", ".spec.floor", "integer"),
        Column("Ceiling", ".spec.ceiling", "integer"),
        Column("Phase", ".spec.phase"),
        Column("Until", ".spec.until"),
        Column("Time zone", ".spec.timeZone"),
        Column("Why", ".spec.why"),
        _AGE,
        Column("Author", ".spec.author", wide=True),
    ),
)

KINDS = {
    kind.name: kind for kind in (CAPACITY_POLICY, EVENT_CALENDAR, EVENT_PROFILE, CAPACITY_OVERRIDE)
}
"""Every kind by its name."""

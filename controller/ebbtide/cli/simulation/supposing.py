"""From a scenario, and what is supposed on the command line, to the world of a plan."""

import copy
import pathlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ebbtide.adapters.embedded.metrics import Period
from ebbtide.api.fields.local_time import moment
from ebbtide.api.kinds import EVENT_PROFILE
from ebbtide.api.reading.error_messages import place
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_profile, understand
from ebbtide.api.timestamps import clock
from ebbtide.api.yaml_text import Document, Fault, Path
from ebbtide.api.yaml_text import read as read_yaml
from ebbtide.cli.files import read
from ebbtide.cli.simulation.demand import Recorded, demand_of, from_prometheus
from ebbtide.cli.simulation.edits import Edit, put
from ebbtide.cli.simulation.scenario import Scenario, Spread, VictimChoice
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.what_if import Event, WhatIf
from ebbtide.planning.scoring.experience import LoadCurve
from ebbtide.planning.simulated_fleet.plant import PlantSettings
from ebbtide.planning.simulated_fleet.plant_settings import BootTime, NodeSettings, ZoneLoss
from ebbtide.planning.simulated_fleet.pods import Victims, at_random, highest_first, newest_first

_ZONES = "zonesLost"
_VICTIMS: Mapping[VictimChoice, Victims] = {
    VictimChoice.REPLICA_SET: newest_first,
    VictimChoice.STATEFUL_SET: highest_first,
    VictimChoice.RANDOM: at_random,
}


@dataclass(frozen=True, slots=True)
class Supposed:
    """A scenario, and the folder that its files stand in."""

    scenario: Scenario
    folder: pathlib.Path = pathlib.Path()
    changed: frozenset[str] = frozenset()
    """The fields that the command line changed."""

    def recorded(
        self,
        manifests: Sequence[Manifest],
        csv: pathlib.Path | None,
        prometheus: str | None,
        since: str | None,
    ) -> Recorded:
        """The demand that is replayed, as it is supposed to be.

        Raises:
            InvalidInput: it is not said where it is, or twice, or a profile is not in the files.
            MetricsUnavailable: a query has no answer.

        """
        told = self.scenario
        if csv or prometheus:
            self._check_unchanged("--csv" if csv else "--prometheus")
        changed = WhatIf(times=told.times, later=told.later, event=self._event(manifests))
        start, end = self._moment(told.start), self._moment(told.end)
        if told.demand and not csv and not prometheus:
            whole = told.demand.recorded(self.folder, told.time_zone)
            found = whole.last(since).between(start, end)
        elif prometheus and start is not None and not csv:
            until = time.time() if end is None else end
            found = from_prometheus(prometheus, manifests, until - start, until)
        else:
            found = demand_of(manifests, csv, prometheus, since).between(start, end)
        self._check_within(found, changed.event)
        return found.if_it_were(changed)

    def _check_within(self, found: Recorded, event: Event | None) -> None:
        """Refuse what is supposed to happen outside of what is replayed."""
        told = self.scenario
        spans = [(_ZONES, one.at, one.lasts) for one in told.zones_lost]
        spans += [("outages", one.at, one.lasts) for one in told.outages]
        spans += [("like", told.like.at, event.seconds)] if told.like and event else []
        for field, at, lasts in spans:
            start = moment(at, told.time_zone)
            early = field == _ZONES and start <= found.start  # nobody knows who was there before
            if early or start > found.end or start + lasts <= found.start:
                first, last = (clock(one, "%Y-%m-%d %H:%M") for one in (found.start, found.end))
                raise InvalidInput(
                    f"{field}: {at} ({told.time_zone}) lies outside of what is replayed, {first} "
                    f"to {last} UTC" + (", or begins with it" if early else "")
                )

    def _check_unchanged(self, option: str) -> None:
        """Refuse another demand beside the one that an option names."""
        if "demand" in self.changed:
            raise InvalidInput(
                f"the demand is named twice, by --what-if demand and by {option}; leave one of "
                "them out (times and later change the demand of either)"
            )

    def _moment(self, local: str | None) -> float | None:
        return None if local is None else moment(local, self.scenario.time_zone)

    def _event(self, manifests: Sequence[Manifest]) -> Event | None:
        like = self.scenario.like
        if like is None:
            return None
        found = [m for m in manifests if m.kind == EVENT_PROFILE.name and m.name == like.profile]
        if not found:
            raise InvalidInput(
                f"like.profile: no EventProfile {like.profile} is in these files; "
                "`ebbtide event capture` writes one"
            )
        profile = parse_profile(found[0].spec)
        start = moment(like.at, self.scenario.time_zone)
        return Event(start, profile.seconds, like.times * profile.peak, profile.shape)

    def boot(self) -> float | BootTime | None:
        """The time from the patch to Ready; None: as each policy says."""
        return None if self.scenario.boot is None else _time(self.scenario.boot)

    def plant(self) -> PlantSettings:
        """How fleets behave."""
        told = self.scenario
        return PlantSettings(
            nodes=self._nodes(),
            session=told.session,
            victims=_VICTIMS[told.victims] if told.victims else None,
            router_drains=told.router_drains,
            termination=told.termination,
            loss=told.pod_loss,
            zones=told.zones,
            zone_losses=tuple(
                ZoneLoss(moment(one.at, told.time_zone), one.lasts, one.zone - 1)
                for one in told.zones_lost
            ),
        )

    def _nodes(self) -> NodeSettings | None:
        pool = self.scenario.nodes
        if pool is None:
            return None
        return NodeSettings(
            pods=pool.pods,
            provisioning=_time(pool.provisioning),
            spare=pool.spare,
            keep=pool.keep,
        )

    def experience(self) -> Mapping[str, LoadCurve]:
        """What signals of experience come to under a load, by their names."""
        told = self.scenario.experience.items()
        return {name: LoadCurve(tuple(one), tuple(one.values())) for name, one in told}

    def outages(self) -> tuple[Period, ...]:
        """When the metrics store does not answer."""
        begins = ((moment(o.at, self.scenario.time_zone), o.lasts) for o in self.scenario.outages)
        return tuple(Period(at, at + lasts) for at, lasts in begins)


def _time(spread: Spread) -> float | BootTime:
    return spread.p50 if spread.p50 == spread.p90 else BootTime.between(spread.p50, spread.p90)


def supposed(path: pathlib.Path | None, changes: Sequence[str]) -> Supposed:
    """Understand a scenario in a file, with some of its fields changed on the command line.

    Raises:
        InvalidInput: one line for everything that is wrong, with its line in the file.

    """
    document = _document(path) if path else Document({}, {})
    body = copy.deepcopy(document.body)
    edits = [Edit.of(change, "--what-if", "times=1.4 or later=2h") for change in changes]
    for edit in edits:
        put(body, edit, "scenario")
    found = understand(Scenario, body)
    if isinstance(found, Scenario) and not document.faults:
        changed = frozenset(edit.path[0] for edit in edits)
        return Supposed(found, path.parent if path else pathlib.Path(), changed)
    faults = [*document.faults, *(found if isinstance(found, list) else [])]
    typed = [fault for fault in faults if path is None or _typed(fault.at, edits)]
    written = [fault for fault in faults if fault not in typed]
    raise InvalidInput(
        "\n".join(
            [
                *(f"--what-if {_said(fault)}" for fault in typed),
                *(f"{path}:{document.line(fault.at)}: {_said(fault)}" for fault in written),
            ]
        )
    )


def _typed(at: Path, edits: Sequence[Edit]) -> bool:
    """Whether a field is one that the command line changed."""
    return any(at[: len(edit.path)] == edit.path for edit in edits)


def _said(fault: Fault) -> str:
    return ": ".join(filter(None, (place(fault.at), fault.why)))


def _document(path: pathlib.Path) -> Document:
    text = read_yaml(read(path))
    if text.why or len(text.documents) != 1 or not isinstance(text.documents[0].body, dict):
        why = text.why or "write one document with the fields of a scenario"
        raise InvalidInput(f"{path}:{text.broken_at or 1}: {why}")
    return text.documents[0]

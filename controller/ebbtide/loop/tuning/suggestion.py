"""The settings that a workload's own past speaks for: on record, and when they may be put in force.

They are put in force at most once a day, and never around an event. Where they let more go than
those before them, the stricter of both hold for one soak, as after the edit of a descent by hand.
What was chosen for another lead time, say, is none the less capacity that stays: after an edit of
the plant it holds with the prior, until a choice for the new plant has had its day.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.objective import Settings, decided, in_words, prior, stricter
from ebbtide.api.capacity_policy.written_settings import as_written, to_be_written
from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.record.applied_settings import Aim, Applied, applied_in
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Phase
from ebbtide_policies.snapshot import Snapshot

FRESH = 2 * DAY
"""Seconds after which a suggestion that was not reckoned anew is not put in force any more."""
AHEAD = 600.0
"""Seconds by which the clock of the demand may be ahead of the operator's."""
AROUND = 3 * 3600.0
"""Seconds before an event has to be ready in which no settings are put in force."""


def fresh(at: float, now: float) -> bool:
    """Whether the newest minute of a suggestion is of late, and none that is still to come."""
    return -AHEAD <= now - at <= FRESH


class Suggestion(NamedTuple):
    """What a replay of a workload's own last weeks speaks for."""

    objective: float
    settings: Settings
    since: float
    """Since when these very settings are suggested."""
    why: str
    minutes: int
    """Known minutes of the past that it is based on."""
    at: float
    """The newest minute of them."""
    unserved: float = UNKNOWN
    """Share of the demand that they left unserved in the replay."""
    cost: float = UNKNOWN
    """Replica-hours of the replay over those of the settings in force."""
    plant: str = ""
    """What they were chosen for, beside the objective."""

    @property
    def aim(self) -> Aim:
        """What they were chosen for."""
        return Aim(self.objective, self.plant)

    @property
    def spoken_for(self) -> bool:
        """Whether the past speaks for it; else it is the prior, which holds until one does."""
        return self.settings != prior(self.objective) or not math.isnan(self.unserved)

    def as_json(self) -> Json:
        """What the status says of it."""
        numbers = {"unserved": self.unserved, "cost": self.cost}
        return {
            "objective": self.objective,
            "settings": self.settings,
            "since": stamp(self.since),
            "message": self.why,
            "minutes": self.minutes,
            "reckonedAt": stamp(self.at),
            **({"plant": self.plant} if self.plant else {}),
            **{name: _short(each) for name, each in numbers.items() if not math.isnan(each)},
        }


def suggestion_in(status: Mapping[str, Any]) -> Suggestion | None:
    """The suggestion that a status holds."""
    found: Json | None = status.get("tuning")
    if not found or not decided(found["settings"]):
        return None
    since, at = epoch_or_none(found["since"]), epoch_or_none(found["reckonedAt"])
    if since is None or at is None:
        return None
    return Suggestion(
        objective=found["objective"],
        settings=found["settings"],
        since=since,
        why=found.get("message", ""),
        minutes=found["minutes"],
        at=at,
        unserved=found.get("unserved", UNKNOWN),
        cost=found.get("cost", UNKNOWN),
        plant=found.get("plant", ""),
    )


def reckoned_at(status: Mapping[str, Any]) -> str | None:
    """By which minute the suggestion was reckoned that a status holds, as it stands there."""
    found: str | None = (status.get("tuning") or {}).get("reckonedAt")
    return found


def next_applied(
    held: Applied | None,
    suggested: Suggestion | None,
    aim: Aim,
    now: float,
    quiet: bool,
    soak: float,
) -> Applied | None:
    """What is in force from the next tick on: what is, or what is suggested, if it may be.

    `quiet` is a time without events. What another plant asks for is in force at once as far as it
    asks for more. What is in force stays, too, where nothing is suggested that can be understood.
    """
    held = held and _by_now(held, now, soak)
    fits = suggested if suggested and suggested.aim == aim and fresh(suggested.at, now) else None
    before = prior(aim.objective)
    if held is not None and held.objective == aim.objective:
        held = _on_plant(held, fits.settings if fits else None, aim.plant, now)
        before = held.settings
    a_moment_ago = held is not None and now - held.since < DAY
    if not fits or fits.settings == before or a_moment_ago or not quiet:
        return held
    return Applied(aim.objective, fits.settings, now, before, now + soak, aim.plant)


def _by_now(held: Applied, now: float, soak: float) -> Applied:
    """What was put in force, as it counts now; from a clock that was ahead, as if done just now."""
    if held.since > now:
        held = held._replace(since=now, until=min(held.until, now + soak))
    return held._replace(before=None) if held.until <= now else held


def _on_plant(held: Applied, chosen: Settings | None, plant: str, now: float) -> Applied:
    """Settings as they count on a plant, on record: an edit back lets nothing go in passing.

    They are for that plant from the moment at which there is something `chosen` for it.
    """
    if not held.aim.for_other_plant(plant):
        return held._replace(plant=plant)
    settings = held.counting_on(plant)
    if chosen is None:
        plant = held.plant
    else:
        settings = stricter(settings, chosen)
    if settings == held.settings:
        return held._replace(plant=plant)
    return Applied(held.objective, settings, now, plant=plant)


def begun_with(before: Suggestion, plant: str) -> Settings:
    """What a replay for a plant begins with, and keeps where too little is known to choose."""
    if not before.aim.for_other_plant(plant):
        return before.settings
    return stricter(prior(before.objective), before.settings)


def waiting(found: Suggestion, spec: Mapping[str, Any]) -> bool:
    """Whether a suggestion waits for somebody to take it over, where nothing else applies it.

    It does where a value is not the one that is written, or the prior's where none is; and where
    the past speaks for it.
    """
    there = as_written(prior(found.objective), spec)
    return found.spoken_for and bool(to_be_written(found.settings, spec, there))


def around_event(seen: Snapshot) -> bool:
    """Whether an event goes on, has left its mark, or is near."""
    near = any(event.ready_by - AROUND <= seen.now < event.end for event in seen.events)
    return near or seen.phase is not Phase.PEACE


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What there is to tell of a status: other settings are suggested, or in force; and why."""
    was, now = suggestion_in(before), suggestion_in(after)
    if now is None:
        return
    if now.settings != (was.settings if was else prior(now.objective)):
        yield "SettingsSuggested", f"{in_words(now.settings)}: {now.why}"
    held, holds = applied_in(before), applied_in(after)
    if holds and holds.settings != (held.settings if held else None):
        yield "SettingsApplied", f"{in_words(holds.settings)}: {now.why}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")

"""The settings that a workload's own past speaks for: on record, and when they may be put in force.

They are put in force at most once a day, and never around an event. Where they let more go than
those before them, the stricter of both hold for one soak, as after the edit of a descent by hand.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.objective import Settings, decided, in_words, prior
from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.record.applied_settings import Applied, applied_in
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Phase
from ebbtide_policies.snapshot import Snapshot

FRESH = 2 * DAY
"""Seconds after which a suggestion that was not reckoned anew is not put in force any more."""
AROUND = 3 * 3600.0
"""Seconds before an event has to be ready in which no settings are put in force."""


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
    )


def reckoned_at(status: Mapping[str, Any]) -> str | None:
    """By which minute the suggestion was reckoned that a status holds, as it stands there."""
    found: str | None = (status.get("tuning") or {}).get("reckonedAt")
    return found


def next_applied(
    held: Applied | None, suggested: Suggestion, now: float, quiet: bool, soak: float
) -> Applied | None:
    """What is in force from the next tick on: what is, or what is suggested, if it may be.

    `quiet` is a time without events.
    """
    if held is not None and held.before is not None and held.until <= now:
        held = held._replace(before=None)
    known = held is not None and held.objective == suggested.objective
    before = held.settings if held is not None and known else prior(suggested.objective)
    a_moment_ago = held is not None and now - held.since < DAY
    stale = now - suggested.at > FRESH
    if suggested.settings == before or a_moment_ago or stale or not quiet:
        return held
    return Applied(suggested.objective, suggested.settings, now, before, now + soak)


def waiting(found: Suggestion, spec: Mapping[str, Any]) -> bool:
    """Whether a suggestion waits for somebody to take it over, where nothing else applies it.

    It does for settings that the policy does not write itself and that are not those of the prior.
    """
    written, usual = spec.get("policies") or {}, prior(found.objective)
    return any(
        key not in (written.get(name) or {}) and value != usual.get(name, {}).get(key)
        for name, own in found.settings.items()
        for key, value in own.items()
    )


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

"""A policy held against its own past: what in it can't be meant, field by field."""

from collections.abc import Iterator, Sequence

import numpy as np

from ebbtide.api.capacity_policy.settings_by_phase import largest_minimum, least_replicas
from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.planning.demand.past import Past, typical
from ebbtide.planning.linting.about_demand import about_demand
from ebbtide.planning.linting.findings import Case, Finding, Severity, clock, rounded
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.descent import Descent
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.lanes import UNKNOWN, number, whole
from ebbtide_policies.quantities import many, show_duration
from ebbtide_policies.rate import Rate

_REDUNDANT = 3
"""Replicas up to which a minimum is for safety, not for demand."""
_MOSTLY = 0.9
"""Share of the minutes in which a minimum above the need is remarked."""
_FAR = 10.0
"""A maximum so many times the highest need is no limit."""
_STEEP = 5
"""Minutes over which the steepest rise is looked for."""


def lint(case: Case) -> Sequence[Finding]:
    """Everything that the past of a workload has to say against its policy, errors first."""
    rules = [about_demand, _events]
    if case.past.known:
        rules += [_most, _least, _descent, _rate]
    found = [finding for rule in rules for finding in rule(case)]
    return sorted(found, key=lambda one: list(Severity).index(one.severity))


# --- the range of replicas --------------------------------------------------------------------


def _most(case: Case) -> Iterator[Finding]:
    past, most, at = case.past, case.most, ("replicas", "max")
    row = int(np.nanargmax(past.need))
    peak = float(past.need[row])
    needs = int(whole(peak))
    roomy = int(whole(peak * (1 + case.headroom)))
    when = clock(past.moment(row))
    if needs > most:
        short = int(np.count_nonzero(past.need > most))
        found = (
            f"demand took {needs:,} replicas at {when}, and {most:,} are allowed: "
            f"{many(short, 'minute')} could not be served"
        )
        yield Finding(at, Severity.ERROR, found, f"raise it to {roomy:,} or more")
    elif roomy > most:
        found = f"the peak ({when}) took {needs:,} replicas, and with its headroom {roomy:,}"
        yield Finding(at, Severity.WARNING, found, f"raise it to {roomy:,} or more")
    elif most > _FAR * max(wanted := max(roomy, _wanted_anyway(case)), _FAR):
        found = f"{_no_more_than(needs)} ever needed: this limits nothing"
        todo = f"a query that goes wrong could ask for {most:,}; {_FAR / 2 * wanted:,.0f} would do"
        yield Finding(at, Severity.NOTE, found, todo)


def _wanted_anyway(case: Case) -> int:
    """The most replicas that somebody asks for whatever demand does."""
    return max(1, largest_minimum(case.spec.replicas), *(needs for _, needs in _announced(case)))


def _no_more_than(replicas: int) -> str:
    return f"no more than {many(replicas, 'replica')} {'was' if replicas == 1 else 'were'}"


def _least(case: Case) -> Iterator[Finding]:
    least, at = least_replicas(case.spec.replicas), ("replicas", "min")
    need = case.past.need[~np.isnan(case.past.need)] * (1 + case.headroom)
    above = float(np.mean(whole(need) < least))
    if least <= _REDUNDANT or above < _MOSTLY:
        return
    spare = float(np.mean(np.maximum(least - need, 0.0))) * 24
    highest = int(whole(float(need.max())))
    found = f"it is above the need in {above:.0%} of the minutes: {spare:,.0f} replica-hours a day"
    if above == 1:
        found = f"{_no_more_than(highest)} ever needed, headroom included"
    todo = (
        f"lower it; in half of the minutes {int(whole(float(np.median(need)))):,} would have done"
    )
    yield Finding(at, Severity.WARNING, found, todo)


def _events(case: Case) -> Iterator[Finding]:
    """What a calendar announces of what is not over, against the maximum."""
    for event, needs in _announced(case):
        if needs > case.most_announced and event.end > case.past.end:
            found = f"event {event.name} is expected to need {needs:,} replicas"
            todo = f"raise it to {needs:,} or more before {clock(event.ready_by)}"
            yield Finding(("replicas", "max"), Severity.ERROR, found, todo)


def _announced(case: Case) -> Iterator[tuple[ExpectedEvent, int]]:
    """The events that are announced, and the replicas that they need, where that is known."""
    settings = case.settings(Calendar)
    room = 1 + (settings.headroom if settings else 0.0)
    for event in case.events:
        needs = _needed(event, case.past) * room
        if not np.isnan(needs):
            yield event, int(whole(needs))


def _needed(event: ExpectedEvent, past: Past) -> float:
    """Replicas at target load at the peak of an event; NaN where nobody knows."""
    peak = event.demand if event.demand is not None else event.peak
    if peak is not None:
        return peak / next(iter(past.per_replica.values()))
    return UNKNOWN if event.times is None else event.times * past.usual(event.start, event.end)


# --- the ways up and down ---------------------------------------------------------------------


def _descent(case: Case) -> Iterator[Finding]:
    settings, ebbs = case.settings(Descent), case.past.ebbs
    if settings is None or not ebbs:
        return
    ebb, at = typical(ebbs), ("policies", "descent", "soak")
    top = float(whole(ebb.top))
    step = max(1.0, np.floor(settings.max_step * top))
    steps = max(1.0, float(np.ceil((top - ebb.bottom) / step)))
    falls, lasts = (show_duration(rounded(s)) for s in (ebb.falls, ebb.falls + ebb.stays))
    takes, soak = (show_duration(rounded(s)) for s in (steps * settings.soak, settings.soak))
    fit = show_duration(max(MINUTE, (ebb.falls + ebb.stays / 2) / steps // MINUTE * MINUTE))
    if settings.soak >= max(ebb.falls, 2 * MINUTE):  # no fall is told in less than a minute
        found = f"a soak of {soak} is longer than the ebb: demand falls within {falls}"
    elif steps * settings.soak > ebb.falls + ebb.stays:
        found = f"the way down takes {takes} ({steps:.0f} steps), and demand is back after {lasts}"
    else:
        return
    todo = f"a soak of {fit}, or a larger maxStep, would reach the bottom"
    yield Finding(at, Severity.WARNING, found, todo)


def _rate(case: Case) -> Iterator[Finding]:
    settings, need = case.settings(Rate), case.past.need
    if settings is None or need.size <= _STEEP:
        return
    before, after = need[:-_STEEP], need[_STEEP:]
    steep = after - before
    if np.isnan(steep).all():
        return
    row = int(np.nanargmax(steep))
    low, high = (float(whole(each[row])) for each in (before, after))
    takes = number(settings.pace.seconds_between(max(1.0, low), high))
    if takes > _STEEP * MINUTE:
        found = (
            f"at {clock(case.past.moment(row))} the need rose from {low:,.0f} to {high:,.0f} "
            f"replicas within {_STEEP} minutes; this pace takes {show_duration(rounded(takes))}"
        )
        todo = "raise share or replicas, or announce such rises in an EventCalendar"
        yield Finding(("policies", "rate"), Severity.WARNING, found, todo)

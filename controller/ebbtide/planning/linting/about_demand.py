"""A policy's demand held against its past: gaps, what lies flat, what a replica carries."""

from collections.abc import Iterator, Sequence

import numpy as np

from ebbtide.api.capacity_policy.demand import WhenAbsent
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.yaml_text import Path
from ebbtide.planning.demand.clipped import flat_tops
from ebbtide.planning.demand.past import gaps, share_unknown
from ebbtide.planning.linting.findings import Case, Finding, Severity, clock, rounded
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.experience_gate import ExperienceGate
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.quantities import many, show_count, show_duration

_MISSING = 0.01
"""Share of unknown minutes that is remarked."""
_LOW = 0.02
"""Share of the peak below which a demand that vanishes was nearly none."""
_MOST_TOLD = 3
"""Flat tops that are told one by one, the last ones."""
_UNPROVEN, _OVER = 0.5, 1.1
"""Loads, as shares of perReplica, below and above which it is doubted."""
_ENOUGH = 60
"""Minutes from which on a demand that never changes is odd."""


def about_demand(case: Case) -> Iterator[Finding]:
    """What the past says of the demand, and of what one replica carries of it."""
    for rule in (_demand, _per_replica, _history, _gate):
        yield from rule(case)


def query_path(spec: CapacityPolicySpec, signal: str) -> Path:
    """The field that holds the query of a signal."""
    return ("demand", "query") if spec.demand.signals is None else (*_signal(signal), "query")


def _signal(name: str) -> Path:
    return ("demand", "signals", name)


def _per_replica_path(spec: CapacityPolicySpec, signal: str) -> Path:
    said = (spec.demand.signals or {}).get(signal)
    return (
        (*_signal(signal), "perReplica") if said and said.measured else ("capacity", "perReplica")
    )


def _demand(case: Case) -> Iterator[Finding]:
    for name, minutes in case.past.demands.items():
        at = query_path(case.spec, name)
        known = minutes[~np.isnan(minutes)]
        if known.size >= _ENOUGH and np.ptp(known) == 0:
            found = f"demand never changes: it is {known[0]:,.6g} in all of {known.size:,} minutes"
            yield Finding(at, Severity.ERROR, found, "look whether this is the query that is meant")
        yield from _unknown(case, name, minutes)
        yield from _flat(case, at, minutes)


def _flat(case: Case, at: Path, minutes: Lanes) -> Iterator[Finding]:
    tops = _tops(minutes, case.past.apart)
    earlier = len(tops) - _MOST_TOLD
    for place, (begin, end) in enumerate(tops[-_MOST_TOLD:]):
        found = (
            f"demand lies flat at its top, {minutes[begin]:,.6g}, from "
            f"{clock(case.past.moment(begin))} to {clock(case.past.moment(end))}"
        )
        if place == 0 and earlier > 0:
            found += f", as it did {many(earlier, 'time')} before"
        todo = "if the fleet of that day could carry no more, the true demand was higher"
        yield Finding(at, Severity.WARNING, found, todo)


def _tops(minutes: Lanes, apart: float) -> Sequence[tuple[int, int]]:
    """Where demand that changes at all lies flat at its top."""
    known = minutes[~np.isnan(minutes)]
    return flat_tops(minutes, apart) if known.size and np.ptp(known) else ()


def _unknown(case: Case, name: str, minutes: Lanes) -> Iterator[Finding]:
    share = share_unknown(minutes)
    if not share > _MISSING:
        return
    at, spec = query_path(case.spec, name), case.spec.signals()[name]
    low, between = _LOW * float(np.nanmax(minutes)), gaps(minutes)
    empty = sum(end - begin for begin, end in between if minutes[begin - 1] <= low)
    mostly = empty > sum(end - begin for begin, end in between) / 2
    if spec.when_absent is WhenAbsent.HOLD and mostly:
        found = f"{share:.0%} of the minutes are unknown, most of them after demand was nearly none"
        todo = "if it vanishes with the last user, write whenAbsent: Zero, and alive beside it"
        yield Finding(at, Severity.WARNING, found, todo)
        return
    found = f"{share:.0%} of the minutes are unknown: nothing is let go in them"
    yield Finding(at, Severity.WARNING, found, "look at the scrapes and rules behind the query")


def _history(case: Case) -> Iterator[Finding]:
    known = np.flatnonzero(~np.isnan(case.past.need))
    if not known.size:
        return
    span = MINUTE * (known[-1] - known[0] + 1)
    if span < case.spec.forecast.history / 2:
        wanted, there = (show_duration(rounded(s)) for s in (case.spec.forecast.history, span))
        found = f"the forecast wants {wanted} of the past, and {there} are known"
        todo = "expect it to be better in some weeks; `ebbtide backtest` says how good it is now"
        yield Finding(("forecast", "history"), Severity.NOTE, found, todo)


def _per_replica(case: Case) -> Iterator[Finding]:
    ready = case.past.ready
    if ready is None:
        return
    carrying = np.where(ready >= 1, ready, UNKNOWN)  # less than one was there for a part only
    for name, minutes in case.past.demands.items():
        loads = (minutes / carrying) / case.past.per_replica[name]
        loads = loads[np.isfinite(loads)]
        if loads.size < _ENOUGH:
            continue
        yield from _load(case, name, float(np.quantile(loads, 0.99)))


def _load(case: Case, name: str, load: float) -> Iterator[Finding]:
    each, at = case.past.per_replica[name], _per_replica_path(case.spec, name)
    seen = f"in 99 of 100 minutes a replica carried up to {load * each:,.4g}"
    if load < _UNPROVEN:
        found = f"{seen}, and {each:,.6g} is written: nobody has seen that it can"
        todo = f"try it under load first, or begin with {show_count(float(f'{load * each:.2g}'))}"
        yield Finding(at, Severity.WARNING, found, todo)
    elif load > _OVER:
        found = f"{seen}, more than the {each:,.6g} that are written"
        todo = "if users fared well then, raise it: the fleet is larger than it has to be"
        yield Finding(at, Severity.NOTE, found, todo)


def _gate(case: Case) -> Iterator[Finding]:
    settings = case.settings(ExperienceGate)
    highest = max(float(np.nanmax(each, initial=0.0)) for each in case.past.demands.values())
    for name, signal in (settings.signals if settings else {}).items():
        if signal.min_demand > highest:
            at = ("policies", "experienceGate", "signals", name, "minDemand")
            found = f"demand never reached it (highest: {highest:,.6g}): the gate never says a word"
            yield Finding(at, Severity.WARNING, found, "lower it to a demand that is reached daily")

"""What a metrics source answers to the queries of a workload, for preflight."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ebbtide.api.capacity_policy.demand import WhenAbsent
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.preflight.checks import Check, Verdict
from ebbtide.loop.workload import Workload
from ebbtide_policies.hold import Hold

_SHOWN = 3
_SLOW = 60.0
"""Seconds from one sample to the next above which a minute may have none."""


class Answer(NamedTuple):
    """What came back for one query, asked for this very moment."""

    query: Query
    series: Sequence[str] = ()
    """The labels of each, as PromQL writes them."""
    labelled: frozenset[str] = frozenset()
    """The names of the labels that all of them have."""
    number: float = math.nan
    """Of the first series."""
    age: float = math.nan
    """Seconds since the newest sample that goes into it; NaN where it can't be told."""
    interval: float = math.nan
    """Seconds from one sample to the next; NaN where it can't be told."""
    failure: str = ""


def answer_checks(workload: Workload, answers: Iterable[Answer]) -> Iterable[Check]:
    """Say of every query whether it has exactly one series, and how old its samples are."""
    stale_after = workload.settings(Hold).stale_after
    demands = {workload.query(one.query, one.source): one for one in workload.signals.values()}
    vanishing = {q for q, one in demands.items() if one.when_absent is WhenAbsent.ZERO}
    for answer in answers:
        if not answer.series and not answer.failure and answer.query in vanishing:
            yield _vanished(answer)
            continue
        demanded = answer.query in demands
        yield _below_nought(answer) if demanded and answer.number < 0 else _series(answer)
        if answer.series and not math.isnan(answer.age + answer.interval):
            yield _delay(answer, stale_after)


def session_check(answer: Answer, label: str) -> Check:
    """Say whether live sessions are counted pod by pod, by the label that holds the pod's name."""
    asked, count = answer.query.promql, len(answer.series)
    todo = "as long as no pod has one nothing is let go; ask for what is there"
    if unanswered := _unanswered("sessions", answer, todo):
        return unanswered
    if label not in answer.labelled:
        todo = f"write sum by ({label}) (...), or name the label of the pod in sessions.label"
        return Check("sessions", Verdict.STOP, f"no label {label} in all series for {asked}", todo)
    return Check("sessions", Verdict.WELL, f"{count} series by {label}, for {asked}")


def _vanished(answer: Answer) -> Check:
    found = f"no series for {answer.query.promql}: that is zero, as whenAbsent has it"
    return Check("query", Verdict.LOOK, found, "look whether nobody is there now")


def _unanswered(name: str, answer: Answer, todo: str) -> Check | None:
    """The check of a query that failed or has no series; None for one that has."""
    asked = answer.query.promql
    if answer.failure:
        return Check(name, Verdict.STOP, answer.failure, f"asked: {asked}")
    return None if answer.series else Check(name, Verdict.STOP, f"no series for {asked}", todo)


def _below_nought(answer: Answer) -> Check:
    found = f"{answer.number:g} for {answer.query.promql}"
    todo = "a demand below nought is unknown, and nothing is let go: mend the query"
    return Check("query", Verdict.STOP, found, todo)


def _series(answer: Answer) -> Check:
    asked, count = answer.query.promql, len(answer.series)
    todo = "without an answer nothing is ever let go; ask for what is there"
    if unanswered := _unanswered("query", answer, todo):
        return unanswered
    if count > 1:
        shown = ", ".join(answer.series[:_SHOWN]) + (", ..." if count > _SHOWN else "")
        return Check(
            "query", Verdict.STOP, f"{count} series for {asked}: {shown}", "write sum(...)"
        )
    if not math.isfinite(answer.number):
        todo = "what is no number is unknown: mend the query"
        return Check("query", Verdict.STOP, f"{answer.number:g} for {asked}", todo)
    return Check("query", Verdict.WELL, f"one series, {answer.number:g} now, for {asked}")


def _delay(answer: Answer, stale_after: float) -> Check:
    told = f"a sample every {answer.interval:.0f} s, the newest is {answer.age:.0f} s old"
    if answer.age + answer.interval > stale_after:
        todo = f"hold.staleAfter is {stale_after:.0f} s: scrape sooner, or raise it"
        return Check("delay", Verdict.STOP, told, todo)
    if answer.interval > _SLOW:
        todo = "minutes without one take the last: scrape at least once a minute"
        return Check("delay", Verdict.LOOK, told, todo)
    return Check("delay", Verdict.WELL, told)

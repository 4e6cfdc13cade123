"""Why settings were chosen for an objective, or stay what they are: in one sentence."""

import math

from ebbtide.planning.tuning.judgement import Measured
from ebbtide.planning.tuning.objective import Evidence, least_history, stress_test
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import show_duration, show_share


def told(evidence: Evidence, found: Measured | None, objective: float) -> Message:
    """Why these settings, in one sentence."""
    if evidence.candidate is None or found is None:
        return _waited(evidence, objective)
    share = float(found.unserved[evidence.candidate])
    hours = float(found.beside_bound[evidence.candidate])
    tried = _tried(evidence, found.unserved.size, objective)
    if math.isnan(hours):
        return Message("{}: nothing was needed, so there is no clairvoyant bound", (tried,))
    said = Message(
        "{}, with a price on what went unserved: {:.2g}% of demand, at {:.3f} times the "
        "clairvoyant bound",
        (tried, 100 * share, hours),
    )
    broken = _broken(found, share, objective)
    return said if broken is None else Message("{}; {}", (said, broken))


def never_told(history: float, objective: float, said: Message) -> Message:
    """What is said where so much of the past is never read as it takes; `history` in seconds."""
    if (least := least_history(history, objective)) is None:
        return said
    return Message(
        "{}; forecast.history is {} and never tells of so many: raise it to {:.0f}d or more",
        (said, show_duration(history), least),
    )


def _waited(evidence: Evidence, objective: float) -> Message:
    """Why the settings stay what they are until more is known."""
    known = evidence.days, evidence.needed, show_share(objective)
    if evidence.kept:
        return Message(
            "kept: only {:.1f} days of demand are known and {:.1f} speak for an unserved share of "
            "{}; until then the settings are those that more of them spoke for",
            known,
        )
    return Message(
        "{:.1f} days of demand are known and {:.1f} speak for an unserved share of {}: "
        "until then the settings are those that kept it on other workloads",
        known,
    )


def _tried(evidence: Evidence, count: int, objective: float) -> Message:
    """Among what it came cheapest."""
    tried = Message("of {} settings tried on {:.1f} days it came cheapest", (count, evidence.days))
    if stress_test(objective) > 1:
        tried = Message("{} had {:.2g} times the demand come", (tried, stress_test(objective)))
    if evidence.days >= evidence.needed:
        return tried
    known = evidence.days, evidence.needed, tried
    if evidence.kept:
        return Message(
            "what was chosen before lost more in {:.1f} days than it may in {:.1f}; {} of those "
            "that cost no less",
            known,
        )
    return Message(
        "what keeps it on other workloads lost more in {:.1f} days than it may in {:.1f}; {} of "
        "those that cost no less",
        known,
    )


def _broken(found: Measured, share: float, objective: float) -> Message | None:
    """What it would have taken to keep the objective, where that was not worth it."""
    if share <= objective:
        return None
    keeps = found.unserved <= objective
    if not keeps.any():
        return Message("none of all that were tried kept {}", (show_share(objective),))
    least = float(found.beside_bound[keeps].min())
    return Message("{} would have taken {:.3f} times", (show_share(objective), least))

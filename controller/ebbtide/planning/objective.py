"""The settings that keep an objective at the least cost, chosen by the replay of one's own past.

No one set of settings fits all: calm demand needs little to spare, restless demand so many times
its surges, a batch at midnight a look at yesterday, and bursts a fleet that waits for them. So a
workload tries all of these on its own last weeks, and takes the cheapest that kept its objective.
"""

from typing import Any, NamedTuple

import numpy as np

from ebbtide.api.objective import PRIORS, Settings, knobs
from ebbtide.planning.tuning import Measured
from ebbtide_policies.quantities import parse_share, show_share

DAYS = 28
"""Days of the past that a choice is made by, at most."""
DOUBT = 7.0
"""After so many days half of the objective may be used up: what comes has more in it."""
LEAST_DAYS = 7.0
"""Days that speak for an objective of one in a thousand: no day of the week is like another, and
what fewer of them speak for does worse than the prior. A rarer failure takes longer to see."""
_RARER = 0.2
FIRST_DAYS = 1.0
"""Days before which not even a failure speaks: what comes once a day may not have come yet."""
REFUTED = 3.0
"""So many times what may be lost few days have to lose: one bad day may be the only one."""
WORTH = 0.003
"""Share of the cost that a change of the settings has to spare: each makes people look twice."""


class Evidence(NamedTuple):
    """What the past says of one candidate, or why it says nothing."""

    candidate: int | None
    """None: too little is known, and the settings are those of the prior."""
    days: float
    needed: float
    allowed: float
    """Unserved share that a candidate was allowed on the past."""
    kept: bool = True
    """Whether the candidate kept that."""


def _seasonal(headroom: float, width: float) -> Settings:
    """For what days repeat: as much as two of them asked for."""
    return {**knobs(headroom, width), "seasonNeed": {"trust": "100%", "tolerance": "1%"}}


def _bursting(headroom: float, window: str) -> Settings:
    """For demand that leaps: a fleet several times as large, kept for a while."""
    share = show_share(headroom)
    own: dict[str, Any] = {**knobs(headroom, 0.0)}
    own["presentNeed"] = {**own["presentNeed"], "slopeWindow": "1m", "tolerance": "2%"}
    own["stabilization"] = {"window": window, "headroom": share, "tolerance": "2%"}
    return own


def _standing(headroom: float, window: str) -> Settings:
    """For demand that is not to be foreseen at all: what was needed once is kept for days."""
    own: dict[str, Any] = {**knobs(0.2, 1.0)}
    share = show_share(headroom)
    own["stabilization"] = {"window": window, "headroom": share, "tolerance": "2%"}
    return own


CANDIDATES: tuple[Settings, ...] = (
    *(settings for _, settings in PRIORS),
    *(knobs(h, k) for h, k in ((0.0, 2.0), (0.01, 2.0), (0.01, 3.0), (0.02, 2.0), (0.03, 3.0))),
    *(_seasonal(h, k) for h in (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 2.5) for k in (0.0, 1.0)),
    *(
        _bursting(headroom, window)
        for headroom in (0.25, 0.5, 0.8, 1.2, 1.8, 3.0, 5.0, 9.0, 15.0)
        for window in ("5m", "1h")
    ),
    *(_standing(headroom, window) for headroom in (0.0, 0.3, 0.8) for window in ("1d", "7d")),
)
"""The settings that are tried, with all that an objective decides."""


def needed_days(objective: float) -> float:
    """Days of the past that it takes to say anything of an objective."""
    rarer = max(1.0, 1e-3 / objective)
    return LEAST_DAYS * float(rarer**_RARER)


def margin(days: float) -> float:
    """The share of the objective that may have been used up on so many days of the past."""
    return days / (days + DOUBT)


def spare(settings: Settings) -> float:
    """The largest headroom of some settings: so much more than the need a fleet begins with."""
    return max(parse_share(own["headroom"]) for own in settings.values() if "headroom" in own)


def unknown(objective: float, days: float) -> Evidence:
    """What is said of an objective by days that are too few to say anything."""
    return Evidence(None, days, needed_days(objective), objective * margin(days))


def chosen(
    found: Measured,
    objective: float,
    days: float,
    before: int | None = None,
    usual: int | None = None,
) -> Evidence:
    """The cheapest candidate that kept the objective with a margin; of none, the safest one.

    The one `before` is kept, where it kept the objective and no other is cheaper by enough. While
    few days are known the prior holds, the candidate `usual`. They can refute it all the same, and
    then speak for more capacity, never for less.
    """
    needed, allowed = needed_days(objective), objective * margin(days)
    unserved = found.unserved
    if days < needed:
        if usual is None or not _refuted(float(unserved[usual]), objective, days):
            return unknown(objective, days)
        unserved = np.where(found.replica_hours < found.replica_hours[usual], np.inf, unserved)
    keeps = unserved <= allowed
    if not keeps.any():
        best = int(np.lexsort((found.replica_hours, unserved))[0])
        return Evidence(best, days, needed, allowed, kept=False)
    best = int(np.argmin(np.where(keeps, found.replica_hours, np.inf)))
    if before is not None and keeps[before]:
        enough = found.replica_hours[best] < (1 - WORTH) * found.replica_hours[before]
        best = best if enough else before
    return Evidence(best, days, needed, allowed)


def _refuted(unserved: float, objective: float, days: float) -> bool:
    """Whether so few days have lost far more than may be lost in all that it takes to judge by."""
    return days >= FIRST_DAYS and unserved * days > REFUTED * objective * needed_days(objective)


def told(evidence: Evidence, found: Measured | None, objective: float) -> str:
    """Why these settings, in one sentence."""
    days, needed = f"{evidence.days:.1f} days", f"{evidence.needed:.1f}"
    if evidence.candidate is None or found is None:
        return (
            f"{days} of demand are known and {needed} speak for an unserved share of "
            f"{objective:.10g}: until then the settings are those that kept it on other workloads"
        )
    share = float(found.unserved[evidence.candidate])
    hours = float(found.beside_bound[evidence.candidate])
    ending = "" if evidence.kept else "; none of all that were tried kept it, and this fails least"
    tried = f"of {len(found.unserved)} settings tried on {days} it is the cheapest"
    if evidence.days < evidence.needed:
        tried = (
            f"what keeps it on other workloads lost far more in {days} than it may in {needed}; "
            f"{tried} that costs no less,"
        )
    return (
        f"{tried} with at most {evidence.allowed:.2g} of demand unserved: {share:.2g}, at "
        f"{hours:.3f} times the clairvoyant bound{ending}"
    )

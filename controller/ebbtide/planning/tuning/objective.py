"""The settings that serve an objective at the least cost, chosen by the replay of one's own past.

No one set of settings fits all: calm demand needs little to spare, restless demand so many times
its surges, a batch at midnight a look at yesterday, and bursts a fleet that waits for them. So a
workload tries all of these on its own last weeks, and takes the one that comes cheapest.

What went unserved has a price, and no limit: after a burst that hardly anything could have served,
a limit asks for the dearest settings for weeks, and the next burst is another. What came long ago
counts less than what came of late: bursts come in spells, and a spell ends. On most days the
objective is a limit as well: what is lost day after day will be lost again.

What is rarer than a few weeks can tell of is higher than anything in them. So for such an objective
all of this is judged by what the same fleets would have left unserved of a higher demand.
"""

import math
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.objective import (
    PRIORS,
    Settings,
    bursting,
    knobs,
    remembering,
)
from ebbtide.planning.tuning.judgement import Measured
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import parse_share

DAYS = 28
"""Days of the past that a choice is made by, at most."""
PRICE = 0.09
"""What all that an objective of one in a thousand lets go unserved costs, as a share of demand."""
_RARER = 0.1
"""Power by which what is rarer costs more: the past has less of it than what comes."""
LEAST_DAYS = 7.0
"""Days that speak for what is common: no day of the week is like another, and what fewer of them
speak for does worse than the prior. Of each tenth of it a day more has to tell."""
COMMON, RARE = 1e-3, 3e-5
"""Objectives. For what is rare a fleet waits for a burst at first, and does so for two weeks."""
TOLD_OF = 5e-5
"""The strictest objective that weeks can tell of."""
TAIL = 0.4
"""Power by which what is rarer is higher: ten times as rare, and two and a half times as high."""
FIRST_DAYS = 1.0
"""Days before which not even a failure speaks: what comes once a day may not have come yet."""
WORTH = 0.001
"""Share of the cost that a change of the settings has to spare: each makes people look twice."""

NO_CHOICE = Message("the policy writes all of these settings itself: there is nothing to choose")
"""Where a policy that applies what is chosen leaves nothing open."""


class Evidence(NamedTuple):
    """What the past says of one candidate, or why it says nothing."""

    candidate: int | None
    """None: too little is known, and the settings stay what they are."""
    days: float
    needed: float
    kept: bool = False
    """Whether they are of an earlier choice, and not the prior's."""


def _seasonal(headroom: float, width: float, trust: str = "100%") -> Settings:
    """For what days repeat: as much as two of them asked for, or a share of it."""
    return {**knobs(headroom, width), "seasonNeed": {"trust": trust, "tolerance": "1%"}}


_USUAL = tuple(settings for _, settings in PRIORS)
_WAITING = (
    bursting(0.35, "5m", slope="5m"),
    *(bursting(headroom, "90m", headroom / 2) for headroom in (0.25, 0.5, 0.8, 1.2)),
    *(bursting(headroom, "1h") for headroom in (1.8, 3.0, 5.0)),
    remembering(1.2, "1d", 1.0),
    *(remembering(h, "3d", more) for h, more in ((3.0, 0.3), (9.0, 1.0))),
    *(remembering(h, "7d", more) for h, more in ((5.0, 1.0), (9.0, 0.3), (9.0, 1.0))),
    bursting(15.0, "7d", 1.0),
)
"""For demand that leaps, by a little and for minutes only; or for long: what bursts comes back
smaller within the hour, so half of what is spare remains for a while. Of what is to serve nearly
all of a burst, all does. And for what is not to be foreseen at all, what was needed once is kept
for days, and more than that."""
CANDIDATES: tuple[Settings, ...] = (
    *_USUAL,
    *(knobs(h, k) for h, k in ((0.0, 2.0), (0.01, 2.0), (0.01, 3.0), (0.02, 2.0))),
    *(_seasonal(h, k, "75%") for h in (0.05, 0.08) for k in (0.5, 1.0)),
    *(_seasonal(h, k, "85%") for h, k in ((0.1, 1.0), (0.2, 1.0))),
    *(_seasonal(h, k, "95%") for h, k in ((0.0, 1.0), (0.01, 1.0), (0.05, 2.0))),
    *(_seasonal(h, k) for h in (0.0, 0.05, 0.2, 0.4, 0.8, 2.5) for k in (0.0, 1.0)),
    *(knobs(h, k, slope="5m") for h, k in ((0.08, 2.0), (0.18, 1.0))),
    knobs(0.3, 0.0, slope="10m"),
    *_WAITING,
)
"""The settings that are tried, with all that an objective decides."""


def needed_days(objective: float) -> float:
    """Days of the past that it takes to say anything of an objective."""
    if objective <= RARE:
        return 2 * LEAST_DAYS
    return LEAST_DAYS + max(0.0, math.log10(COMMON / objective))


def least_history(history: float, objective: float) -> int | None:
    """Days that have to be read for an objective, at least; None where `history` seconds do."""
    needed = needed_days(objective)
    return None if history > needed * DAY else math.floor(needed) + 1


def price(objective: float) -> float:
    """What a replica-hour of demand that goes unserved costs, in replica-hours."""
    return float(PRICE * max(1.0, COMMON / objective) ** _RARER / objective)


def stress_test(objective: float) -> float:
    """So many times the demand of the past is what settings for an objective have to stand.

    Down to what weeks can tell of it is what came. What is rarer is expected to be higher, as the
    tail of a Pareto distribution has it.
    """
    return float(max(1.0, (TOLD_OF / objective) ** TAIL))


def spare(settings: Settings) -> float:
    """The largest headroom of some settings: so much more than the need a fleet begins with."""
    return max(parse_share(own["headroom"]) for own in settings.values() if "headroom" in own)


def unknown(objective: float, days: float, kept: bool = False) -> Evidence:
    """What is said of an objective by days that are too few to say anything."""
    return Evidence(None, days, needed_days(objective), kept)


def chosen(
    found: Measured,
    objective: float,
    days: float,
    before: int | None = None,
    usual: int | None = None,
    rests_on: float = 0.0,
) -> Evidence:
    """The cheapest candidate that kept the objective on most days, all losses priced.

    The one `before`, and at first the prior's (`usual`), is kept where no other one is cheaper by
    enough. While few days are known the prior holds; where more were known when the one before was
    chosen, and much of the past was lost since, that one does. They refute it where they alone have
    lost all that the days it takes may lose, and then speak for more capacity, never for less.
    """
    needed, may = needed_days(objective), np.ones(found.unserved.size, dtype=np.bool_)
    stays = usual if before is None else before
    held = stays if days < rests_on else usual
    kept = held != usual
    if days < needed:
        if held is None or not _refuted(float(found.missed[held]), objective, days):
            return unknown(objective, days, kept)
        may = found.lately >= found.lately[held]
    keeps = may & (found.steady <= objective)
    paid = np.where(keeps if keeps.any() else may, priced(found, objective), np.inf)
    best = int(np.argmin(paid))
    if stays is not None and paid[stays] - paid[best] <= WORTH * found.lately[stays]:
        best = stays
    return Evidence(best, days, needed, kept)


def priced(found: Measured, objective: float) -> Lanes:
    """What each candidate cost with what it left unserved, in clairvoyant bounds."""
    return found.lately + price(objective) * found.missed


def _refuted(missed: float, objective: float, days: float) -> bool:
    """Whether so few days have lost what may be lost in all that it takes to judge by."""
    return days >= FIRST_DAYS and missed * days > objective * needed_days(objective)

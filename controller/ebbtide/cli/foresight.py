"""All forecasts that the live loop would have made over a recording, once for many replays."""

from collections.abc import Callable, Sequence

import numpy as np

from ebbtide.api.forecast import ForecastSpec
from ebbtide.cli.models import makers
from ebbtide.errors import InvalidInput
from ebbtide.loop.background import AtOnce
from ebbtide.loop.cohort import Column
from ebbtide.loop.forecasting import Forecasting, Foresight
from ebbtide.planning.seen_demand import Forecasts, Recorded
from ebbtide_policies.demand import MINUTE

REACH = 3600.0
"""Seconds of each forecast that are kept: more than it takes to win capacity back."""
_KEY = ("sweep", "demand")


def foreseen(
    recorded: Recorded,
    spec: ForecastSpec,
    since: float,
    told: Callable[[int, int], None] | None = None,
) -> Forecasts:
    """Forecast each minute from `since` (epoch seconds) on by the loop's own forecasting.

    `told` hears how many minutes are done, and of how many.

    Raises:
        InvalidInput: nothing can be foreseen, as nothing is known.

    """
    start, minutes = recorded
    first = max(0, int((since - start) // MINUTE))
    kept, forecasting = int(spec.history // MINUTE), Forecasting(makers(), AtOnce())
    made: list[Foresight] = []
    for row in range(first, minutes.size):
        column = Column(
            key=_KEY,
            newest=start + MINUTE * row,
            minutes=minutes[max(0, row + 1 - kept) : row + 1],
            model=spec.model,
            horizon=spec.horizon,
            trust=spec.trust,
        )
        forecasting.refresh([column])
        found = forecasting.of(_KEY)
        if found and not (made and made[-1].outlook.origin == found.outlook.origin):
            made.append(found)
        if told:
            told(row + 1 - first, minutes.size - first)
    if not made:
        raise InvalidInput("nothing is known of the demand, so nothing can be foreseen")
    return _gathered(made)


def _gathered(made: Sequence[Foresight]) -> Forecasts:
    """The forecasts, minute by minute."""
    kept = int(np.ceil(REACH / MINUTE)) + 1
    return Forecasts(
        levels=made[0].outlook.levels,
        origins=np.array([one.outlook.origin for one in made]),
        values=np.stack([one.outlook.values[:, :kept] for one in made]),
        steps=made[0].outlook.values.shape[1],
        trusted=np.array([one.trusted for one in made]),
    )

"""Demand that leaves a season which never changes, and somebody who believes in it all the same."""

import numpy as np

from ebbtide.forecast.contract import DAY, LEVELS, Floats, Forecast, History
from tests.forecast.conformance import END, HORIZON

USUAL = 1000.0


def season(values: Floats, grid: int = 1) -> tuple[Forecast, History]:
    """What somebody says of demand who believes in the days before, a tenth up."""
    widths = np.linspace(0.0, 0.1, len(LEVELS))[:, None, None]
    made = Forecast(
        origin=END,
        values=USUAL * (1 + widths) + np.zeros((1, HORIZON // grid, values.shape[1])),
        ordinary=np.full((DAY, values.shape[1]), USUAL),
        trusted=np.ones(values.shape[1], bool),
    )
    return made, History(END, values, 60.0 * grid)


def uneven(values: Floats, by: float) -> Floats:
    """The same where every other day before was so much higher, in shares of it, or else lower."""
    signs = (np.arange(len(values)) + DAY // 2) // DAY % 2 * 2 - 1.0
    signs[-DAY // 2 :] = 0.0
    return values * (1 + by * signs[:, None])


def left(minutes: int, days: int, to: float) -> Floats:
    """The usual, and what it left for so many minutes ago."""
    values = np.full((days * DAY, 1), USUAL)
    values[len(values) - minutes :] = to
    return values

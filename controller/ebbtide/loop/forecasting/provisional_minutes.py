"""The last minutes as a forecaster was told them.

The newest minutes are provisional: they are read again a moment later, and may have changed a
little by then. A forecaster that goes on from minute to minute has learnt them already, and would
have to begin anew, with weeks of minutes, to unlearn one. So for two hours it sees them as it was
told; a successor learns the final ones.
"""

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Floats, History, Rows

KEPT = 120
"""Minutes that are kept."""


class ProvisionalMinutes:
    """The last minutes of some series, each as it was when it was told."""

    def __init__(self, series: int) -> None:
        self._minutes = np.full((KEPT, series), np.nan)
        self._until = np.full(series, -np.inf)

    def recall(self, members: Rows, history: History) -> None:
        """Put what some series were told before into their history; it is told from now on."""
        size = min(2 * KEPT, len(history.minutes))
        at: Floats = history.end - history.grid * np.arange(size - 1.0, -1.0, -1.0)
        slots = (at // history.grid).astype(int) % KEPT
        last, told = history.minutes[-size:], self._known(members, at, history.grid)
        np.copyto(last, self._minutes[slots][:, members], where=told)
        kept = slots[-KEPT:]
        self._minutes[kept[:, None], members] = last[-kept.size :]
        self._until[members] = history.end

    def _known(self, members: Rows, at: Floats, grid: float) -> NDArray[np.bool_]:
        """Which of the minutes at these moments were told, and are still kept."""
        until = self._until[members]
        return (at[:, None] <= until) & (at[:, None] > until - KEPT * grid)

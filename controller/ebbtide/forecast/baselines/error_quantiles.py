"""From the errors that a rule made to the quantiles of those to come."""

import numpy as np

from ebbtide.forecast.contract import LEAST_HISTORY, LEVELS, Floats


def error_quantiles(errors: Floats) -> Floats:
    """Empirical quantiles of the errors, (levels, series); wide where few were seen."""
    if not len(errors):
        return np.repeat(_ignorance()[:, None], errors.shape[1], axis=1)
    count = np.count_nonzero(~np.isnan(errors), axis=0)
    ordered = np.sort(np.where(count > 0, errors, 0.0), axis=0)  # NaN sorts last
    rank = np.array(LEVELS)[:, None] * np.maximum(count - 1, 0)
    low = np.floor(rank).astype(int)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    lower, upper = (np.take_along_axis(ordered, i, axis=0) for i in (low, high))
    found: Floats = lower + (rank - low) * (upper - lower)
    few = count < LEAST_HISTORY
    return np.where(few, np.maximum(found, _ignorance()[:, None]), found)


def _ignorance() -> Floats:
    """Errors to reckon with where none were measured yet."""
    return np.array([0.0, 0.1, 0.3, 0.5, 1.0, 2.0])

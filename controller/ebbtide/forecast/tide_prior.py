"""How wide errors are to be expected, by what all kinds of demand have in common.

A width is a sum of multiples of what is known at a row, in units of demand: the mean change over so
many rows; running means of errors over 1, 6, 24 and 96 hours, of those relative to demand, and of
those at the time of day; running means of changes from row to row, fast and slow; and how far the
experts lie above and below the median. The multiples are those of a quantile regression over
recorded demand of nine kinds (viewers, requests, sales, mentions) in which each kind weighs alike.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide_frame import F32, Band

MINUTES = (1, 3, 10, 30, 60, 120)
FEATURES = 11
LEAST, MOST = np.float32(0.05), np.float32(30)
"""Of a width at least, and of anything that it is made of at most, in mean changes."""
MULTIPLES = np.array((
    (
        (0.163, 0.209, -0.259, 0.143, -0.008, 0.234, 0.097, 0.316, 0.326, 0.313, 0.423),
        (-0.103, 0.532, -0.229, 0.198, 0.148, 0.021, 0.164, 0.692, -0.097, 0.345, 0.733),
        (-0.176, 0.565, -0.324, 0.358, 0.230, 0.068, 0.098, 0.498, -0.248, 0.569, 1.148),
        (-0.232, 0.450, -0.293, 0.380, 0.175, 0.355, 0.142, 0.351, -0.168, 0.565, 0.877),
        (-0.199, 0.398, -0.100, -0.095, 0.625, 0.240, 0.158, 0.016, -0.060, 0.679, 0.787),
        (-0.143, 0.644, -0.016, -0.411, 0.694, -0.000, 0.241, -0.011, -0.078, 0.618, 0.782),
    ),
    (
        (-0.318, 0.645, -0.467, 0.251, 0.224, 0.947, 0.159, 1.518, -0.139, 0.620, 0.894),
        (-0.084, 1.500, -0.625, 0.309, -0.304, 0.692, 0.056, 1.458, -0.267, 0.940, 2.435),
        (-0.882, 1.613, -0.643, 1.527, -0.530, 0.618, 0.012, 1.096, 0.303, 1.496, 2.688),
        (-1.033, 0.899, -0.513, 1.792, 0.001, 0.658, -0.076, 1.635, 0.746, 2.105, 3.091),
        (-0.711, 1.165, -0.752, 0.769, 1.337, 0.145, 0.247, 0.348, 0.364, 2.623, 2.728),
        (-0.393, 1.036, -0.846, 0.746, 0.917, -0.102, 0.831, -0.207, 1.323, 2.067, 1.692),
    ),
))  # fmt: skip
"""For the quantiles 0.9 and 0.99, at each of so many minutes ahead."""


def expected(known: F32, band: Band, grid: int) -> F32:
    """Widths above the median, (T, A, LEARNT, G, N), by features (T, A, FEATURES, G, N).

    The first of the features is the mean change; the others are destroyed.
    """
    scale = known[:, :, :1].copy()
    known /= scale
    np.minimum(known, MOST, out=known)
    multiples = _multiples(band, grid)
    out = np.empty((*known.shape[:2], len(multiples), *known.shape[3:]), np.float32)
    for level, of_it in enumerate(multiples):
        np.add.reduce(known * of_it, axis=2, out=out[:, :, level])
    np.maximum(out, LEAST, out=out)
    out *= scale
    return out


@lru_cache
def _multiples(band: Band, grid: int) -> F32:
    """The multiples at the anchors of a band, (LEARNT, A, FEATURES, 1, 1)."""
    minutes = np.log(band.ahead * grid)
    found = [
        [np.interp(minutes, np.log(MINUTES), of_it) for of_it in level.T] for level in MULTIPLES
    ]
    return np.array(found, np.float32).swapaxes(1, 2)[..., None, None]

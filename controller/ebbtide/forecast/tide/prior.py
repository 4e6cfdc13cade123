"""How wide errors are to be expected, by what all kinds of demand have in common.

A width is a sum of multiples of what is known at a row, in units of demand: the mean change over so
many rows; running means of errors over 1, 6, 24 and 96 hours, of those relative to demand, and of
those at the time of day; running means of changes from row to row, over 4 and 15 rows; how far the
experts lie above and below the median; for how many rows, at most two, the value stands still,
since what is measured seldom catches up at once; and how far the last value was above what was
foreseen, and below. These alone are what a series learns by itself. Beyond them all demand knows: a
mean of errors above the median over 6 hours; changes over 60 rows; how far it rose over 4 and over
12 rows; how far the median lies above the last value; and how much the curves differ.

The multiples are those of quantile regressions over recorded demand of nine kinds (viewers,
requests, sales, mentions) in which each kind weighs alike. Those of a value that stands still are
rounded from viewers alone, as few others do so; and of how far the last value was off a series
begins with none.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.frame import Frame

MINUTES = (1, 3, 10, 30, 60, 120)
OWN, FEATURES = 14, 20
"""How many features a series learns by, and all."""
OWN_MULTIPLES = np.array((
    (
        (0.163, 0.209, -0.259, 0.143, -0.008, 0.234, 0.097, 0.316, 0.326, 0.313, 0.423,
         0.6, 0, 0),
        (-0.103, 0.532, -0.229, 0.198, 0.148, 0.021, 0.164, 0.692, -0.097, 0.345, 0.733,
         0.4, 0, 0),
        (-0.176, 0.565, -0.324, 0.358, 0.230, 0.068, 0.098, 0.498, -0.248, 0.569, 1.148,
         0.2, 0, 0),
        (-0.232, 0.450, -0.293, 0.380, 0.175, 0.355, 0.142, 0.351, -0.168, 0.565, 0.877,
         0, 0, 0),
        (-0.199, 0.398, -0.100, -0.095, 0.625, 0.240, 0.158, 0.016, -0.060, 0.679, 0.787,
         0, 0, 0),
        (-0.143, 0.644, -0.016, -0.411, 0.694, -0.000, 0.241, -0.011, -0.078, 0.618, 0.782,
         0, 0, 0),
    ),
    (
        (-0.318, 0.645, -0.467, 0.251, 0.224, 0.947, 0.159, 1.518, -0.139, 0.620, 0.894,
         1.0, 0, 0),
        (-0.084, 1.500, -0.625, 0.309, -0.304, 0.692, 0.056, 1.458, -0.267, 0.940, 2.435,
         0.6, 0, 0),
        (-0.882, 1.613, -0.643, 1.527, -0.530, 0.618, 0.012, 1.096, 0.303, 1.496, 2.688,
         0.3, 0, 0),
        (-1.033, 0.899, -0.513, 1.792, 0.001, 0.658, -0.076, 1.635, 0.746, 2.105, 3.091,
         0, 0, 0),
        (-0.711, 1.165, -0.752, 0.769, 1.337, 0.145, 0.247, 0.348, 0.364, 2.623, 2.728,
         0, 0, 0),
        (-0.393, 1.036, -0.846, 0.746, 0.917, -0.102, 0.831, -0.207, 1.323, 2.067, 1.692,
         0, 0, 0),
    ),
))  # fmt: skip
"""For the quantiles 0.9 and 0.99, at each of so many minutes ahead, where the first are all."""
MULTIPLES = np.array((
    (
        (0.122, 0.107, -0.079, 0.079, 0.009, 0.136, 0.130, 0.329, 0.223, 0.208, 0.154,
         0.6, -0.084, -0.042, 0.095, 0.103, 0.094, 0.030, 0.219, -0.000),
        (0.019, 0.426, -0.136, 0.035, 0.138, 0.010, 0.158, 0.498, 0.186, 0.152, 0.329,
         0.4, 0.072, 0.104, 0.153, -0.224, 0.096, 0.037, 0.116, 0.004),
        (-0.053, 0.425, -0.275, 0.122, 0.229, 0.076, 0.127, 0.130, -0.028, 0.226, 0.545,
         0.2, 0.294, 0.271, 0.160, 0.063, 0.162, -0.022, 0.102, -0.002),
        (-0.191, 0.230, -0.077, 0.214, 0.175, 0.312, 0.175, 0.067, 0.001, 0.281, 0.553,
         0, 0.222, 0.249, 0.021, 0.022, 0.243, 0.043, 0.011, -0.006),
        (-0.198, 0.311, 0.065, -0.041, 0.575, 0.178, 0.178, -0.019, -0.001, 0.565, 0.525,
         0, 0.249, 0.131, -0.215, -0.016, 0.018, -0.011, 0.051, -0.012),
        (-0.160, 0.407, 0.234, -0.204, 0.658, -0.036, 0.208, 0.004, -0.077, 0.418, 0.405,
         0, 0.323, 0.226, -0.462, -0.011, 0.027, -0.005, 0.088, 0.034),
    ),
    (
        (-0.064, 0.391, -0.025, 0.001, -0.021, 0.511, 0.241, 0.949, 0.343, 0.242, 0.412,
         1.0, -0.015, 0.425, -0.000, 0.104, 0.155, 0.130, -0.103, 0.028),
        (0.016, 1.496, -0.151, 0.020, -0.158, 0.586, -0.028, 1.194, 0.374, 0.249, 1.066,
         0.6, 0.044, 0.305, -0.192, -0.748, 0.223, 0.246, 0.230, 0.011),
        (-0.463, 1.206, -0.084, 0.496, -0.282, 0.652, 0.140, 0.161, 0.427, 0.992, 0.913,
         0.3, 0.656, 0.398, -0.402, 0.582, 0.592, -0.148, 0.485, 0.017),
        (-1.128, -0.282, 0.485, 1.088, 0.377, 0.523, 0.197, 0.047, 0.541, 1.921, 1.286,
         0, 0.386, 0.568, 0.557, 0.962, 0.896, 0.146, 0.345, -0.002),
        (-0.812, 0.475, -0.136, 0.390, 1.436, -0.068, 0.144, 0.211, -0.212, 2.217, 1.962,
         0, 0.254, 0.484, 1.035, 0.219, 0.504, -0.021, 0.227, 0.288),
        (-0.458, 0.594, 0.105, 0.592, 1.157, -0.233, -0.046, -0.109, 0.437, 1.147, 0.768,
         0, 0.586, 0.227, -0.129, 0.614, 0.107, -0.010, 0.495, 0.929),
    ),
))  # fmt: skip
"""Those of all features."""


@lru_cache
def multiples(frame: Frame) -> F32:
    """The multiples of all features at every anchor, (A, LEVELS, FEATURES)."""
    return _at_anchors(frame, MULTIPLES)


@lru_cache
def own_multiples(frame: Frame) -> F32:
    """Those of a series' own features alone, (A, LEVELS, OWN)."""
    return _at_anchors(frame, OWN_MULTIPLES)


def _at_anchors(frame: Frame, table: F32) -> F32:
    minutes = np.log(np.array(frame.anchors) * frame.grid)
    found = [[np.interp(minutes, np.log(MINUTES), of_it) for of_it in level.T] for level in table]
    return np.array(found, np.float32).transpose(2, 0, 1)

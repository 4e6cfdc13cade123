"""Demand that did not happen: scaled, sooner or later, with its history as it was."""

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.demand.what_if import Event, WhatIf

SERIES = DemandSeries(start=600.0, minutes=np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
UNKNOWN = float("nan")


@pytest.mark.parametrize(
    ("supposed", "minutes"),
    [
        pytest.param(WhatIf(), [1, 2, 3, 4, 5], id="as it was"),
        pytest.param(WhatIf(times=2.0), [1, 2, 6, 8, 10], id="twice as much"),
        pytest.param(WhatIf(later=60.0), [1, 2, UNKNOWN, 3, 4], id="a minute later"),
        pytest.param(WhatIf(later=-120.0), [1, 2, 5, UNKNOWN, UNKNOWN], id="two minutes sooner"),
        pytest.param(WhatIf(later=3600.0), [1, 2, *[UNKNOWN] * 3], id="after the end"),
        pytest.param(
            WhatIf(event=Event(780.0, 60.0, 9.0, (1.0, 0.1))), [1, 2, 3, 9, 5], id="an event again"
        ),
        pytest.param(
            WhatIf(event=Event(720.0, 120.0, 100.0, (0.5, 0.1, 1.0))),
            [1, 2, 50, 10, 100],
            id="an event that falls and rises, up to its last minute",
        ),
        pytest.param(
            WhatIf(event=Event(720.0, 60.0, 100.0, (0.5, 1.0))),
            [1, 2, 50, 100, 5],
            id="an event that is over",
        ),
        pytest.param(
            WhatIf(times=2.0, event=Event(600.0, 240.0, 9.0, (1.0, 1.0))),
            [1, 2, 9, 9, 10],
            id="an event that began before",
        ),
    ],
)
def test_only_what_is_replayed_changes(supposed: WhatIf, minutes: list[float]) -> None:
    found = supposed.of(SERIES, start=720.0).minutes
    np.testing.assert_array_equal(found, minutes)


def test_what_vouches_for_a_demand_moves_with_it() -> None:
    vouched = replace(SERIES, alive=np.array([1.0, 1.0, 0.5, 1.0, 1.0]))
    found = WhatIf(later=60.0).of(vouched, 720.0).alive
    np.testing.assert_array_equal(found, [1, 1, UNKNOWN, 0.5, 1])


@pytest.mark.parametrize("start", [600.0, 480.0])
def test_without_a_history_all_of_it_changes(start: float) -> None:
    np.testing.assert_array_equal(WhatIf(times=2.0).of(SERIES, start).minutes, [2, 4, 6, 8, 10])

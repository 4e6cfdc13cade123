"""Demand that did not happen: scaled, sooner or later, with its history as it was."""

import numpy as np
import pytest

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.demand.what_if import Event, WhatIf

SERIES = DemandSeries(start=0.0, minutes=np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
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
            WhatIf(event=Event(180.0, 60.0, 9.0, (1.0, 0.1))), [1, 2, 3, 9, 5], id="an event again"
        ),
        pytest.param(
            WhatIf(times=2.0, event=Event(0.0, 240.0, 9.0, (1.0, 1.0))),
            [1, 2, 9, 9, 10],
            id="an event that began before",
        ),
    ],
)
def test_only_what_is_replayed_changes(supposed: WhatIf, minutes: list[float]) -> None:
    found = supposed.of(SERIES, start=120.0).minutes
    np.testing.assert_array_equal(found, minutes)

"""What the shape of an earlier event tells."""

import pytest

from ebbtide.api.reading.parse import parse_profile
from ebbtide.errors import InvalidInput
from tests.api.written import PROFILE, spec_of


def test_a_profile_tells_how_far_above_the_usual_its_event_was() -> None:
    found = parse_profile(spec_of(PROFILE))
    assert (found.growth, found.seconds) == (8.0, 28 * 3600)


def test_a_profile_of_a_moment_that_clocks_skip_is_refused() -> None:
    with pytest.raises(InvalidInput, match="skip 2025-03-09 02:30"):
        parse_profile(spec_of(PROFILE, start="2025-03-09 02:30", timeZone="America/New_York"))


def test_in_an_hour_that_clocks_repeat_it_ended_as_late_as_that_can_mean() -> None:
    repeated = {"start": "2026-11-01 00:30", "end": "2026-11-01 01:30"}
    found = parse_profile(spec_of(PROFILE, **repeated, timeZone="America/New_York"))
    assert found.seconds == 2 * 3600

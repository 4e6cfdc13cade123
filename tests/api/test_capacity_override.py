"""A word of a person ends, and concerns some workloads."""

from datetime import UTC, datetime

import pytest

from ebbtide.api.reading.parse import parse_override
from ebbtide_policies.observation import Phase
from tests.api.written import OVERRIDE, spec_of

TEN_PM = 1794315600.0
"""2026-11-10 21:00 in Shanghai."""


def test_an_override_ends_at_a_moment_of_its_zone() -> None:
    found = parse_override(
        spec_of(OVERRIDE, until="2026-11-10 21:00", timeZone="Asia/Shanghai", phase="War")
    )
    assert found.ends_at() == TEN_PM
    assert found.phase is Phase.WAR
    assert parse_override(spec_of(OVERRIDE)).ends_at() == 1794463200.0


def test_in_an_hour_that_clocks_repeat_it_ends_as_late_as_it_can_mean() -> None:
    found = parse_override(
        spec_of(OVERRIDE, until="2026-11-01 01:30", timeZone="America/New_York", freeze=True)
    )
    assert found.ends_at() == datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("selector", "labels", "concerned"),
    [
        pytest.param({}, {}, True, id="empty-selects-all"),
        pytest.param({"a": "b"}, {"a": "b", "c": "d"}, True, id="labels-beside-it"),
        pytest.param({"a": "b"}, {"a": "c"}, False, id="another-value"),
        pytest.param({"a": "b"}, {}, False, id="no-label"),
    ],
)
def test_an_override_concerns_by_label(
    selector: dict[str, str], labels: dict[str, str], concerned: bool
) -> None:
    assert parse_override(spec_of(OVERRIDE, selector=selector)).matches(labels) is concerned

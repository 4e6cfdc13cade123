"""Moments come back from their text."""

import pytest

from ebbtide.api.timestamps import epoch, epoch_or_none, stamp

TEN_PM = 1794315600.0
"""2026-11-10 21:00 in Shanghai."""


def test_moments_of_a_status_come_back() -> None:
    assert stamp(TEN_PM + 0.25) == "2026-11-10T13:00:00.250Z"
    assert epoch(stamp(TEN_PM + 0.25)) == TEN_PM + 0.25


@pytest.mark.parametrize("text", ["2026-11-10T13:00:00", "never"])
def test_a_moment_without_offset_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"offset|isoformat"):
        epoch(text)


@pytest.mark.parametrize("written", ["2026-11-10T13:00:00", "never", None, 1794315600])
def test_what_others_have_written_may_be_no_moment(written: object) -> None:
    assert epoch_or_none(written) is None
    assert epoch_or_none(stamp(TEN_PM)) == TEN_PM

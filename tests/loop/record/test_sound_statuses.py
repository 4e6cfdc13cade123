"""A status is looked at once: what it holds is the house's, or it is none."""

import logging
from dataclasses import replace

import pytest

from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.record.sound_statuses import SoundStatuses

SOUND = Resource(
    kind="CapacityPolicy",
    namespace="live",
    name="edge",
    resource_version="7",
    status={"memory": {}},
)
GARBLED = replace(SOUND, status={"memory": 7})


def test_a_sound_status_stays_and_a_garbled_one_is_none(caplog: pytest.LogCaptureFixture) -> None:
    origin = replace(SOUND, name="origin")
    with caplog.at_level(logging.WARNING):
        assert SoundStatuses().of([GARBLED, origin]) == [replace(GARBLED, status={}), origin]
    assert "live/edge: status.memory can't be understood; begin anew" in caplog.text


def test_a_garbled_status_is_told_of_as_long_as_it_is_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    statuses = SoundStatuses()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            statuses.of([GARBLED])
    assert caplog.text.count("begin anew") == 2


@pytest.mark.parametrize(
    ("version", "trusted"),
    [
        pytest.param("7", True, id="the version that was written"),
        pytest.param("8", False, id="one that somebody wrote since"),
        pytest.param("", False, id="one that nobody can tell from others"),
    ],
)
def test_what_was_written_is_not_looked_at_again(version: str, trusted: bool) -> None:
    statuses = SoundStatuses()
    statuses.wrote(replace(SOUND, resource_version="7" if version else ""))
    [found] = statuses.of([replace(GARBLED, resource_version=version)])
    assert (found.status == GARBLED.status) is trusted


def test_what_was_looked_at_is_known_while_it_is_there() -> None:
    statuses = SoundStatuses()
    statuses.of([SOUND])
    assert statuses.of([GARBLED]) == [GARBLED], "the same version is the same status"
    statuses.of([])
    assert statuses.of([GARBLED]) == [replace(GARBLED, status={})]

"""Falls that were recorded: the match ends of a World Cup, and the ebb of a forum's great day."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np

from ebbtide.planning.demand.recording import read_recording
from ebbtide.planning.demand.series import DemandSeries, by_minute
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.falls import FLEET, HISTORY, LEAD_IN, SECONDS, TICK, Fall

MATCHES = "worldcup98_requests_1min.csv"
EBB = "reddit2018_announcements_active_users_10min.csv"
_HALF_A_DAY = 720
_SETTLED = 45
_BEFORE = 15


def recorded(matches: int = 4) -> Sequence[Fall]:
    """The falls of the traces under EBBTIDE_TRACES; none where there are none."""
    folder = os.environ.get("EBBTIDE_TRACES")
    if not folder:
        return []
    cup = by_minute(read_recording(pathlib.Path(folder, MATCHES).read_text()))
    forum = by_minute(read_recording(pathlib.Path(folder, EBB).read_text()))
    found = [
        _fall(f"match-end-{place + 1}", cup, minute, SECONDS)
        for place, minute in enumerate(sorted(steepest(cup.minutes, matches)))
    ]
    crest = HISTORY + 60 + int(np.nanargmax(forum.minutes[HISTORY + 60 :]))
    hours = np.arange(-LEAD_IN, 8 * 3600.0, TICK)
    return [*found, _fall("reddit-ebb", forum, crest, hours)]


def steepest(minutes: Lanes, count: int) -> Sequence[int]:
    """The minutes after which most of a high demand goes within the hour, half a day apart."""
    known = np.nan_to_num(minutes)
    total = np.concatenate(([0.0], np.cumsum(known)))
    at = np.arange(HISTORY + 60, known.size - 240)
    before = (total[at] - total[at - _BEFORE]) / _BEFORE
    after = (total[at + _SETTLED] - total[at + _BEFORE]) / (_SETTLED - _BEFORE)
    lost = np.where(before >= known.max() / 5, (before - after) / np.maximum(before, 1.0), 0.0)
    chosen: list[int] = []
    for place in np.argsort(-lost).tolist():
        if all(abs(int(at[place]) - other) >= _HALF_A_DAY for other in chosen):
            chosen.append(int(at[place]))
        if len(chosen) == count:
            break
    return chosen


def _fall(name: str, series: DemandSeries, minute: int, seconds: Lanes) -> Fall:
    """What was recorded around a minute, scaled to a fleet of 1,000 before the fall."""
    moment = series.start + minute * MINUTE
    lead_in = np.arange(-LEAD_IN, TICK, TICK)
    scale = FLEET / float(series.at(moment + lead_in).max())

    def course(at: Lanes) -> Lanes:
        return np.asarray(series.at(moment + at) * scale)

    return Fall(
        name=name, kind="recorded", truth=course, before=course, lenient=False, seconds=seconds
    )

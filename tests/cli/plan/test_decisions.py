"""What `ebbtide plan --decisions` writes is enough for anybody to score a plan anew."""

import csv as reader
import json
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Ebbtide
from tests.cli.samples import EDGE, csv, write

TICK, LEAD = 15, 180
BEFORE, AFTER = 90, 60
"""Minutes around the highest of a recording."""


class Scored(NamedTuple):
    """What a stranger finds, who knows the two files and how a fleet boots."""

    replica_hours: float
    unserved: float
    worst: float
    events: int


def table(text: str, column: str) -> tuple[list[float], list[float]]:
    """Epoch seconds and numbers of the rows that have one."""
    rows = [row for row in reader.DictReader(text.splitlines()) if row[column]]
    moments = [datetime.fromisoformat(row["timestamp"]).timestamp() for row in rows]
    return moments, [float(row[column]) for row in rows]


def between(at: Sequence[float], values: Sequence[float], moment: float) -> float:
    """Demand at a moment: linear from one recorded point to the next."""
    right = bisect_right(at, moment)
    if right == len(at):
        return values[-1]
    part = (moment - at[right - 1]) / (at[right] - at[right - 1])
    return values[right - 1] + part * (values[right] - values[right - 1])


def scored_anew(decisions: str, demand: str, per_replica: float) -> Scored:
    """Score the decisions by hand: a replica serves one lead time after it was asked for."""
    at, values = table(demand, "value")
    decided, desired = table(decisions, "desired")
    moments = [at[0] + TICK * i for i in range(int((at[-1] - at[0]) // TICK) + 1)]
    asked = [desired[max(0, bisect_right(decided, moment) - 1)] for moment in moments]
    needed = [between(at, values, moment) / per_replica for moment in moments]
    boot = LEAD // TICK
    short = [max(0.0, need - min(asked[max(0, i - boot) : i + 1])) for i, need in enumerate(needed)]
    return Scored(
        replica_hours=sum(asked) * TICK / 3600,
        unserved=sum(short) / sum(needed),
        worst=max(short),
        events=sum(one != other for one, other in pairwise(asked)),
    )


def burst() -> str:
    """A quiet hour, then five times of it at once, which is more than any fleet boots for."""
    return csv([*[1000] * 60, *[5000] * 30, *[1200] * 30])


def recorded(name: str) -> str:
    """The hours around the highest minute of a recording."""
    folder = os.environ.get("EBBTIDE_TRACES")
    if not folder or not Path(folder, name).is_file():
        pytest.skip(f"EBBTIDE_TRACES names no folder with {name}")
    head, *rows = Path(folder, name).read_text().splitlines()
    values = [float(row.partition(",")[2] or 0) for row in rows]
    top = max(range(len(rows)), key=values.__getitem__)
    return "\n".join([head, *rows[max(0, top - BEFORE) : top + AFTER], ""])


RECORDINGS: Mapping[str, tuple[str, int]] = {
    "live viewers": ("gdq_sgdq2017_twitch_viewers_1min.csv", 800),
    "spiky requests": ("worldcup98_requests_1min.csv", 1000),
}


@pytest.mark.parametrize(
    "recording",
    [
        pytest.param("a burst", id="a burst"),
        *(pytest.param(name, marks=pytest.mark.traces, id=name) for name in RECORDINGS),
    ],
)
def test_whoever_scores_the_decisions_anew_finds_what_the_plan_says(
    ebbtide: Ebbtide, tmp_path: Path, recording: str
) -> None:
    name, per_replica = RECORDINGS.get(recording, ("", 100))
    demand = recorded(name) if name else burst()
    policy = EDGE.replace("perReplica: 100", f"perReplica: {per_replica}")
    write(tmp_path, edge_yaml=policy, demand_csv=demand)
    wanted = ("--tick", f"{TICK}s", "--lead", f"{LEAD}s", "--decisions", "out.csv", "--json")
    told = ebbtide("plan", "edge.yaml", "--csv", "demand.csv", *wanted)
    assert told.code == 0, told.err
    mine = json.loads(told.out)[0]["score"]
    found = scored_anew((tmp_path / "out.csv").read_text(), demand, per_replica)
    assert found.replica_hours == pytest.approx(mine["replicaHours"], rel=1e-9)
    assert found.unserved == pytest.approx(mine["unserved"], rel=1e-9, abs=1e-12)
    assert found.worst == pytest.approx(mine["worstShortfall"], rel=1e-9, abs=1e-9)
    assert found.events == mine["events"] > 0
    if recording == "a burst":
        assert found.unserved > 0

"""What the way down has to show, judged on the rows of one run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.bench.descent.falls import MAX_STEP
from tests.bench.descent.scores import Row

TUNED = 188.0
"""Idle hours of the HPA with Percent 10 per 60 s on the cliff, if its metric were not late."""
UNANNOUNCED, ANNOUNCED = 0.65, 0.3
BAD_DAYS = ("lowered-max", "metric-zero", "half-filled", "restarts", "moving-forecast")
ORDINARY = "-on-an-ordinary-day"
TWICE = ("cliff", "dip", "fall-over-3-min")
"""Those that are told on an ordinary day as well."""
OURS = ("ebbtide", "ebbtide-announced")

Board = Mapping[tuple[str, str], Row]
"""Rows by scenario and scaler."""

Paced = Mapping[tuple[str, str], bool]
"""Whether no 60 s took more than a fifth of the fleet at its highest; by scenario and scaler."""


class Verdict(NamedTuple):
    """One criterion, and what came of it."""

    says: str
    found: str
    reached: bool


def board(rows: Sequence[Row]) -> Board:
    """Rows by scenario and scaler."""
    return {(str(one["scenario"]), str(one["scaler"])): one for one in rows}


def value(rows: Board, scenario: str, scaler: str, name: str) -> float:
    """One number of one row."""
    return float(rows[scenario, scaler][name] or 0.0)


def short(rows: Board, scenario: str, scaler: str) -> float:
    """Shortfall in replica-minutes, as far as it can be seen."""
    return round(value(rows, scenario, scaler, "shortfall_replica_minutes"), 1)


def idle(rows: Board, scenario: str, scaler: str) -> float:
    """Idle replica-hours."""
    return value(rows, scenario, scaler, "idle_replica_hours")


def drop(rows: Board, scenario: str, scaler: str) -> float:
    """Most replicas that went in 60 s."""
    return value(rows, scenario, scaler, "largest_drop_60s")


def merits(rows: Board, paced: Paced, scaler: str) -> Mapping[str, bool]:
    """What a scaler has of all that is asked for."""
    return {
        "cheap cliff": idle(rows, "cliff", scaler) <= UNANNOUNCED * TUNED,
        "in steps": all(paced[name, scaler] for name in ("cliff", "dip", *BAD_DAYS)),
        "dip carried": short(rows, "dip", scaler) == 0,
        "bad days carried": all(short(rows, day, scaler) == 0 for day in BAD_DAYS),
    }


def verdicts(rows: Board, scenarios: Sequence[str], paced: Paced) -> Iterator[Verdict]:
    """Every criterion on the falls that have a name."""
    for past, where in (("", ""), (ORDINARY, ", on a day that usually asks for 1,000")):
        yield _none_short(rows, ["dip" + past], "no shortfall in the dip" + where)
        for scaler, share in zip(OURS, (UNANNOUNCED, ANNOUNCED), strict=True):
            hours = idle(rows, "cliff" + past, scaler)
            word = "announced" if scaler == OURS[1] else "not announced"
            yield Verdict(
                f"idle on the cliff at most {share:g} x {TUNED:.0f} hours, {word}{where}",
                f"{hours:.1f} ({hours / TUNED:.2f}; {_ratio(rows, past, hours):.2f} in this run)",
                hours <= share * TUNED,
            )
    yield _none_short(rows, BAD_DAYS, "no shortfall on any bad day")
    late = [f"{scaler} {name}" for name in scenarios for scaler in OURS if not paced[name, scaler]]
    yield Verdict(
        f"at most {MAX_STEP:.0%} of the fleet in any 60 s, in every scenario",
        ", ".join(late) or f"held in all {len(scenarios)}, announced and not",
        not late,
    )


def _ratio(rows: Board, past: str, hours: float) -> float:
    return hours / idle(rows, "cliff" + past, "hpa-10%/60s")


def _none_short(rows: Board, names: Sequence[str], says: str) -> Verdict:
    found = {
        f"{scaler} {name}: {short(rows, name, scaler):,.0f}"
        for name in names
        for scaler in OURS
        if short(rows, name, scaler) > 0
    }
    return Verdict(says, ", ".join(sorted(found)) or "0", not found)

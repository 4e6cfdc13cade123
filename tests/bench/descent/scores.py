"""What a fall cost under one scaler, and whom it failed."""

from collections.abc import Mapping, Sequence

import numpy as np

from ebbtide.planning.scoring.score import largest_drop
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide.planning.windows import highest_ahead
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.cut_off import cut_off
from tests.bench.descent.falls import BOOT, MAX_STEP, TICK, Fall

Row = Mapping[str, str | float | None]
"""One line of build/bench/descent.json."""

PARKED = 0.9
"""HPA's tolerance: it leaves a fleet alone that carries so much of demand."""
SESSIONS = 10
"""Sessions on a replica at target load."""
_CALM = int(300 / TICK)


def row(fall: Fall, scaler: str, asked: Lanes) -> Row:
    """One scaler on one fall."""
    [found] = rows([fall], scaler, asked[:, np.newaxis])
    return found


def rows(falls: Sequence[Fall], scaler: str, asked: Lanes) -> Sequence[Row]:
    """One scaler on falls that are looked at for as long; `asked` is [tick, fall]."""
    demand = np.stack([fall.demand for fall in falls], axis=1)
    disrupted = cut_off(asked, demand * SESSIONS).round(1).tolist()
    return [
        {
            "scenario": fall.name,
            "scaler": scaler,
            "seconds_to_target": seconds_to_target(fall, asked[:, lane]),
            "largest_drop_60s": largest_drop(asked[:, lane], TICK, 60.0),
            "shortfall_replica_minutes": shortfall(fall, asked[:, lane]),
            "idle_replica_hours": idle(fall, asked[:, lane]),
            "disrupted_sessions": disrupted[lane],
        }
        for lane, fall in enumerate(falls)
    ]


def idle(fall: Fall, asked: Lanes) -> float:
    """Ready replicas above demand, in replica-hours."""
    ready = ready_replicas(asked, int(BOOT / TICK))
    return float(np.maximum(ready - fall.demand, 0).sum() * TICK / 3600)


def shortfall(fall: Fall, asked: Lanes) -> float:
    """Demand that was not carried, in replica-minutes."""
    ready = ready_replicas(asked, int(BOOT / TICK))
    counted = fall.demand * (PARKED if fall.lenient else 1.0)
    return float(np.maximum(counted - ready, 0).sum() * TICK / 60)


def seconds_to_target(fall: Fall, asked: Lanes) -> float | None:
    """From the fall until the fleet is within a tenth of what is needed at last, for 5 minutes."""
    goal = max(float(fall.demand[-1]), 1.0) * 1.1 + 2
    settled = (highest_ahead(asked, _CALM - 1) <= goal) & (fall.seconds >= 0)
    first = np.flatnonzero(settled)
    return float(fall.seconds[first[0]]) if first.size else None


def together(scenario: str, scaler: str, rows: Sequence[Row]) -> Row:
    """Many falls as one row: sums, the largest drop, the median time."""
    times = [r["seconds_to_target"] for r in rows if r["seconds_to_target"] is not None]

    def total(name: str) -> float:
        return sum(float(r[name] or 0.0) for r in rows)

    return {
        "scenario": scenario,
        "scaler": scaler,
        "seconds_to_target": float(np.median(np.array(times, dtype=float))) if times else None,
        "largest_drop_60s": max(float(r["largest_drop_60s"] or 0.0) for r in rows),
        "shortfall_replica_minutes": total("shortfall_replica_minutes"),
        "idle_replica_hours": total("idle_replica_hours"),
        "disrupted_sessions": total("disrupted_sessions"),
    }


def paced(asked: Lanes) -> bool:
    """Whether no 60 seconds took more than the allowed share of the fleet at its highest."""
    return largest_drop(asked, TICK, 60.0) <= MAX_STEP * float(asked.max()) + 1e-9

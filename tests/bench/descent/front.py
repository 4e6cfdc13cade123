"""Idle against shortfall over the family: Ebbtide from careless to careful, and every rival."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.criteria import OURS, Verdict
from tests.bench.descent.falls import Fall
from tests.bench.descent.lanes import Lookout, swept
from tests.bench.descent.scalers import RIVALS, WINDOWS, driven_by, own_pace
from tests.bench.descent.scores import Row, rows, together
from tests.bench.descent.world import PLAIN, Trial

MINUTES = (0, 3, 6, 10, 15, 20, 25)
"""How long a dip may last, from careless to careful: the knob of Ebbtide's front."""
BLIND = "Persistence"
"""The forecaster that expects what is there: for who believes in no season."""
TOLERANCES = (0.1, 0.01)
HPA, FINE = "hpa-own-pace", "tolerance-1%"

QUICK: Json = {
    "stabilization": {"headroom": "0%", "window": "0s"},
    "hold": {"suspicion": "0s"},
    "forecastNeed": {"quantile": 0.5},
    "presentNeed": {"headroom": "0%", "slopeWindow": "60s"},
}
"""Without a wait of its own, so that the knob alone says how careful it is."""
CARELESS: Json = {
    **QUICK,
    "stabilization": {"headroom": "0%", "window": "0s", "tolerance": "0%"},
    "hold": {"suspicion": "0s", "believableDrop": "100%"},
    "forecastNeed": {"quantile": 0.5, "tolerance": "0%"},
    "presentNeed": {"headroom": "0%", "slopeWindow": "60s", "tolerance": "0%"},
}


class Point(NamedTuple):
    """One setting of one scaler over the whole family."""

    scaler: str
    idle: float
    """Replica-hours."""
    short: float
    """Replica-minutes."""

    @classmethod
    def of(cls, one: Row) -> "Point":
        """The point that a row is."""
        idle, short = one["idle_replica_hours"], one["shortfall_replica_minutes"]
        return cls(str(one["scaler"]), float(idle or 0.0), float(short or 0.0))


def steps(model: str) -> Mapping[str, Trial]:
    """Ebbtide's settings from careless to careful, by the name that their rows have."""
    word = "blind" if model == BLIND else "quick"
    found = {f"ebbtide-{word}-window-{m}m": _setting(model, QUICK, window=f"{m}m") for m in MINUTES}
    if model != BLIND:
        return found
    nothing = {"window": "0s", "early": "100%"}
    at_once = {**nothing, "maxStep": "100%", "soak": "15s"}
    return {
        "ebbtide-careless-any-pace": _setting(model, CARELESS, **at_once),
        "ebbtide-careless": _setting(model, CARELESS, **nothing),
        **found,
    }


def _setting(model: str, policies: Json, **descent: str) -> Trial:
    way_down = {**PLAIN["descent"], "quantile": 0.5, **descent}
    return Trial(policies={**PLAIN, **policies, "descent": way_down}, model=model)


def of_family(falls: Sequence[Fall], trial: Trial) -> Iterator[Row]:
    """Ebbtide as it is set up and over its knob, every rival, and the HPA over all windows."""
    lookout = Lookout(falls, trial.model)
    for name, announced in zip(OURS, (False, True), strict=True):
        yield _sum(falls, name, swept(lookout, replace(trial, announced=announced)))
    for model in (trial.model, BLIND):
        looked = lookout if model == trial.model else Lookout(falls, model)
        for name, setting in steps(model).items():
            yield _sum(falls, name, swept(looked, setting))
    for name, make in RIVALS.items():
        yield _sum(falls, name, driven_by(name, make, falls))
    for tolerance in TOLERANCES:
        for window in WINDOWS:
            name = f"{HPA}-{window:.0f}s-tolerance-{tolerance:.0%}"
            yield _sum(falls, name, driven_by("hpa", own_pace(window, tolerance), falls))


def _sum(falls: Sequence[Fall], scaler: str, asked: Lanes) -> Row:
    return together("family", scaler, rows(falls, scaler, asked))


def edge(points: Sequence[Point]) -> Sequence[Point]:
    """The points that none of the others is better than in both, from the cheapest on."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.idle, p.short)):
        if not kept or point.short < kept[-1].short:
            kept.append(point)
    return kept


def beaten_by(point: Point, front: Sequence[Point]) -> Point | None:
    """A point of a front that is no dearer and no shorter than this one."""
    return next((p for p in front if p.idle <= point.idle and p.short <= point.short), None)


def front_verdicts(many: Sequence[Row]) -> Iterator[Verdict]:
    """Whether Ebbtide's front lies below the HPA's for every window, and below every rival."""
    points = [Point.of(one) for one in many]
    ours = edge([p for p in points if p.scaler.startswith("ebbtide")])
    hpa = [p for p in points if p.scaler.startswith(HPA)]
    rivals = [p for p in points if p not in hpa and not p.scaler.startswith("ebbtide")]
    for who, others in (
        ("the HPA at the same pace, for every window", hpa),
        ("every rival", rivals),
    ):
        above = [p.scaler for p in others if beaten_by(p, ours) is None]
        yield Verdict(
            f"family: as little idle and as little shortfall as {who}",
            f"all {len(others)} points" if not above else "not " + ", ".join(above),
            not above,
        )

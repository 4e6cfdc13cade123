"""`ebbtide tune` for a policy with an objective: it chooses by what the operator chooses by."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ebbtide.api.capacity_policy.objective import Settings, knobs, prior
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.schema import Printed
from ebbtide.cli.simulation.demand import EVERY_QUERY, Recorded
from ebbtide.cli.simulation.simulation import Conditions
from ebbtide.cli.tune.choice import candidates, found_by_objective
from ebbtide.cli.tune.trial_setup import TrialSetup
from ebbtide.planning.demand.past import Past
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.tuning.judgement import Measured
from ebbtide.planning.tuning.objective import CANDIDATES
from ebbtide.planning.tuning.own_weeks import OwnWeeks
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Event
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked
from tests.cli.samples import EDGE, csv, write

START, MINUTE, DELAY = 1_772_452_800.0, 60.0, 30.0
"""2026-03-02 12:00 UTC."""
AIM = 1e-4
SPEC: dict[str, Any] = {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
    "demand": {"query": "sum(viewers)"},
    "capacity": {"perReplica": 100, "leadTime": "180s"},
    "replicas": {"min": 2, "max": 45},
    "objective": {"unserved": "0.01%"},
    "forecast": {"model": "Persistence"},
}
OPENING = {
    "start": "2026-03-02 13:00",
    "end": "2026-03-02 14:00",
    "readyBy": "2026-03-02 12:50",
    "expect": [{"demand": 8000}],
}


def manifest(kind: str, spec: dict[str, Any]) -> Manifest:
    return Manifest(kind=kind, namespace="live", name="edge", labels={}, spec=spec)


def minutes() -> Lanes:
    """Five hours up to 50 replicas, some minutes of them unknown."""
    found: Lanes = 3000 + 2000 * np.sin(np.arange(300.0) / 25)
    found[200:220] = np.nan
    return found


def test_files_are_judged_by_what_the_operator_judges_by() -> None:
    """Neither events nor unknown minutes count, nor demand that no fleet could have carried."""
    series = DemandSeries(start=START, minutes=minutes())
    recorded = Recorded({EVERY_QUERY: series}, START, series.end)
    beside = (manifest("EventCalendar", {"events": {"opening": OPENING}}),)
    conditions = Conditions(tick=MINUTE, delay=DELAY)
    need = TrialSetup(manifest("CapacityPolicy", SPEC), beside, recorded, conditions).counted_need()

    ready, start, end = (START + MINUTE * at for at in (50, 60, 120))
    past = Past(start=START, demands={"demand": minutes()}, per_replica={"demand": 100.0})
    event = Event("opening", start, end, ready)
    weeks = OwnWeeks(
        name="live/edge", spec=SPEC, past=past, lead_time=180.0, delay=0.0, events=[event]
    )
    theirs = weeks.truth(parse_policy(SPEC).replicas).demand
    np.testing.assert_allclose(need[: theirs.size], theirs)
    assert np.nanmax(need) == 45
    assert np.isnan(need[50:120]).all()
    assert np.isnan(need[200:220]).all()
    assert int(np.count_nonzero(np.isfinite(need))) == pytest.approx(300 - 70 - 20, abs=2)


def tuned(ebbtide: Ebbtide) -> Any:
    told = ebbtide("tune", "aim.yaml", "--csv", "day.csv", "--json")
    assert told.code == 0, told.err
    return checked(Printed.TUNE, told.out)


def objective(said: str = "") -> str:
    return f"{EDGE}  forecast: {{model: Persistence}}\n  objective: {{unserved: 1%}}\n{said}"


HIGH = [1000 + 3000 * (i % 60 > 30) for i in range(200)]


def test_what_no_fleet_could_have_carried_is_no_settings_fault(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    few = objective().replace("max: 500", "max: 10")
    write(tmp_path, aim_yaml=few, day_csv=csv(HIGH))
    assert all(one["searched"]["unserved"] < 1e-6 for one in tuned(ebbtide)["front"])


def test_while_too_little_is_known_what_is_written_stays(ebbtide: Ebbtide, tmp_path: Path) -> None:
    written = "  policies: {presentNeed: {headroom: 25%}, rate: {share: 10%, replicas: 2}}\n"
    write(tmp_path, aim_yaml=objective(written), day_csv=csv([1000] * 100))
    found = tuned(ebbtide)
    [best] = [one["set"] for one in found["front"] if one["recommended"]]
    assert found["variants"] == 62
    assert best["policies.presentNeed.headroom"] == "25%"
    assert best["policies.rate.share"] == "10%"


def measured(hours: Sequence[float]) -> Measured:
    cost, nothing = np.array(hours), np.zeros(len(hours))
    return Measured(cost, cost, nothing, cost, nothing, nothing, nothing)


STRICT = knobs(0.6, 0.0)
WRITES_ALL = {"policies": {name: dict(own) for name, own in STRICT.items()}}


@pytest.mark.parametrize(
    ("spec", "days", "best"),
    [
        pytest.param({}, 28.0, CANDIDATES[0], id="the cheapest"),
        pytest.param({}, 3.0, prior(AIM), id="the prior, while little is known"),
        pytest.param(WRITES_ALL, 28.0, CANDIDATES[0], id="another than is written"),
        pytest.param(WRITES_ALL, 3.0, STRICT, id="what is written, while little is known"),
        pytest.param(WRITES_ALL | {"tuning": "Apply"}, 28.0, STRICT, id="what is written wins"),
    ],
)
def test_recommended_is(spec: dict[str, Any], days: float, best: Settings) -> None:
    written = SPEC | spec
    tried = candidates(AIM, written)
    found = found_by_objective(measured([100.0 + i for i in range(len(tried))]), AIM, days, written)
    said = {edit.path: edit.value for edit in tried[found.best]}
    assert said == {
        ("policies", name, key): value for name, own in best.items() for key, value in own.items()
    }
    if len(tried) == 1:
        assert "there is nothing to choose" in str(found.why)

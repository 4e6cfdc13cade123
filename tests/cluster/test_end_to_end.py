"""test"""
import numpy as np, pytest
from pathlib import Path
from tests.cluster.match_day import MatchDay, keep, PER_REPLICA

@pytest.mark.timeout(600)
def test_x(match_day: MatchDay, request) -> None:
    keep(match_day, request.config.rootpath / "build" / "cluster")
    d = match_day
    ko = d.recordings["match"].live
    print({k: round(v-ko,1) for k,v in d.moments.items()})
    for app, s in d.stairs.items():
        print(app, [(round(c.at-ko,2), c.replicas) for c in s.changes])
        print(s.largest_drop(5), s.largest_drop(4.5), s.shortest_rest())
        if app in d.recordings:
            print([(m, round(d.recordings[app](ko+m)/PER_REPLICA,1)) for m in range(-60,221,10)])
    for t in d.tables: print(t)
    print(d.described["match"])
    print(d.outage.get("binding"), d.outage.get("conditions"))
    for e in d.events["quiet"]: print(e["eventTime"], e["type"], e["reason"], e["note"])
    for e in sorted(d.events["match"], key=lambda e: e["eventTime"]): print(e["eventTime"], e["type"], e["reason"], e["note"])
    print(d.traces)

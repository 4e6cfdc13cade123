"""`ebbtide plan --from-cluster`: what runs in a namespace, and the walls before its peak."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.cli.schema import Printed
from tests.adapters.http_api import HttpApi, refusal
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked, english, shown, words
from tests.cli.samples import EDGE, HILL, csv, write

OWN = "/apis/ebbtide.dev/v1alpha1"
LIVE = "namespaces/live"
EDGE_POLICY = yaml.safe_load(EDGE)
PLAN = ("plan", "--csv", "hill.csv", "--tick", "120s", "--kubeconfig=kubeconfig")
HOUR = HILL[::2]
ON_THE_CLUSTER = (*PLAN, "--from-cluster", "live")


def items(*found: Any) -> dict[str, Any]:
    return {"items": list(found)}


def pod(name: str, node: str) -> dict[str, Any]:
    spec = {"nodeName": node, "containers": [{"resources": {"requests": {"cpu": "1"}}}]}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": "Running"}}


def node(name: str, cpu: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True"}
    status = {"allocatable": {"cpu": cpu, "pods": "110"}, "conditions": [condition]}
    return {"metadata": {"name": name}, "status": status}


def quota(cpu: str, used: str) -> dict[str, Any]:
    status = {"hard": {"requests.cpu": cpu}, "used": {"requests.cpu": used}}
    return {"metadata": {"name": "compute"}, "spec": {}, "status": status}


def calendar(demand: str) -> dict[str, Any]:
    """An event of years to come that asks for so much."""
    spec = {
        "events": {
            "double-11": {
                "start": "2099-11-10 20:00",
                "end": "2099-11-10 22:00",
                "expect": [{"demand": demand}],
            }
        }
    }
    return {"metadata": {"name": "days", "namespace": "ebbtide", "uid": "c"}, "spec": spec}


@pytest.fixture(autouse=True)
def _cluster(api: HttpApi, tmp_path: Path) -> None:
    """A policy whose Deployment has ten pods of one core, on a node of a hundred."""
    write(tmp_path, hill_csv=csv(HOUR))
    api.kubeconfig(tmp_path / "kubeconfig")
    policy = EDGE_POLICY | {"metadata": {**EDGE_POLICY["metadata"], "uid": "p", "generation": 1}}
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(policy))
    for plural in ("eventcalendars", "capacityoverrides"):
        for namespace in (LIVE, "namespaces/ebbtide"):
            api.on("GET", f"{OWN}/{namespace}/{plural}", items())
    fleet = {
        "metadata": {"name": "edge", "namespace": "live", "uid": "d"},
        "spec": {"replicas": 10, "selector": {"matchLabels": {"app": "edge"}}},
        "status": {"readyReplicas": 10, "replicas": 10, "updatedReplicas": 10},
    }
    api.on("GET", f"/apis/apps/v1/{LIVE}/deployments", items(fleet))
    api.on("GET", f"/apis/autoscaling/v2/{LIVE}/horizontalpodautoscalers", items())
    api.on("GET", f"/apis/keda.sh/v1alpha1/{LIVE}/scaledobjects", items())
    pods = items(*(pod(f"edge-{i}", "big") for i in range(10)))
    api.on("GET", f"/api/v1/{LIVE}/pods", pods)
    api.on("GET", "/api/v1/pods", pods)
    api.on("GET", "/api/v1/nodes", items(node("big", "100")))
    api.on("GET", f"/api/v1/{LIVE}/resourcequotas", items())


def peak_of(told: str) -> int:
    """The planned peak, off the row of the workload."""
    [row] = [line for line in told.splitlines() if line.startswith("edge ")]
    return int(row.split()[2])


def test_what_runs_is_planned_and_held_against_the_walls(ebbtide: Ebbtide) -> None:
    told = ebbtide(*ON_THE_CLUSTER)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("live/edge  2026-03-02 12:00 to 2026-03-02 13:00 UTC\npeak ")
    assert "live  ready for the planned peak" in told.out
    peak = peak_of(told.out)
    assert max(HOUR) / 100 <= peak <= 60
    [row] = [line for line in told.out.splitlines() if line.startswith("edge ")]
    assert row.split()[1:3] == ["10", str(peak)]
    assert row.rstrip().endswith("100   10,000  nodes")
    assert f"carries up to {100 / peak:.2f}"[:-1] in told.out
    assert max(map(len, told.out.splitlines())) <= 110


def test_what_is_missing_is_said_with_what_to_do(ebbtide: Ebbtide, api: HttpApi) -> None:
    api.on("GET", f"/api/v1/{LIVE}/resourcequotas", items(quota("30", "12")))
    api.on("GET", "/api/v1/nodes", items(node("small", "20"), node("other", "8")))
    told = ebbtide(*ON_THE_CLUSTER)
    peak = peak_of(told.out)
    said = " ".join(told.out.split())
    assert "live 2 things missing before the planned peak" in said
    over, raised = peak - 10 + 12 - 30, peak - 10 + 12
    assert f"✗ ResourceQuota compute {over} of requests.cpu too little: 30 are allowed" in said
    assert f"→ raise requests.cpu to {raised}" in said
    assert "nodes" in said
    assert "pods would find no node, each 1 cpu" in said
    assert "like small" in said
    assert "then comes ResourceQuota compute (requests.cpu)" in said or "then comes nodes" in said


@pytest.mark.parametrize(
    ("most", "enough"),
    [
        pytest.param("max: 30", False, id="in every phase"),
        pytest.param("max: 30, when: {War: {max: 500}}", True, id="but not in war"),
    ],
)
def test_the_maximum_of_the_policy_is_a_wall_too(
    ebbtide: Ebbtide, api: HttpApi, most: str, enough: bool
) -> None:
    limited = yaml.safe_load(EDGE.replace("max: 500", most))
    limited["metadata"] |= {"uid": "p"}
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(limited))
    said = " ".join(ebbtide(*ON_THE_CLUSTER).out.split())
    for told in ("replicas.max of live/edge the peak needs", "→ raise spec.replicas.max of"):
        assert (told not in said) is enough


def announced(api: HttpApi, **changed: Any) -> None:
    """A policy with some of its spec changed, and an event that asks for 200 replicas."""
    policy = yaml.safe_load(EDGE)
    policy["metadata"] |= {"uid": "p"}
    policy["spec"] |= changed
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(policy))
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", items(calendar("20k")))


@pytest.mark.parametrize(
    ("headroom", "peak"),
    [
        pytest.param({"headroom": "0%"}, 200, id="the same in every phase"),
        pytest.param({"headroom": "0%", "when": {"War": {"headroom": "50%"}}}, 300, id="of war"),
        pytest.param(
            {"headroom": "20%", "when": {"Peace": {"headroom": "0%"}}}, 240, id="not peace"
        ),
    ],
)
def test_an_announced_peak_is_reckoned_by_the_settings_of_war(
    ebbtide: Ebbtide, api: HttpApi, headroom: dict[str, Any], peak: int
) -> None:
    announced(api, policies={"calendar": headroom})
    assert peak_of(ebbtide(*ON_THE_CLUSTER).out) == peak


def test_so_is_the_least_fleet_of_war(ebbtide: Ebbtide, api: HttpApi) -> None:
    announced(api, replicas={"min": 2, "max": 500, "when": {"War": {"min": 400}}})
    assert peak_of(ebbtide(*ON_THE_CLUSTER).out) == 400


@pytest.mark.parametrize("phase", ["Prewarm", "War"])
def test_the_maximum_of_war_is_a_wall_before_an_announced_peak(
    ebbtide: Ebbtide, api: HttpApi, phase: str
) -> None:
    announced(api, replicas={"min": 2, "max": 500, "when": {phase: {"max": 150}}})
    said = " ".join(ebbtide(*ON_THE_CLUSTER).out.split())
    assert "→ raise spec.replicas.max of live/edge to 220" in said


def test_an_event_that_nobody_can_reckon_is_told_and_not_taken_for_none(
    ebbtide: Ebbtide, api: HttpApi
) -> None:
    """It is three times what is usual in an evening, and only an hour of a day was recorded."""
    found = calendar("20k")
    found["spec"]["events"]["double-11"]["expect"] = [{"times": 3}]
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", items(found))
    told = ebbtide(*ON_THE_CLUSTER)
    assert "! live/edge: double-11 is left out: nobody knows what is usual at its" in told.out
    assert ebbtide(*ON_THE_CLUSTER, *REPORT, "zh").code == 0
    assert "double-11" in shown(Path("plan.html"))
    assert english(Path("plan.html")) == set()


@pytest.mark.parametrize(
    ("demand", "peak"),
    [
        pytest.param(
            {"query": "sum(viewers)"}, 66, id="unknown: the usual is that of the other day"
        ),
        pytest.param(
            {"query": "sum(viewers)", "whenAbsent": "Zero", "alive": {"query": "avg(up)"}},
            33,
            id="zero: the usual lies between both days",
        ),
    ],
)
def test_the_usual_of_an_event_is_that_of_the_demand_as_it_is_read(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, demand: dict[str, Any], peak: int
) -> None:
    """Of two evenings one is absent; the event is six times the usual of an evening."""
    day = [1000.0] * 1440
    absent = [""] * 720
    write(tmp_path, hill_csv=csv([*day, *([1000.0] * 420), *absent, *([1000.0] * 300)]))
    announced(api, demand=demand)
    found = calendar("20k")
    found["spec"]["events"]["double-11"]["expect"] = [{"times": 6}]
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", items(found))
    assert peak_of(ebbtide(*ON_THE_CLUSTER, "--since", "20m").out) == peak


def test_a_range_of_peaks_tells_what_each_costs_and_lacks(ebbtide: Ebbtide, api: HttpApi) -> None:
    api.on("GET", f"/api/v1/{LIVE}/resourcequotas", items(quota("60", "10")))
    told = ebbtide(*ON_THE_CLUSTER, "--times", "1.2", "--up-to", "1.4", "--json")
    found = checked(Printed.PLAN_FROM_CLUSTER, told.out)
    assert [one["times"] for one in found["peaks"]] == [1.2, 1.3, 1.4]
    costs = [one["cost"] for one in found["peaks"]]
    peaks = [one["replicas"] for one in found["peaks"]]
    assert costs == sorted(costs)
    assert peaks == sorted(peaks)
    assert [bool(one["missing"]) for one in found["peaks"]] == [peak > 60 for peak in peaks]
    assert found["workloads"][0]["peak"] == peaks[0]
    assert found["plans"][0]["workload"] == "live/edge"


def test_an_announced_event_that_needs_more_than_the_past_is_the_peak(
    ebbtide: Ebbtide, api: HttpApi
) -> None:
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", items(calendar("20k")))
    found = checked(Printed.PLAN_FROM_CLUSTER, ebbtide(*ON_THE_CLUSTER, "--json").out)
    [workload] = found["workloads"]
    assert (workload["event"], workload["peak"]) == ("double-11", 220)
    assert workload["at"] == "2099-11-10T20:00:00Z"
    assert "2099-11-10T19:00:00Z" < workload["growsFrom"] < workload["at"]
    assert [one["wall"] for one in found["missing"]] == ["nodes"]
    said = " ".join(ebbtide(*ON_THE_CLUSTER).out.split())
    assert "before 2099-11-10 19:" in said
    assert "when the fleet begins to grow for double-11" in said


def test_pods_that_wait_for_nodes_to_be_made_are_told_of(ebbtide: Ebbtide, api: HttpApi) -> None:
    api.on("GET", "/api/v1/nodes", items(node("big", "20")))
    pool = {"metadata": {"name": "spot"}, "spec": {"limits": {"cpu": "100"}}}
    api.on("GET", "/apis/karpenter.sh/v1/nodepools", items(pool))
    told = ebbtide(*ON_THE_CLUSTER)
    assert "ready for the planned peak" in told.out
    waiting = peak_of(told.out) - 20
    assert f"• {waiting} pods of live/edge wait until a node is made for them" in told.out


def test_a_person_without_rights_is_told_what_is_left_out(ebbtide: Ebbtide, api: HttpApi) -> None:
    for path in ("/api/v1/nodes", f"{OWN}/namespaces/ebbtide/eventcalendars"):
        api.on("GET", path, refusal(403, "Forbidden", "no"))
    told = ebbtide(*ON_THE_CLUSTER)
    said = " ".join(told.out.split())
    assert told.code == 0
    assert "! left out: what is said in namespace ebbtide: may not list eventcalendars" in said
    assert "! left out: the room on nodes: may not list nodes" in said
    assert "no wall in sight" not in said  # replicas.max still is one


REPORT = ("--report", "plan.html", "--lang")
NAMES_OF_THINGS = {
    *("live", "edge", "double", "compute", "requests", "cpu", "memory", "pods", "UTC", "Pod"),
    *("spec", "replicas", "max", "scopes", "selector", "tolerations", "Gi"),
}


def test_a_report_says_what_stands_before_the_peak(ebbtide: Ebbtide, api: HttpApi) -> None:
    api.on("GET", f"/api/v1/{LIVE}/resourcequotas", items(quota("30", "12")))
    told = ebbtide(*ON_THE_CLUSTER, "--up-to", "1.2", "--times", "1", *REPORT, "en")
    said = " ".join(shown(Path("plan.html")).split())
    assert "live 1 thing missing before the planned peak What stands before the peak" in said
    walls = [line for line in told.out.splitlines() if line.startswith(("✗", "  →", "All"))]
    assert walls
    for part in " ".join(walls).replace("✗", "→").split("→"):
        assert all(word in said for word in part.split())
    assert "times the demand" in said


@pytest.mark.parametrize(
    ("quotas", "nodes", "demand", "most"),
    [
        pytest.param(["30", "40"], {"small": "20", "other": "8"}, "9k", 500, id="many walls"),
        pytest.param(["44"], {"big": "44"}, "4500", 30, id="one of each, and a maximum"),
        pytest.param(["500"], {"tiny": "0.5"}, "9k", 500, id="no node that takes a pod"),
        pytest.param([], {"big": "1000"}, "3k", 10_000, id="none"),
    ],
)
def test_no_english_is_left_on_the_chinese_page_of_a_cluster(
    ebbtide: Ebbtide,
    api: HttpApi,
    quotas: list[str],
    nodes: dict[str, str],
    demand: str,
    most: int,
) -> None:
    limited = yaml.safe_load(EDGE.replace("max: 500", f"max: {most}"))
    limited["metadata"] |= {"uid": "p"}
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(limited))
    limits = [quota(cpu, "10") | {"metadata": {"name": f"compute-{cpu}"}} for cpu in quotas]
    scoped = quota("1", "1") | {"spec": {"scopes": ["Terminating"]}}
    api.on("GET", f"/api/v1/{LIVE}/resourcequotas", items(*limits, scoped))
    api.on("GET", "/api/v1/nodes", items(*(node(*one) for one in nodes.items())))
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", items(calendar(demand)))
    told = ebbtide(*ON_THE_CLUSTER, "--times", "1", "--up-to", "1.1", *REPORT, "zh")
    assert (told.code, told.err) == (0, "")
    assert "计划峰值" in shown(Path("plan.html"))
    assert english(Path("plan.html")) == {"ResourceQuota compute"}
    beside = told.out.partition("报告")[0].partition("计划峰值")[2]
    assert not words(beside) - {*nodes, *NAMES_OF_THINGS}


@pytest.mark.parametrize("code", [401, 403, 404, 409, 418, 429, 503])
def test_what_a_cluster_refuses_is_said_in_chinese(
    ebbtide: Ebbtide, api: HttpApi, code: int
) -> None:
    for path in ("/api/v1/nodes", f"/api/v1/{LIVE}/resourcequotas", f"/api/v1/{LIVE}/pods"):
        api.on("GET", path, refusal(code, "No", "no"))
    assert ebbtide(*ON_THE_CLUSTER, *REPORT, "zh").code == 0
    assert "未计入" in shown(Path("plan.html"))
    assert english(Path("plan.html")) == {"Deployment live"}


def test_one_policy_of_a_namespace_may_be_named(ebbtide: Ebbtide) -> None:
    assert ebbtide(*PLAN, "--from-cluster", "live/edge").code == 0
    told = ebbtide(*PLAN, "--from-cluster", "live/origin")
    assert (told.code, told.out) == (3, "")
    assert "there is no CapacityPolicy in live/origin" in told.err


def test_a_policy_that_can_not_be_understood_is_named(ebbtide: Ebbtide, api: HttpApi) -> None:
    wrong = yaml.safe_load(EDGE.replace("max: 500", "max: many"))
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(wrong))
    told = ebbtide(*ON_THE_CLUSTER)
    assert told.code == 3
    assert told.err.startswith("ebbtide: live/edge: spec.replicas.max: ")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param([*PLAN], "either FILE... or --from-cluster NAMESPACE", id="neither"),
        pytest.param([*ON_THE_CLUSTER, "edge.yaml"], "either FILE... or", id="both"),
        pytest.param([*PLAN, "edge.yaml", "--times", "2"], "go with --from-cluster", id="file"),
        pytest.param([*ON_THE_CLUSTER, "--up-to", "2"], "where the range begins", id="no begin"),
        pytest.param(
            [*ON_THE_CLUSTER, "--times", "2", "--up-to", "1.5"], "is below --times 2", id="down"
        ),
        pytest.param([*ON_THE_CLUSTER, "--times", "much"], "a factor above zero", id="no number"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    ebbtide: Ebbtide, options: list[str], why: str
) -> None:
    told = ebbtide(*options)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


def test_a_cluster_that_does_not_answer_has_a_code_of_its_own(
    ebbtide: Ebbtide, api: HttpApi
) -> None:
    api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", refusal(403, "Forbidden", "no"))
    told = ebbtide(*ON_THE_CLUSTER)
    assert told.code == 4
    assert "may not list capacitypolicies" in told.err


def test_settings_that_were_put_in_force_are_planned_with(ebbtide: Ebbtide, api: HttpApi) -> None:
    spec = EDGE_POLICY["spec"] | {"objective": {"unserved": "0.1%"}, "tuning": "Apply"}
    strict = {"presentNeed": {"headroom": "60%"}}
    since = "2026-03-01T00:00:00.000Z"
    applied = {"objective": 0.001, "settings": strict, "since": since}
    told = applied | {"minutes": 40320, "reckonedAt": since}

    def peak(status: dict[str, Any]) -> int:
        metadata = {**EDGE_POLICY["metadata"], "uid": "p", "generation": 1}
        policy = EDGE_POLICY | {"metadata": metadata, "spec": spec, "status": status}
        api.on("GET", f"{OWN}/{LIVE}/capacitypolicies", items(policy))
        return peak_of(ebbtide(*ON_THE_CLUSTER).out)

    assert peak({"tuning": told | {"applied": applied}}) > 1.3 * peak({"tuning": told})

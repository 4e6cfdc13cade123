"""The Kubernetes edge against an HTTP server that misbehaves."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer, Timeout, connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.errors import (
    ClusterUnavailable,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotLeading,
    Refused,
)
from ebbtide.loop.ports.autoscalers import Autoscaler, Ref
from ebbtide.loop.ports.cluster import Announcement, Resource, Target
from tests.adapters.http_api import Answer, HttpApi, http_api, refusal

OWN = "/apis/ebbtide.dev/v1alpha1"
APPS = "/apis/apps/v1"
HPAS = "/apis/autoscaling/v2"
EDGE = Ref("apps/v1", "Deployment", "live", "edge")
HASTE = 0.5
"""Seconds that an answer is waited for which does not come."""
EDGE_POLICY = f"{OWN}/namespaces/live/capacitypolicies/edge"
EDGE_SCALE = f"{APPS}/namespaces/live/deployments/edge/scale"
POLICY = Place("ebbtide.dev", "v1alpha1", "capacitypolicies", "live", "edge")
SEEN = Target(ref=EDGE, uid="u-1", resource_version="7", replicas=10, ready=10)
KNOWN = Resource(
    kind="CapacityPolicy", namespace="live", name="edge", uid="p-1", resource_version="3"
)
HTML = "<html><body>please sign in</body></html>"


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        yield started


@pytest.fixture
def server(api: HttpApi, tmp_path: Path) -> Iterator[ApiServer]:
    found = connect(api.kubeconfig(tmp_path / "kubeconfig"), "live", Timeout(30.0, 30.0))
    yield found
    found.close()


@pytest.fixture
def hasty(api: HttpApi, tmp_path: Path) -> Iterator[ApiServer]:
    """Waits for an answer no longer than a test can wait for the end of its patience."""
    found = connect(api.kubeconfig(tmp_path / "kubeconfig"), "live", Timeout(30.0, HASTE))
    yield found
    found.close()


class Access(NamedTuple):
    """Two ways to the server: what is answered is waited for."""

    server: ApiServer
    hasty: ApiServer

    def to(self, answer: Answer) -> ApiServer:
        return self.hasty if answer.hangs else self.server


@pytest.fixture
def access(server: ApiServer, hasty: ApiServer) -> Access:
    return Access(server, hasty)


def cluster(
    server: ApiServer, *, may_write: Callable[[], bool] = lambda: True, **scope: Any
) -> KubernetesCluster:
    return KubernetesCluster(
        server, may_write=may_write, now=lambda: 1_700_000_000.25, scope=Scope(**scope)
    )


def listed(*items: Any) -> dict[str, Any]:
    return {"kind": "List", "metadata": {"resourceVersion": "9"}, "items": list(items)}


def policy(name: str, namespace: str = "live", **ref: str) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, **ref}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": "p-1", "resourceVersion": "3"},
        "spec": {"scaleTargetRef": target},
    }


def deployment(name: str, namespace: str = "live", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": "u-1", "resourceVersion": "7"},
        "spec": {"replicas": 10, "selector": {"matchLabels": {"app": name}}},
        "status": {"replicas": 10, "readyReplicas": 9, "updatedReplicas": 10, **status},
    }


def autoscaler(name: str, **target: str) -> dict[str, Any]:
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, **target}
    return {"metadata": {"name": name, "namespace": "live"}, "spec": {"scaleTargetRef": ref}}


def serve(api: HttpApi, *policies: Any, where: str = "") -> None:
    """Serve these policies, and nothing else of Ebbtide's."""
    api.on("GET", f"{OWN}{where}/capacitypolicies", listed(*policies))
    api.on("GET", f"{OWN}{where}/eventcalendars", listed())
    api.on("GET", f"{OWN}{where}/capacityoverrides", listed())
    api.on("GET", f"{HPAS}/namespaces/live/horizontalpodautoscalers", listed())
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed())


# --- the door ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(
            refusal(403, "Forbidden", 'User "guest" cannot get resource'),
            Forbidden,
            r"allow the verb get on capacitypolicies \(API group ebbtide.dev\) in RBAC.*guest",
            id="rbac",
        ),
        pytest.param(refusal(404, "NotFound", "gone"), NotFound, "not there: gone", id="missing"),
        pytest.param(
            Answer(404, "404 page not found\n"), NotFound, "404 page not found", id="not-served"
        ),
        pytest.param(
            refusal(401, "Unauthorized", "Unauthorized"),
            Refused,
            "renew the token",
            id="token-expired",
        ),
        pytest.param(
            refusal(429, "TooManyRequests", "slow down", Retry_After="7"),
            Refused,
            "asks to wait 7 s",
            id="too-many-requests",
        ),
        pytest.param(
            refusal(429, "TooManyRequests", "slow down"),
            Refused,
            "too much to do; tried again",
            id="too-many-requests-without-a-time",
        ),
        pytest.param(
            refusal(503, "ServiceUnavailable", "etcd is down"),
            ClusterUnavailable,
            r"failed \(503\): etcd is down$",
            id="server-error",
        ),
        pytest.param(refusal(400, "BadRequest", "x" * 1000), Refused, "xx[.]{3}$", id="long-body"),
        pytest.param(
            Answer(403, HTML), ClusterUnavailable, "a proxy or a login page", id="page-forbids"
        ),
        pytest.param(
            Answer(404, {"error": "no route"}), ClusterUnavailable, "no Kubernetes API", id="router"
        ),
        pytest.param(Answer(200, HTML), ClusterUnavailable, "no JSON object", id="sign-in-page"),
        pytest.param(Answer(200, "[1]"), ClusterUnavailable, "no JSON object", id="json-list"),
        pytest.param(
            Answer(302, "", {"Location": "/login"}), ClusterUnavailable, "got 302", id="redirect"
        ),
        pytest.param(Answer(hangs=True), ClusterUnavailable, "did not answer in time", id="hangs"),
        pytest.param(
            Answer(drops=True), ClusterUnavailable, "the connection broke off", id="drops"
        ),
        pytest.param(
            Answer(200, "{}", {"Content-Encoding": "gzip"}),
            ClusterUnavailable,
            "the connection broke off",
            id="garbage",
        ),
    ],
)
def test_a_failed_read_is_one_sentence_after_one_request(
    api: HttpApi, access: Access, answer: Answer, kind: type[Exception], says: str
) -> None:
    api.on("GET", EDGE_POLICY, answer)
    with pytest.raises(ClusterUnavailable, match=says) as caught:
        access.to(answer).get(POLICY)
    assert type(caught.value) is kind
    text = str(caught.value)
    assert "get capacitypolicies.ebbtide.dev edge in namespace live" in text
    assert "\n" not in text
    assert len(text) < 500
    assert "sign in" not in text
    assert "may have happened" not in text
    assert len(api.calls) == 1


def test_a_call_to_a_server_that_hangs_takes_the_timeout_once(
    api: HttpApi, hasty: ApiServer
) -> None:
    api.on("GET", EDGE_POLICY, Answer(hangs=True))
    started = time.monotonic()
    with pytest.raises(ClusterUnavailable):
        hasty.get(POLICY)
    assert HASTE <= time.monotonic() - started < 30.0, "the server itself gives up after 60 s"
    assert len(api.calls) == 1


def test_nobody_listening_is_said_as_such(api: HttpApi, tmp_path: Path) -> None:
    with http_api() as gone:
        kubeconfig = gone.kubeconfig(tmp_path / "gone")
    lost = connect(kubeconfig)
    with pytest.raises(ClusterUnavailable, match="no connection to the API server") as caught:
        lost.delete(POLICY)
    assert "may have happened" not in str(caught.value)


def test_tls_that_fails_is_said_as_such(api: HttpApi, tmp_path: Path) -> None:
    path = Path(api.kubeconfig(tmp_path / "kubeconfig"))
    path.write_text(path.read_text().replace("http://", "https://"))
    wrong = connect(str(path), timeout=Timeout(30.0, 30.0))
    with pytest.raises(ClusterUnavailable, match="SSL"):
        wrong.get(POLICY)


def test_credentials_that_can_no_longer_be_read_are_said_as_such(api: HttpApi) -> None:
    from kubernetes import client  # noqa: PLC0415 - only here is the client itself handled

    configuration: Any = client.Configuration(host=api.url)

    def vanished(_: object) -> None:
        raise OSError("token: no such file")

    configuration.refresh_api_key_hook = vanished
    configuration.api_key["authorization"] = "old"
    with pytest.raises(ClusterUnavailable, match="credentials can't be read: token"):
        ApiServer(configuration, Timeout()).get(POLICY)
    assert not api.calls


def test_without_a_configuration_it_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="name a kubeconfig and a context"):
        connect(str(tmp_path / "none"))
    with http_api() as api, pytest.raises(InvalidInput, match="mars"):
        connect(api.kubeconfig(tmp_path / "kubeconfig"), "mars")


def test_a_pod_without_its_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    with pytest.raises(InvalidInput, match="run in a pod"):
        connect()


def test_calls_carry_the_token_and_the_name_of_the_program(api: HttpApi, server: ApiServer) -> None:
    api.on("GET", EDGE_POLICY, policy("edge"))
    server.get(POLICY)
    assert api.calls[0].headers["authorization"] == "Bearer secret"
    assert api.calls[0].headers["user-agent"] == "ebbtide"


def test_a_long_list_is_read_page_by_page(api: HttpApi, server: ApiServer) -> None:
    first = {"metadata": {"continue": "here"}, "items": [policy("a"), None]}
    path = f"{OWN}/namespaces/live/capacitypolicies"
    api.on("GET", path, first, listed(policy("b")))
    found = server.items(POLICY)
    assert [item["metadata"]["name"] for item in found] == ["a", "b"]
    assert [call.query.get("continue") for call in api.calls] == [None, ["here"]]
    assert {call.query["limit"][0] for call in api.calls} == {"500"}


def test_a_kind_that_is_not_installed_is_said_as_such(api: HttpApi, server: ApiServer) -> None:
    with pytest.raises(NotFound, match="install its CustomResourceDefinition"):
        cluster(server).survey()


# --- survey -----------------------------------------------------------------------------------


def test_a_survey_reads_a_target_and_who_else_scales_it(api: HttpApi, server: ApiServer) -> None:
    serve(api, policy("edge"))
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed(deployment("edge")))
    api.on(
        "GET",
        f"{HPAS}/namespaces/live/horizontalpodautoscalers",
        listed(autoscaler("edge", apiVersion="apps/v1beta2"), {"metadata": {"namespace": "live"}}),
    )
    seen = cluster(server).survey()
    assert [each.key for each in seen.policies] == ["live/edge"]
    assert seen.targets == {
        EDGE: Target(
            ref=EDGE, uid="u-1", resource_version="7", replicas=10, ready=9, pod_selector="app=edge"
        )
    }
    assert seen.autoscalers[0] == Autoscaler("live", "edge", EDGE)


def test_odd_objects_break_no_list(api: HttpApi, server: ApiServer) -> None:
    nulls = {"metadata": {"name": "nulls", "namespace": "live"}, "spec": None, "status": None}
    empty = {"metadata": None, "spec": {"scaleTargetRef": 5}, "status": "?"}
    serve(api, policy("edge"), policy("bare"), policy("mute"), nulls, empty)
    bare = {"metadata": {"name": "bare", "namespace": "live"}, "spec": {"replicas": 3}}
    mute = {"metadata": {"name": "mute", "namespace": "live"}, "spec": {"replicas": None}}
    odd = deployment("edge", conditions=None, readyReplicas=None, observedGeneration="2")
    odd["spec"]["selector"] = {"matchExpressions": None, "matchLabels": None}
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed(bare, mute, odd, nulls, {}))
    seen = cluster(server).survey()
    assert len(seen.policies) == 5
    targets = {ref.name: target for ref, target in seen.targets.items()}
    assert isinstance(targets["bare"], Target)
    assert targets["bare"].ready == 0
    assert isinstance(targets["edge"], Target)
    assert targets["edge"].ready == 0
    assert isinstance(targets["mute"], ClusterUnavailable)
    assert "set spec.replicas" in str(targets["mute"])


def test_one_unreadable_target_stops_no_other(api: HttpApi, server: ApiServer) -> None:
    serve(
        api,
        policy("edge"),
        policy("gone"),
        policy("db", kind="StatefulSet"),
        policy("rc", apiVersion="v1", kind="ReplicationController"),
        policy("game", apiVersion="games.example/v1", kind="Arena"),
    )
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed(deployment("edge")))
    api.on("GET", f"{APPS}/namespaces/live/statefulsets", refusal(403, "Forbidden", "no"))
    api.on("GET", "/apis/games.example/v1", Answer(drops=True))
    targets = {ref.name: found for ref, found in cluster(server).survey().targets.items()}
    assert isinstance(targets["edge"], Target)
    assert isinstance(targets["gone"], NotFound)
    assert "Deployment live/gone is not there: create it" in str(targets["gone"])
    assert isinstance(targets["db"], Forbidden)
    assert "core group" in str(targets["rc"])
    assert "broke off" in str(targets["game"])


def test_where_autoscalers_are_hidden_targets_count_as_unreadable(
    api: HttpApi, server: ApiServer
) -> None:
    serve(api, policy("edge"))
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed(deployment("edge")))
    api.on(
        "GET",
        f"{HPAS}/namespaces/live/horizontalpodautoscalers",
        refusal(403, "Forbidden", "not you"),
    )
    assert "horizontalpodautoscalers" in str(cluster(server).survey().targets[EDGE])


def test_two_namespaces_are_read_by_one_list(api: HttpApi, server: ApiServer) -> None:
    serve(api, policy("edge"), policy("edge", "test"))
    other = deployment("edge", "elsewhere")
    both = listed(deployment("edge"), deployment("edge", "test"), other)
    api.on("GET", f"{APPS}/deployments", both)
    api.on("GET", f"{HPAS}/horizontalpodautoscalers", listed())
    targets = cluster(server).survey().targets
    assert sorted(ref.namespace for ref in targets) == ["live", "test"]
    assert all(isinstance(each, Target) for each in targets.values())
    assert sum("/deployments" in call.path for call in api.calls) == 1


def test_a_list_of_the_whole_cluster_that_is_forbidden_becomes_one_a_namespace(
    api: HttpApi, server: ApiServer
) -> None:
    serve(api, policy("edge"), policy("edge", "test"))
    api.on("GET", f"{APPS}/deployments", refusal(403, "Forbidden", "not the whole cluster"))
    api.on("GET", f"{APPS}/namespaces/live/deployments", listed(deployment("edge")))
    api.on("GET", f"{APPS}/namespaces/test/deployments", refusal(403, "Forbidden", "not you"))
    api.on("GET", f"{HPAS}/horizontalpodautoscalers", listed())
    targets = {ref.namespace: found for ref, found in cluster(server).survey().targets.items()}
    assert isinstance(targets["live"], Target)
    assert isinstance(targets["test"], Forbidden)


def test_a_list_of_the_whole_cluster_that_fails_is_not_tried_in_pieces(
    api: HttpApi, hasty: ApiServer
) -> None:
    serve(api, policy("edge"), policy("edge", "test"))
    api.on("GET", f"{APPS}/deployments", Answer(hangs=True))
    api.on("GET", f"{HPAS}/horizontalpodautoscalers", listed())
    found = cluster(hasty).survey().targets.values()
    assert all("did not answer" in str(each) for each in found)
    assert sum("/deployments" in call.path for call in api.calls) == 1


def test_care_can_be_limited_to_namespaces(api: HttpApi, server: ApiServer) -> None:
    for namespace in ("test", "live"):
        serve(api, policy("edge", namespace), where=f"/namespaces/{namespace}")
    for namespace in ("live", "test"):
        api.on("GET", f"{HPAS}/namespaces/{namespace}/horizontalpodautoscalers", listed())
        found = listed(deployment("edge", namespace))
        api.on("GET", f"{APPS}/namespaces/{namespace}/deployments", found)
    home = {"metadata": {"name": "promotions", "namespace": "ebbtide"}, "spec": {"events": {}}}
    api.on("GET", f"{OWN}/namespaces/ebbtide/eventcalendars", listed(home))
    api.on("GET", f"{OWN}/namespaces/ebbtide/capacityoverrides", listed())
    seen = cluster(server, namespaces=("live", "test"), home="ebbtide").survey()
    assert [each.key for each in seen.policies] == ["live/edge", "test/edge"]
    assert [each.key for each in seen.calendars] == ["ebbtide/promotions"]
    assert all(isinstance(each, Target) for each in seen.targets.values())
    assert all("/namespaces/" in call.path for call in api.calls)


@pytest.mark.parametrize(
    ("events", "named"),
    [
        pytest.param({}, 0, id="no event"),
        pytest.param({"a": {"expect": [{"times": 2}]}}, 0, id="no profile"),
        pytest.param({"a": {"expect": "odd"}, "b": None}, 0, id="what can't be understood"),
        pytest.param({"a": {"expect": [{"times": 2}, {"like": "x"}]}}, 1, id="a profile"),
    ],
)
def test_profiles_are_listed_where_a_calendar_names_one(
    api: HttpApi, server: ApiServer, events: dict[str, Any], named: int
) -> None:
    serve(api)
    calendar = {"metadata": {"name": "promotions"}, "spec": {"events": events}}
    api.on("GET", f"{OWN}/eventcalendars", listed(calendar))
    api.on("GET", f"{OWN}/eventprofiles", listed({"metadata": {"name": "x"}}))
    assert [each.name for each in cluster(server).survey().profiles] == ["x"] * named
    assert sum("eventprofiles" in call.path for call in api.calls) == named


def test_a_profile_is_created_by_its_name(api: HttpApi, server: ApiServer) -> None:
    api.on("POST", f"{OWN}/namespaces/live/eventprofiles", {"metadata": {"name": "x"}})
    assert cluster(server).write_profile("live", "x", {"peak": 1}).name == "x"
    [call] = api.writes()
    assert call.body["metadata"] == {"name": "x", "namespace": "live"}
    assert (call.body["kind"], call.body["spec"]) == ("EventProfile", {"peak": 1})


def arena_api(api: HttpApi, status: dict[str, Any]) -> Ref:
    """Serve a kind of somebody else's, with a scale."""
    serve(api, policy("game", apiVersion="games.example/v1", kind="Arena"))
    kinds = [
        {"name": "arenas", "kind": "Arena"},
        {"name": "arenas/scale", "kind": "Scale"},
        {"name": "halls", "kind": "Hall"},
    ]
    api.on("GET", "/apis/games.example/v1", {"resources": kinds})
    path = "/apis/games.example/v1/namespaces/live/arenas/game"
    scale = {
        "metadata": {"uid": "a-1", "resourceVersion": "4"},
        "spec": {"replicas": 5},
        "status": {"replicas": 4, "selector": "app=game"},
    }
    api.on("GET", f"{path}/scale", scale)
    api.on("GET", path, {"metadata": {"generation": 1}, "spec": {}, "status": status})
    return Ref("games.example/v1", "Arena", "live", "game")


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        pytest.param({"readyReplicas": 3}, 3, id="it-says-how-many-are-ready"),
        pytest.param({}, 4, id="all-that-exist-count-as-ready"),
    ],
)
def test_any_kind_with_a_scale_is_a_target(
    api: HttpApi, server: ApiServer, status: dict[str, Any], ready: int
) -> None:
    ref = arena_api(api, status)
    arenas = cluster(server)
    expected = Target(
        ref=ref, uid="a-1", resource_version="4", replicas=5, ready=ready, pod_selector="app=game"
    )
    assert arenas.survey().targets == {ref: expected}
    assert arenas.survey().targets == {ref: expected}
    assert sum(call.path == "/apis/games.example/v1" for call in api.calls) == 1


def test_a_kind_that_went_away_is_looked_up_anew(api: HttpApi, server: ApiServer) -> None:
    ref = arena_api(api, {})
    arenas = cluster(server)
    arenas.survey()
    path = "/apis/games.example/v1/namespaces/live/arenas/game/scale"
    api.on("GET", path, refusal(404, "NotFound", "gone"))
    assert isinstance(arenas.survey().targets[ref], NotFound)
    api.on("GET", "/apis/games.example/v1", {"resources": [None, {"name": "arenas"}]})
    assert "no such kind" in str(arenas.survey().targets[ref])


# --- status -----------------------------------------------------------------------------------


def test_a_status_is_replaced_if_the_policy_is_as_read(api: HttpApi, server: ApiServer) -> None:
    after = {**policy("edge"), "status": {"phase": "Ebb"}}
    after["metadata"]["resourceVersion"] = "4"
    api.on("PUT", f"{EDGE_POLICY}/status", after)
    written = cluster(server).write_status(KNOWN, {"phase": "Ebb"})
    assert written.resource_version == "4"
    assert written.status == {"phase": "Ebb"}
    sent = api.calls[0]
    assert sent.body["metadata"]["resourceVersion"] == "3"
    assert sent.body["metadata"]["uid"] == "p-1"
    assert sent.query["fieldManager"] == ["ebbtide"]


def test_a_policy_that_has_changed_is_a_conflict(api: HttpApi, server: ApiServer) -> None:
    api.on("PUT", f"{EDGE_POLICY}/status", refusal(409, "Conflict", "the object has been modified"))
    with pytest.raises(Conflict, match="has changed since it was read"):
        cluster(server).write_status(KNOWN, {})


# --- scale ------------------------------------------------------------------------------------


def scale(replicas: int, version: str, uid: str = "u-1") -> dict[str, Any]:
    spec = {"replicas": replicas} if replicas else {}
    return {"metadata": {"uid": uid, "resourceVersion": version}, "spec": spec}


def test_replicas_are_set_with_the_version_that_was_read(api: HttpApi, server: ApiServer) -> None:
    api.on("PATCH", EDGE_SCALE, scale(9, "8"))
    cluster(server).patch_scale(SEEN, 9)
    (sent,) = api.calls
    assert sent.body == {"metadata": {"resourceVersion": "7"}, "spec": {"replicas": 9}}
    assert sent.query["fieldManager"] == ["ebbtide"]
    assert sent.headers["content-type"] == "application/merge-patch+json"


CONFLICT = refusal(409, "Conflict", "the object has been modified")


def test_a_conflict_by_a_rollout_is_tried_once_more(api: HttpApi, server: ApiServer) -> None:
    api.on("PATCH", EDGE_SCALE, CONFLICT, scale(9, "12"))
    api.on("GET", EDGE_SCALE, scale(10, "11"))
    cluster(server).patch_scale(SEEN, 9)
    assert [call.body["metadata"]["resourceVersion"] for call in api.writes()] == ["7", "11"]


def test_a_second_conflict_is_left_to_the_next_tick(api: HttpApi, server: ApiServer) -> None:
    api.on("PATCH", EDGE_SCALE, CONFLICT)
    api.on("GET", EDGE_SCALE, scale(10, "11"))
    with pytest.raises(Conflict):
        cluster(server).patch_scale(SEEN, 9)
    assert len(api.writes()) == 2


@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param(scale(12, "11"), "by somebody else from 10 to 12 replicas", id="another-hand"),
        pytest.param(scale(0, "11"), "from 10 to 0 replicas", id="to-zero"),
        pytest.param(scale(10, "11", uid="u-2"), "deleted and made again", id="a-new-object"),
    ],
)
def test_somebody_elses_change_is_never_overwritten(
    api: HttpApi, server: ApiServer, found: dict[str, Any], says: str
) -> None:
    api.on("PATCH", EDGE_SCALE, CONFLICT)
    api.on("GET", EDGE_SCALE, found)
    with pytest.raises(Conflict, match=says):
        cluster(server).patch_scale(SEEN, 9)
    assert len(api.writes()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(hangs=True), id="hangs"),
        pytest.param(Answer(drops=True), id="drops"),
        pytest.param(refusal(504, "Timeout", "etcd took too long"), id="server-timeout"),
        pytest.param(Answer(502, HTML), id="bad-gateway"),
        pytest.param(Answer(200, HTML), id="sign-in-page"),
    ],
)
def test_a_write_of_unknown_outcome_is_said_and_not_repeated(
    api: HttpApi, access: Access, answer: Answer
) -> None:
    api.on("PATCH", EDGE_SCALE, answer)
    with pytest.raises(ClusterUnavailable, match="the write may have happened") as caught:
        cluster(access.to(answer)).patch_scale(SEEN, 9)
    assert type(caught.value) is ClusterUnavailable
    assert len(api.calls) == 1


def test_a_door_is_shut_by_applying_the_replicas_that_are_there(
    api: HttpApi, server: ApiServer
) -> None:
    api.on("GET", EDGE_SCALE, scale(10, "11"))
    api.on("PATCH", EDGE_SCALE, scale(10, "12"))
    fenced = cluster(server).fence(SEEN, "2026-11-11T12:00:00Z")
    assert (fenced.replicas, fenced.resource_version) == (10, "12")
    (sent,) = api.writes()
    assert (sent.body["metadata"]["resourceVersion"], sent.body["spec"]) == ("11", {"replicas": 10})
    assert sent.headers["content-type"] == "application/apply-patch+yaml"
    assert sent.query["fieldManager"] == ["ebbtide-fence-2026-11-11T12:00:00Z"]
    assert sent.query["force"] in (["True"], ["true"])


def test_no_door_is_shut_on_replicas_that_somebody_else_has_changed(
    api: HttpApi, server: ApiServer
) -> None:
    api.on("GET", EDGE_SCALE, scale(12, "11"))
    with pytest.raises(Conflict, match="from 10 to 12 replicas"):
        cluster(server).fence(SEEN, "2026-11-11T12:00:00Z")
    assert not api.writes()


# --- leadership -------------------------------------------------------------------------------


def test_nothing_is_written_without_leadership(
    api: HttpApi, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    follower = cluster(server, may_write=lambda: False)
    with pytest.raises(NotLeading, match="the status of live/edge"):
        follower.write_status(KNOWN, {})
    with pytest.raises(NotLeading, match="the scale of live/edge"):
        follower.patch_scale(SEEN, 9)
    with pytest.raises(NotLeading):
        follower.write_override("live", "freeze-1", {}, {})
    with pytest.raises(NotLeading):
        follower.delete_override("live", "freeze-1")
    follower.announce(Announcement(KNOWN, "Step", "a step"))
    assert "leadership is not certain" in caplog.text
    assert not api.calls


def test_leadership_lost_while_a_conflict_was_looked_at_stops_the_second_try(
    api: HttpApi, server: ApiServer
) -> None:
    api.on("PATCH", EDGE_SCALE, CONFLICT)
    api.on("GET", EDGE_SCALE, scale(10, "11"))
    answers = iter([True, False])
    with pytest.raises(NotLeading):
        cluster(server, may_write=lambda: next(answers)).patch_scale(SEEN, 9)
    assert len(api.writes()) == 1


# --- events and overrides ---------------------------------------------------------------------

EVENTS = "/apis/events.k8s.io/v1/namespaces/live/events"


def test_an_event_is_about_its_policy(api: HttpApi, server: ApiServer) -> None:
    api.on("POST", EVENTS, Answer(201, {"kind": "Event"}))
    cluster(server).announce(Announcement(KNOWN, "RolledBack", "stalls rose", warning=True))
    (sent,) = api.calls
    assert sent.body["regarding"]["kind"] == "CapacityPolicy"
    assert sent.body["regarding"]["uid"] == "p-1"
    assert sent.body["eventTime"] == "2023-11-14T22:13:20.250000Z"
    assert sent.body["reportingController"] == "ebbtide.dev/ebbtide"
    assert (sent.body["type"], sent.body["action"]) == ("Warning", "Decide")
    assert sent.body["note"] == "stalls rose"


def test_a_long_note_is_cut_between_characters(api: HttpApi, server: ApiServer) -> None:
    api.on("POST", EVENTS, Answer(201, {"kind": "Event"}))
    cluster(server).announce(Announcement(KNOWN, "Step", "潮" * 1000))
    note = api.calls[0].body["note"]
    assert len(note.encode()) <= 1024
    assert note == "潮" * 340 + "..."


def test_an_event_that_is_not_written_stops_nothing(
    api: HttpApi, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    api.on("POST", EVENTS, refusal(403, "Forbidden", "no events for you"))
    with caplog.at_level(logging.WARNING):
        cluster(server).announce(Announcement(KNOWN, "Step", "a step"))
    assert "event not written: may not create events.events.k8s.io in namespace live" in caplog.text


OVERRIDES = f"{OWN}/namespaces/live/capacityoverrides"


@pytest.mark.parametrize(
    ("name", "called"),
    [pytest.param("freeze-1", "name", id="given"), pytest.param("me-", "generateName", id="begun")],
)
def test_an_override_is_created_under_a_name(
    api: HttpApi, server: ApiServer, name: str, called: str
) -> None:
    made = {"metadata": {"name": "me-x1", "namespace": "live"}, "spec": {"freeze": True}}
    api.on("POST", OVERRIDES, Answer(201, made))
    written = cluster(server).write_override("live", name, {"freeze": True}, {"by": "cli"})
    assert written.key == "live/me-x1"
    assert api.calls[0].body["metadata"] == {
        called: name,
        "namespace": "live",
        "labels": {"by": "cli"},
    }


def test_an_override_of_the_same_name_is_a_conflict(api: HttpApi, server: ApiServer) -> None:
    api.on("POST", OVERRIDES, refusal(409, "AlreadyExists", "freeze-1 already exists"))
    with pytest.raises(Conflict, match="choose another name"):
        cluster(server).write_override("live", "freeze-1", {}, {})


def test_a_persons_commands_read_list_and_delete(api: HttpApi, server: ApiServer) -> None:
    api.on("GET", EDGE_POLICY, policy("edge"))
    api.on("GET", f"{OWN}/capacitypolicies", listed(policy("edge")))
    api.on("GET", f"{OWN}/capacityoverrides", listed({"metadata": {"name": "freeze-1"}}))
    api.on("DELETE", f"{OVERRIDES}/freeze-1", {"kind": "Status"})
    hand = cluster(server)
    assert hand.get_policy("live", "edge") == hand.list_policies()[0]
    assert hand.list_overrides()[0].name == "freeze-1"
    hand.delete_override("live", "freeze-1")
    assert [call.method for call in api.writes()] == ["DELETE"]

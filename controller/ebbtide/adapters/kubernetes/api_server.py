"""The one door to the Kubernetes API: every call has timeouts, none is retried, all are JSON."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError
from yaml import YAMLError

from ebbtide.adapters.kubernetes.api_errors import Place, Request, explained, not_json
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.pods import WRITER

FIELD_MANAGER = WRITER
PAGE = 500
"""Objects in one answer to a list; the server says where the next page begins."""
CONNECTIONS = 8  # kept open between calls: one for each thread that may be asking
_NO_KUBECONFIG = (ValueError, TypeError, AttributeError, KeyError, YAMLError)
"""What the client raises over a file that is anything else."""
_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
_LOADERS: Any = config  # has no types


class Timeout(NamedTuple):
    """Seconds to wait for a connection, and then for an answer."""

    connect: float = 3.05
    read: float = 10.0

    @property
    def total(self) -> float:
        """Seconds that one call may take."""
        return self.connect + self.read


class ApiServer:
    """Reads and writes objects of any API group as plain JSON.

    The tick is the retry: a call is sent once. Of the core group (`/api/v1`) only pods, nodes and
    quotas are in reach.
    """

    def __init__(self, configuration: client.Configuration, timeout: Timeout) -> None:
        configuration.retries, configuration.connection_pool_maxsize = False, CONNECTIONS
        self._client = client.ApiClient(configuration)
        self._client.user_agent = FIELD_MANAGER
        self._objects: Any = client.CustomObjectsApi(self._client)
        applying: Any = client.ApiClient(configuration)
        applying.user_agent = FIELD_MANAGER
        applying.select_header_content_type = lambda _kinds: "application/apply-patch+yaml"
        self._applied: Any = client.CustomObjectsApi(applying)
        self._core: Any = client.CoreV1Api(self._client)
        self._timeout = timeout

    def items(self, place: Place, page: int = PAGE) -> list[Json]:
        """Return all objects of a kind in one namespace, or in all where the place names none."""
        where = {"group": place.group, "version": place.version, "plural": place.plural}
        send = self._objects.list_cluster_custom_object
        if place.namespace:
            where["namespace"] = place.namespace
            send = self._objects.list_namespaced_custom_object
        return self._paged(Request("list", place), send, where | {"limit": page})

    def pods(self, namespace: str, selector: str, page: int = PAGE) -> list[Json]:
        """Return the pods of a namespace that a label selector names."""
        where = {"namespace": namespace, "label_selector": selector, "limit": page}
        request = Request("list", Place("", "v1", "pods", namespace))
        return self._paged(request, self._core.list_namespaced_pod, where)

    def all_pods(self, page: int = PAGE) -> list[Json]:
        """Return the pods of all namespaces that have not ended."""
        where = {"field_selector": "status.phase!=Succeeded,status.phase!=Failed", "limit": page}
        request = Request("list", Place("", "v1", "pods"))
        return self._paged(request, self._core.list_pod_for_all_namespaces, where)

    def quotas(self, namespace: str, page: int = PAGE) -> list[Json]:
        """Return the ResourceQuotas of a namespace."""
        request = Request("list", Place("", "v1", "resourcequotas", namespace))
        where = {"namespace": namespace, "limit": page}
        return self._paged(request, self._core.list_namespaced_resource_quota, where)

    def nodes(self, page: int = PAGE) -> list[Json]:
        """Return all nodes."""
        request = Request("list", Place("", "v1", "nodes"))
        return self._paged(request, self._core.list_node, {"limit": page})

    def kinds(self, group: str, version: str) -> list[Json]:
        """Return what the API server serves of a group: kinds, plurals and subresources."""
        request = Request("list", Place(group, version, "kinds"))
        answer = self._call(request, self._objects.get_api_resources, group=group, version=version)
        return [kind for kind in answer.get("resources") or () if isinstance(kind, dict)]

    def get(self, place: Place) -> Json:
        """Return one object, or its scale."""
        send = self._objects.get_namespaced_custom_object
        if place.subresource == "scale":
            send = self._objects.get_namespaced_custom_object_scale
        return self._call(Request("get", place), send, **_path(place))

    def create(self, place: Place, body: Json) -> Json:
        """Create an object and return it as it is now."""
        return self._call(
            Request("create", place),
            self._objects.create_namespaced_custom_object,
            **_path(place, without=("name",)),
            body=body,
            field_manager=FIELD_MANAGER,
        )

    def review(self, place: Place, body: Json) -> Json:
        """Ask a question that the API server answers in place of creating an object."""
        return self._call(
            Request("create", place),
            self._objects.create_cluster_custom_object,
            **_path(place),
            body=body,
        )

    def replace(self, place: Place, body: Json) -> Json:
        """Replace an object, or its status, if its resourceVersion still is that of the body."""
        send = self._objects.replace_namespaced_custom_object
        if place.subresource == "status":
            send = self._objects.replace_namespaced_custom_object_status
        request = Request("update", place)
        return self._call(request, send, **_path(place), body=body, field_manager=FIELD_MANAGER)

    def patch_scale(self, place: Place, body: Json) -> Json:
        """Merge into the scale of an object if its resourceVersion still is that of the body."""
        return self._call(
            Request("patch", place),
            self._objects.patch_namespaced_custom_object_scale,
            **_path(place),
            body=body,
            field_manager=FIELD_MANAGER,
        )

    def apply_scale(self, place: Place, body: Json, manager: str) -> Json:
        """Apply the scale of an object, whoever else declares it, in the name of a manager."""
        return self._call(
            Request("patch", place),
            self._applied.patch_namespaced_custom_object_scale,
            **_path(place),
            body=body,
            field_manager=manager,
            force=True,
        )

    def patch_pod(self, namespace: str, name: str, body: Json) -> Json:
        """Merge into a pod if its resourceVersion still is that of the body."""
        request = Request("patch", Place("", "v1", "pods", namespace, name))
        send = self._core.patch_namespaced_pod
        where = {"namespace": namespace, "name": name, "field_manager": FIELD_MANAGER}
        return self._call(request, send, **where, body=body)

    def patch(self, place: Place, body: Json) -> Json:
        """Merge into an object if its resourceVersion still is that of the body."""
        return self._call(
            Request("patch", place),
            self._objects.patch_namespaced_custom_object,
            **_path(place),
            body=body,
            field_manager=FIELD_MANAGER,
        )

    def delete(self, place: Place) -> None:
        """Delete an object."""
        send = self._objects.delete_namespaced_custom_object
        self._call(Request("delete", place), send, **_path(place))

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        for used in (self._client, self._applied.api_client):
            used.rest_client.pool_manager.clear()

    def _paged(self, request: Request, send: Callable[..., Any], where: Json) -> list[Json]:
        """Return all pages of a list."""
        found: list[Json] = []
        following: Json = {}
        while True:
            answer = self._call(request, send, **where, **following)
            found += (item for item in answer.get("items") or () if isinstance(item, dict))
            following = {"_continue": (answer.get("metadata") or {}).get("continue")}
            if not following["_continue"]:
                return found

    def _call(self, request: Request, send: Callable[..., Any], **arguments: Any) -> Json:
        # Bodies are read here, not by the client: its models and its table of expected codes
        # differ between major versions.
        try:
            answer = send(
                **arguments, _request_timeout=tuple(self._timeout), _preload_content=False
            )
            text = answer.data
        except (ApiException, HTTPError, ConfigException, OSError) as error:
            raise explained(error, request) from error
        try:
            body = json.loads(text)
        except ValueError as error:
            raise not_json(request) from error
        if not isinstance(body, dict):
            raise not_json(request)
        return body


def connect(
    kubeconfig: str | None = None, context: str | None = None, timeout: Timeout | None = None
) -> ApiServer:
    """Return the API server of a kubeconfig, or of the cluster that this process runs in.

    Raises:
        InvalidInput: there is no usable configuration.

    """
    configuration = client.Configuration()
    try:
        if kubeconfig is None and context is None and os.environ.get(_IN_CLUSTER):
            # This also sets the hook by which the client reads the account's token anew, once a
            # minute: tokens of pods expire.
            _LOADERS.load_incluster_config(configuration)
        else:
            _LOADERS.load_kube_config(
                kubeconfig, context, client_configuration=configuration, persist_config=False
            )
    except _NO_KUBECONFIG as error:
        raise InvalidInput(f"{kubeconfig or 'the kubeconfig'} is no kubeconfig: {error}") from error
    except (ConfigException, OSError) as error:
        gone = kubeconfig is not None and not Path(kubeconfig).exists()
        why = f"there is no file {kubeconfig}" if gone else error
        raise InvalidInput(
            "no way to the API server: name a kubeconfig and a context in it, or run in a pod with "
            f"a service account: {why}"
        ) from error
    return ApiServer(configuration, timeout or Timeout())


def micro_time(now: float) -> str:
    """Return epoch seconds as the API server writes moments with microseconds."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _path(place: Place, without: tuple[str, ...] = ()) -> dict[str, str]:
    parts = {**place._asdict(), "subresource": ""}
    return {part: value for part, value in parts.items() if value and part not in without}

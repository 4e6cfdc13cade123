"""Serves external metrics to a cluster, so that a real HPA follows a number that a test sets."""

import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cluster.plane import A_MINUTE, Plane

_API = "external.metrics.k8s.io/v1beta1"
_SERVICE = "external-metrics"


class MetricsServer:
    """An HTTPS server on loopback that answers with the values that tests have set."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._values: dict[tuple[str, str], float] = {}
        self._server = _QuietServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def set(self, namespace: str, name: str, value: float) -> None:
        self._values[namespace, name] = value

    def remove(self, namespace: str, name: str) -> None:
        self._values.pop((namespace, name), None)

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what the API answers at `path`; None is a 404."""
        parts = path.partition("?")[0].removeprefix(f"/apis/{_API}").strip("/").split("/")
        match parts:
            case [""]:
                return {"kind": "APIResourceList", "groupVersion": _API, "resources": []}
            case ["namespaces", namespace, name] if (namespace, name) in self._values:
                return _metric_list(name, self._values[namespace, name])
            case _:
                return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = answer(self.path)
                body = json.dumps(found or {"kind": "Status", "code": 404}).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing: a test reads the HPA's own conditions."""

        return Handler


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up, as health checks do."""


@dataclass(frozen=True, slots=True)
class ExternalMetrics:
    """The external metrics of one namespace, as an HPA there sees them."""

    server: MetricsServer
    namespace: str

    def set(self, name: str, value: float) -> None:
        """Give a metric a value, from now on."""
        self.server.set(self.namespace, name, value)

    def remove(self, name: str) -> None:
        """Take a metric away: from now on the API says that it is unknown."""
        self.server.remove(self.namespace, name)


def register(plane: Plane, port: int) -> None:
    """Tell the API server to pass requests for external metrics to `port` on this machine."""
    plane.apply(_service(), namespace="kube-system")
    plane.apply(_api_service(port))
    plane.kubectl("wait", "--for=condition=Available", A_MINUTE, "apiservice", _api_name())


def unregister(plane: Plane) -> None:
    """Undo `register`: an API that does not answer would hold up the end of every namespace."""
    plane.kubectl("delete", "apiservice", _api_name())
    plane.kubectl("delete", "service", _SERVICE, "--namespace=kube-system")


def _api_name() -> str:
    group, version = _API.split("/")
    return f"{version}.{group}"


def _service() -> Mapping[str, Any]:
    """Name this machine: unlike an Endpoints object, an external name may be loopback."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _SERVICE},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }


def _api_service(port: int) -> Mapping[str, Any]:
    group, version = _API.split("/")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _api_name()},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": _SERVICE, "namespace": "kube-system", "port": port},
        },
    }


def _metric_list(name: str, value: float) -> dict[str, Any]:
    item = {
        "metricName": name,
        "metricLabels": {},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "value": f"{round(value * 1000)}m",
    }
    return {"kind": "ExternalMetricValueList", "apiVersion": _API, "metadata": {}, "items": [item]}

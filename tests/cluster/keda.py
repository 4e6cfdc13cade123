"""Just enough of KEDA: the kind that Ebbtide reads and writes, and an HPA that obeys each of it."""

import threading
from contextlib import suppress
from typing import Any, Self

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import connect
from ebbtide.errors import ClusterUnavailable
from tests.cluster.plane import KubectlError, Plane

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scaledobjects.keda.sh}
spec:
  group: keda.sh
  scope: Namespaced
  names: {kind: ScaledObject, plural: scaledobjects, singular: scaledobject, shortNames: [so]}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [scaleTargetRef]
              properties:
                scaleTargetRef:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    kind: {type: string}
                    apiVersion: {type: string}
                minReplicaCount: {type: integer}
                maxReplicaCount: {type: integer}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
_EVERY = 0.5


def scaled_object(app: str, least: int, most: int) -> dict[str, Any]:
    """A ScaledObject for the Deployment of that name; the kind of its target is the default one."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": app},
        "spec": {
            "scaleTargetRef": {"name": app},
            "minReplicaCount": least,
            "maxReplicaCount": most,
        },
    }


class Keda:
    """Makes an HPA for a ScaledObject and keeps its minimum, within a `with` block.

    Where the cluster has the kind already, it stays as it is.
    """

    def __init__(self, plane: Plane, namespace: str, app: str) -> None:
        self._plane, self._namespace, self._app = plane, namespace, app
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keda")

    def __enter__(self) -> Self:
        made = self._plane.get("scaledobject", self._app, namespace=self._namespace)
        self._plane.apply(self._hpa(made), namespace=self._namespace)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)

    def _hpa(self, made: dict[str, Any]) -> dict[str, Any]:
        owner = {key: made[key] for key in ("apiVersion", "kind")}
        owner |= {key: made["metadata"][key] for key in ("name", "uid")} | {"controller": True}
        target = {"type": "AverageValue", "averageValue": "100"}
        external = {"metric": {"name": "viewers"}, "target": target}
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": f"keda-hpa-{self._app}", "ownerReferences": [owner]},
            "spec": {
                "scaleTargetRef": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": self._app,
                },
                "minReplicas": made["spec"]["minReplicaCount"],
                "maxReplicas": made["spec"]["maxReplicaCount"],
                "metrics": [{"type": "External", "external": external}],
            },
        }

    def _keep(self) -> None:
        server = connect(str(self._plane.kubeconfig))
        where = self._namespace
        made = Place("keda.sh", "v1alpha1", "scaledobjects", where, self._app)
        hpa = Place("autoscaling", "v2", "horizontalpodautoscalers", where, f"keda-hpa-{self._app}")
        had: int | None = None
        while not self._ended.wait(_EVERY):
            with suppress(ClusterUnavailable):  # it looks again soon
                least = int(server.get(made)["spec"]["minReplicaCount"])
                if least != had:
                    server.patch(hpa, {"spec": {"minReplicas": least}})
                had = least


def install_kind(plane: Plane) -> None:
    """Install the kind, unless the cluster has it already."""
    try:
        plane.kubectl("get", "crd", "scaledobjects.keda.sh")
    except KubectlError:
        plane.define(CRD)

"""Ebbtide's own objects, and what it scales, as a test puts them into a real cluster."""

from collections.abc import Mapping
from typing import Any

import yaml

from ebbtide.api.schemas.crd import crds
from tests.cluster.manifests import deployment
from tests.cluster.plane import KubectlError, Plane

ARENA_CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: arenas.games.example}
spec:
  group: games.example
  scope: Namespaced
  names: {kind: Arena, plural: arenas, singular: arena}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale:
          specReplicasPath: .spec.size
          statusReplicasPath: .status.size
          labelSelectorPath: .status.selector
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer}}}
            status:
              type: object
              properties: {size: {type: integer}, selector: {type: string}}
"""
RULES = """
- apiGroups: [ebbtide.dev]
  resources: [capacitypolicies, eventcalendars, eventprofiles, capacityoverrides]
  verbs: [list]
- apiGroups: [ebbtide.dev]
  resources: [capacitypolicies/status]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments, statefulsets, replicasets]
  verbs: [list]
- apiGroups: [apps]
  resources: [deployments/scale, statefulsets/scale, replicasets/scale]
  verbs: [get, patch]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, patch]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, patch]
- apiGroups: [ebbtide.dev]
  resources: [capacitypolicies]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [ebbtide]
  verbs: [get, update]
"""
"""All that the operator may do, and all that it needs for the kinds of apps/v1."""

LEASE = "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: ebbtide}, spec: {}}"
"""The empty Lease of an operator that may not create one."""


def install(plane: Plane) -> None:
    """Install Ebbtide's CustomResourceDefinitions, and one of somebody else's."""
    plane.define(*crds().values(), ARENA_CRD)


def policy(name: str, **ref: str) -> dict[str, Any]:
    """Return a CapacityPolicy for the object of that name."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, **ref}
    return {
        "apiVersion": "ebbtide.dev/v1alpha1",
        "kind": "CapacityPolicy",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "scaleTargetRef": target,
            "demand": {"query": "sum(viewers)"},
            "capacity": {"perReplica": 100},
            "replicas": {"min": 1, "max": 100},
        },
    }


def stateful_set(name: str, replicas: int) -> dict[str, Any]:
    """Return a StatefulSet with the pods of a Deployment."""
    found = deployment(name, replicas)
    found["kind"] = "StatefulSet"
    found["spec"] |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    return found


def arena(name: str, size: int) -> dict[str, Any]:
    """Return an object of a kind that only its definition tells how to scale."""
    head = {"apiVersion": "games.example/v1", "kind": "Arena", "metadata": {"name": name}}
    return {**head, "spec": {"size": size}}


def grant(plane: Plane, namespace: str, account: str, rules: str) -> None:
    """Make a service account that may do exactly this in its namespace, and wait until it may."""
    plane.kubectl("create", "serviceaccount", account, f"--namespace={namespace}")
    rbac = "rbac.authorization.k8s.io/v1"
    role = {"apiVersion": rbac, "kind": "Role", "metadata": {"name": account}}
    allowed = yaml.safe_load(rules) or []
    plane.apply({**role, "rules": allowed}, namespace=namespace)
    plane.kubectl(
        *("create", "rolebinding", account, f"--role={account}"),
        *(f"--serviceaccount={namespace}:{account}", f"--namespace={namespace}"),
    )
    for rule in allowed[-1:]:
        until_it_may(plane, namespace, account, rule)


def until_it_may(plane: Plane, namespace: str, account: str, rule: Mapping[str, Any]) -> None:
    """Wait until a service account may do what a rule says: RBAC takes a moment to be known."""
    verb, kind = rule["verbs"][0], f"{rule['resources'][0]}.{rule['apiGroups'][0]}".rstrip(".")
    what = "/".join([kind, *rule.get("resourceNames", [])])
    who = f"--as=system:serviceaccount:{namespace}:{account}"

    def may() -> bool:
        try:
            plane.kubectl("auth", "can-i", verb, what, who, f"--namespace={namespace}")
        except KubectlError:
            return False
        return True

    plane.wait(may, 30, f"{account} may {verb} {what}")

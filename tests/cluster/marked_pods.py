"""The pods of one Deployment on a real control plane, and the marks that they carry."""

from typing import Any

from tests.cluster.plane import Plane


class MarkedPods:
    """The pods that are not on their way out."""

    def __init__(self, plane: Plane, namespace: str, app: str = "edge") -> None:
        self._plane, self.namespace, self._app = plane, namespace, app

    def pods(self) -> list[dict[str, Any]]:
        """All of them, as the API server has them."""
        chosen = f"app={self._app}"
        found = self._plane.items("pods", namespace=self.namespace, selector=chosen)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def names(self) -> set[str]:
        """Their names."""
        return {pod["metadata"]["name"] for pod in self.pods()}

    def marked(self, where: str, key: str) -> set[str]:
        """The names of those that carry a label or an annotation."""
        return {
            pod["metadata"]["name"] for pod in self.pods() if key in pod["metadata"].get(where, {})
        }

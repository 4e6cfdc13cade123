"""Asks the API server what whoever asks may do."""

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.loop.ports.loose_json import mapping


def may(server: ApiServer, verb: str, place: Place) -> bool:
    """Whether the account that this process speaks as may do this.

    Raises:
        ClusterUnavailable: the API server did not answer.

    """
    group, version, kind = "authorization.k8s.io", "v1", "SelfSubjectAccessReview"
    asked = {
        "group": place.group,
        "resource": place.plural,
        "subresource": place.subresource,
        "namespace": place.namespace,
        "name": place.name,
        "verb": verb,
    }
    body = {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "spec": {"resourceAttributes": asked},
    }
    answer = server.review(Place(group, version, "selfsubjectaccessreviews"), body)
    return mapping(answer.get("status")).get("allowed") is True

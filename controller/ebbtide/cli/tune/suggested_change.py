"""`ebbtide tune --from-cluster`: the change that the operator suggests, as YAML for a review."""

from typing import Annotated

import typer

from ebbtide.api.capacity_policy.written_settings import to_be_written
from ebbtide.cli.cluster.access import Access, namespaced
from ebbtide.cli.report.translations import Words
from ebbtide.cli.tune.page import change
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.tuning.suggestion import suggestion_in
from ebbtide_policies.message import Message
from ebbtide_policies.quantities import show_share

Where = Annotated[
    str | None,
    typer.Option(
        "--from-cluster",
        metavar="NAMESPACE/POLICY",
        help="Search nothing, and print the change that the operator suggests for this policy.",
    ),
]


def suggested_changes(where: str, access: Access, said: Words) -> str:
    """The change that a policy's status suggests.

    Raises:
        InvalidInput: nothing is suggested, or all of it is written already.
        ClusterUnavailable: the API server does not answer.

    """
    return suggested(access.reach().get_policy(*namespaced(where)), said)


def suggested(resource: Resource, said: Words) -> str:
    """The same of a policy that was read.

    Raises:
        InvalidInput: nothing is suggested, or all of it is written already.

    """
    found = suggestion_in(resource.status)
    if found is None:
        raise InvalidInput(
            f"{resource.key}: nothing is suggested; it takes an objective in the policy, and an "
            "operator that has read its past"
        )
    if not found.spoken_for:
        raise InvalidInput(f"{resource.key}: nothing is suggested yet; {found.why}")
    written = resource.spec.get("policies") or {}
    fresh = to_be_written(found.settings, resource.spec, written)
    if not fresh:
        raise InvalidInput(f"{resource.key}: the policy writes all of these settings itself")
    why = Message(
        "{} may go unserved: {} (reckoned {}Z)",
        (
            show_share(found.objective),
            found.why,
            resource.status["tuning"]["reckonedAt"][:19],
        ),
    )
    head = {"name": resource.name, "namespace": resource.namespace}
    return change(resource.kind, head, {"policies": fresh}, said.told(why))

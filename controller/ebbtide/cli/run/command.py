"""`ebbtide run`: the operator, in a cluster or beside it."""

import os
import pathlib
import socket
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.cluster.reach import Context, Kubeconfig
from ebbtide.cli.durations import seconds
from ebbtide.cli.models import HOUSE, makers, plugins
from ebbtide.cli.plan.demand import sources_of
from ebbtide.cli.run import logs
from ebbtide.cli.run.operator import Operator, Place, Terms
from ebbtide.cli.run.reckoning import reckon
from ebbtide.loop.tick import Rules
from ebbtide_policies.observation import Mode

if TYPE_CHECKING:
    from ebbtide.adapters.tape import Tape

NAMESPACE_FILE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def run(
    config: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="YAML that names the metrics sources."),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The one metrics source, in place of --config."),
    ] = None,
    max_mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE",
            case_sensitive=False,
            help="No policy reaches further: DryRun, ScaleUpOnly or Enforce.",
        ),
    ] = Mode.ENFORCE,
    tick: Annotated[
        str, typer.Option(metavar="DURATION", help="From one decision to the next.")
    ] = "15s",
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NAME", help="Look after this one only; may be repeated."
        ),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The operator's own namespace. Default: its pod's, else ebbtide."
        ),
    ] = None,
    lease: Annotated[
        str, typer.Option(metavar="NAME", help="The Lease, in the operator's own namespace.")
    ] = "ebbtide",
    lease_duration: Annotated[
        str, typer.Option(metavar="DURATION", help="Until a silent leader is replaced.")
    ] = "60s",
    request_timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="What one request to the API server may take."),
    ] = "13s",
    listen: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where /metrics and /healthz are; empty for none."),
    ] = "0.0.0.0:8080",
    log_format: Annotated[
        logs.Format, typer.Option(metavar="FORMAT", help="Log lines as json or text.")
    ] = logs.Format.JSON,
    record: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write what is seen and decided, for `ebbtide replay`."),
    ] = None,
    record_size: Annotated[
        int, typer.Option(metavar="MB", min=1, help="With --record: of FILE and FILE.1 together.")
    ] = 256,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Run the operator: look after CapacityPolicies.

    In a pod it speaks as its service account. SIGTERM ends it, after the tick that is going on.
    """
    logs.configure(log_format)
    place = Place(
        kubeconfig=kubeconfig,
        context=context,
        home=home or _own_namespace(),
        namespaces=tuple(namespace or ()),
        identity=f"{os.environ.get('HOSTNAME') or socket.gethostname()}-{uuid.uuid4().hex[:8]}",
    )
    terms = Terms(
        lease=lease,
        duration=int(seconds("--lease-duration", lease_duration, 3)),
        tick=seconds("--tick", tick, 1),
        request_timeout=seconds("--request-timeout", request_timeout, 0.2),
    )
    rules = Rules(
        forecasters=makers(),
        candidates=tuple(HOUSE),
        reckon=reckon,
        plugins=plugins(),
        max_mode=max_mode,
        namespace=place.home,
    )
    tape = _tape(record, record_size) if record else None
    with Operator(sources_of(config, prometheus), place, terms, listen, tape) as operator:
        operator.run(rules)


def _tape(path: pathlib.Path, size: int) -> "Tape":
    from ebbtide.adapters.tape import Tape

    return Tape(path, size * 1_000_000)


def _own_namespace() -> str:
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else "ebbtide"

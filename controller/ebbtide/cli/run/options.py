"""The options of the operator: what it looks after, on which terms, and how it tells of it."""

import os
import pathlib
import socket
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.cluster.access import Access
from ebbtide.cli.durations import seconds
from ebbtide.cli.run import logs
from ebbtide.cli.run.operator import Place, Terms

if TYPE_CHECKING:
    from ebbtide.adapters.recording_file import RecordingFile

NAMESPACE_FILE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, kw_only=True)
class Care(Access):
    """What it looks after, and where it stands."""

    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NAME", help="Look after this one only; may be repeated."
        ),
    ] = None
    home: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The operator's own namespace. Default: its pod's, else ebbtide."
        ),
    ] = None

    def place(self) -> Place:
        """Where it is, under a name that no other operator has."""
        host = os.environ.get("HOSTNAME") or socket.gethostname()
        return Place(
            kubeconfig=self.kubeconfig,
            context=self.context,
            home=self.home or _own_namespace(),
            namespaces=tuple(self.namespace or ()),
            identity=f"{host}-{uuid.uuid4().hex[:8]}",
        )


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often it decides, and on which terms it leads."""

    tick: Annotated[
        str, typer.Option(metavar="DURATION", help="From one decision to the next.")
    ] = "15s"
    lease: Annotated[
        str, typer.Option(metavar="NAME", help="The Lease, in the operator's own namespace.")
    ] = "ebbtide"
    lease_duration: Annotated[
        str, typer.Option(metavar="DURATION", help="Time until a silent leader is replaced.")
    ] = "60s"
    request_timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="What one request to the API server may take."),
    ] = "13s"

    def terms(self) -> Terms:
        """The same in seconds.

        Raises:
            InvalidInput: one is no duration, or too short.

        """
        return Terms(
            lease=self.lease,
            duration=int(seconds("--lease-duration", self.lease_duration, 3)),
            tick=seconds("--tick", self.tick, 1),
            request_timeout=seconds("--request-timeout", self.request_timeout, 0.2),
        )


@dataclass(frozen=True, kw_only=True)
class Telling:
    """How it tells of what it sees and does."""

    listen: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where /metrics and /healthz are; empty for none."),
    ] = "0.0.0.0:8080"
    log_format: Annotated[
        logs.Format, typer.Option(metavar="FORMAT", help="Log lines as json or text.")
    ] = logs.Format.JSON
    record: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write what is seen and decided, for `ebbtide replay`."),
    ] = None
    record_size: Annotated[
        int, typer.Option(metavar="MB", min=1, help="With --record: of FILE and FILE.1 together.")
    ] = 256

    def recording(self) -> "RecordingFile | None":
        """Where it is recorded; None: nowhere."""
        if self.record is None:
            return None
        from ebbtide.adapters.recording_file import RecordingFile

        return RecordingFile(self.record, self.record_size * 1_000_000)


def _own_namespace() -> str:
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else "ebbtide"

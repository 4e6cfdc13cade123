"""What the commands that speak to a cluster have in common."""

import getpass
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.api.reading.parse import parse_override
from ebbtide.errors import InvalidInput
from ebbtide_policies.quantities import parse_duration

if TYPE_CHECKING:
    from ebbtide.adapters.kubernetes.api_server import ApiServer
    from ebbtide.adapters.kubernetes.cluster import KubernetesCluster


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a person reaches the cluster."""

    kubeconfig: Annotated[
        str | None, typer.Option(metavar="FILE", help="Kubeconfig. Default: as kubectl finds it.")
    ] = None
    context: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Context of the kubeconfig. Default: its current one."),
    ] = None

    def reach(self) -> "KubernetesCluster":
        """The objects of the cluster, for the person who runs this command."""
        from ebbtide.adapters.kubernetes.cluster import KubernetesCluster

        return KubernetesCluster(self.connect(), may_write=lambda: True, now=time.time)

    def connect(self) -> "ApiServer":
        """Connect as the person who runs this command."""
        from ebbtide.adapters.kubernetes.api_server import connect

        return connect(self.kubeconfig, self.context)


_LABEL = re.compile(r"([^=,\s]+)=([^=,\s]*)")


def namespaced(name: str) -> tuple[str, str]:
    """Split `NAMESPACE/NAME`.

    Raises:
        InvalidInput: it is something else.

    """
    namespace, slash, rest = name.partition("/")
    if not (namespace and slash and rest) or "/" in rest:
        raise InvalidInput(f"{name!r}: write NAMESPACE/NAME, like live/stream-edge")
    return namespace, rest


def selected(text: str) -> Mapping[str, str]:
    """The labels in `app=edge,tier=media`; an empty text is all.

    Raises:
        InvalidInput: it can't be understood.

    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [_LABEL.fullmatch(part) for part in parts]
    wrong = [part for part, match in zip(parts, found, strict=True) if match is None]
    if wrong:
        raise InvalidInput(f"--selector: {wrong[0]!r} is no label; write it like app=stream-edge")
    return {match[1]: match[2] for match in found if match}


def end(until: str, now: datetime) -> str:
    """When an override ends, in UTC: after a duration (`2h`), or at a moment (`2026-11-12 06:00`).

    Raises:
        InvalidInput: it is neither, or lies in the past.

    """
    try:
        at = _moment(until, now)
    except OverflowError as error:
        raise InvalidInput(f"--until {until}: this end is too far away") from error
    if at <= now:
        raise InvalidInput(
            f"--until {until}: this moment has passed; an override needs an end in the future"
        )
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _moment(text: str, now: datetime) -> datetime:
    with suppress(ValueError):
        return now + timedelta(seconds=parse_duration(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"--until {text}: write a duration like 2h, or a moment like '2026-11-12 06:00' (UTC)"
        ) from error
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def say(
    connect: Callable[[], "KubernetesCluster"],
    namespace: str,
    word: str,
    spec: dict[str, object],
) -> None:
    """Write a CapacityOverride and tell what it says, and how to take it back."""
    spec = {"author": _author(), "timeZone": "UTC", **spec}
    parse_override(spec)
    written = connect().write_override(namespace, f"{word}-", spec, {})
    how = [str(spec[field]) for field in ("floor", "phase") if field in spec]
    what = " ".join((word.partition("-")[0], *how))
    typer.echo(
        f"{written.key}: {what} until {spec['until']} UTC ({spec['why']})\n"
        f"take it back: kubectl -n {namespace} delete capacityoverride {written.name}"
    )


def _author() -> str:
    """Who runs this command; in a container an account may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"

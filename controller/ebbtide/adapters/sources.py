"""The operator's metrics sources: where each one is, and which namespaces may ask it."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from ebbtide.api import yaml_text
from ebbtide.api.reading.error_messages import place
from ebbtide.api.reading.parse import understand
from ebbtide.errors import InvalidInput
from ebbtide_policies.quantities import Duration

Patience = Annotated[Duration, Field(gt=0, le=300)]


class _Settings(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )


class MetricsSource(_Settings):
    """One Prometheus, or a store that speaks its API: Thanos, Mimir, VictoriaMetrics."""

    url: str
    """The address before `/api/v1`, e.g. `http://prometheus.monitoring:9090`."""
    namespaces: tuple[str, ...] = ("*",)
    """Who may ask: globs over the namespace of the policy that holds the query."""
    bearer_token_file: Path | None = None
    """A file with a bearer token; read again whenever it changes."""
    basic_auth_file: Path | None = None
    """A file with `user:password`; read again whenever it changes."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Sent with every request, e.g. `X-Scope-OrgID` of a multi-tenant store."""
    ca_file: Path | None = None
    """The certificate authority of the server; the system's own by default."""
    insecure_skip_verify: bool = False
    """Accept any certificate."""
    connect_timeout: Patience = 3.05
    """To reach the server: just above the first repetition of a lost TCP packet (3 s)."""
    timeout: Patience = 10.0
    """For one whole answer, from request to last byte."""
    partial_response: bool = False
    """Take answers that come with warnings, e.g. when a part of Thanos is down."""
    max_points: int = Field(default=10_000, ge=1, le=11_000)
    """Minutes in one request; Prometheus refuses more than 11,000."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Requests under way at once for the tick."""
    backfill_concurrency: int = Field(default=2, ge=1, le=64)
    """Requests under way at once for long spans in the background, beside those of the tick."""

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write an address such as http://prometheus.monitoring:9090")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("leave credentials, query and fragment out (see basicAuthFile)")
        return url.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not _printable(value):
                raise ValueError(f"{name!r} or its value can't be sent as a header")
            if name.lower() == "authorization":
                raise ValueError("name bearerTokenFile or basicAuthFile instead of Authorization")
        return headers

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if self.bearer_token_file and self.basic_auth_file:
            raise ValueError("name bearerTokenFile or basicAuthFile, not both")
        if self.ca_file and self.insecure_skip_verify:
            raise ValueError("caFile is of no use with insecureSkipVerify: leave one of them out")
        return self

    def allows(self, namespace: str) -> bool:
        """Whether policies of this namespace may ask."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)


class _Configuration(_Settings):
    sources: Mapping[str, MetricsSource]


def load_sources(path: Path) -> Mapping[str, MetricsSource]:
    """Read the sources of a YAML file such as `sources: {default: {url: ...}}`, by name.

    Raises:
        InvalidInput: it can't be read or understood; the text gives line and path of the field.

    """
    try:
        text = yaml_text.read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: this is not text in UTF-8") from error
    if text.broken_at:
        raise InvalidInput(f"{path}:{text.broken_at}: {text.why}")
    if len(text.documents) != 1:
        raise InvalidInput(f"{path}: write one YAML document, not {len(text.documents)}")
    return _understood(path, text.documents[0])


def _understood(path: Path, document: yaml_text.Document) -> Mapping[str, MetricsSource]:
    if document.faults:
        raise InvalidInput(_sentences(path, document, document.faults))
    found = understand(_Configuration, document.body)
    if isinstance(found, list):
        raise InvalidInput(_sentences(path, document, found))
    return found.sources


def _sentences(path: Path, document: yaml_text.Document, faults: Iterable[yaml_text.Fault]) -> str:
    """Say file, line and field of everything that is wrong."""
    places = [(document.line(at), place(at) or "the file", why) for at, why in faults]
    return "; ".join(f"{path}:{line}: {where}: {why}" for line, where, why in places)


def _printable(text: str) -> bool:
    return text.isascii() and text.isprintable()

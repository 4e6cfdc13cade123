"""Turns whatever goes wrong between us and the API server into one sentence for a person."""

import json
from typing import NamedTuple

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotFound

_READING = frozenset({"get", "list"})
_LONGEST = 256
"""Characters of a server's own words that are passed on."""
_NO_SUCH_PATH = "404 page not found"
"""What an API server says, as plain text, of a group or version that it doesn't serve."""


class Place(NamedTuple):
    """Where an object, or a list of objects, is found at the API server."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def api_version(self) -> str:
        """`group/version`."""
        return f"{self.group}/{self.version}"

    @property
    def resource(self) -> str:
        """The resource as RBAC writes it: `deployments/scale`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural

    def __str__(self) -> str:
        named = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{resource}{named}{where}"


class Request(NamedTuple):
    """One call, as a person would name it."""

    verb: str
    place: Place

    @property
    def writes(self) -> bool:
        """Whether the call may change something."""
        return self.verb not in _READING

    def __str__(self) -> str:
        return f"{self.verb} {self.place}"


def explained(error: Exception, request: Request) -> ClusterUnavailable:
    """Return the error of ours that says what failed, on which object, and what to do."""
    if isinstance(error, ApiException):
        return _refused(error, request) if error.status else _broken(str(error.reason), request)
    if isinstance(error, ConnectTimeoutError | NewConnectionError):
        return _unreached(error, request)
    if isinstance(error, ReadTimeoutError):
        return _broken("the API server did not answer in time", request)
    if isinstance(error, SSLError):
        return _broken(f"TLS failed: {error}", request)
    if isinstance(error, HTTPError):
        return _broken(f"the connection broke off ({type(error).__name__})", request)
    return ClusterUnavailable(f"could not {request}: the credentials can't be read: {error}")


def not_json(request: Request) -> ClusterUnavailable:
    """Return the error for an answer that no API server gives."""
    return _broken(
        "the answer is no JSON object; a proxy or a login page answers in place of the API server",
        request,
    )


def _unreached(error: Exception, request: Request) -> ClusterUnavailable:
    return ClusterUnavailable(
        f"could not {request}: no connection to the API server; check its address and the "
        f"network: {_cut(str(error))}"
    )


def _broken(why: str, request: Request) -> ClusterUnavailable:
    doubt = "; the write may have happened" if request.writes else ""
    return ClusterUnavailable(f"could not {request}: {_cut(why)}{doubt}")


def _refused(error: ApiException, request: Request) -> ClusterUnavailable:
    said = _words(error.body)
    if said is None:
        return _broken(
            f"got {error.status} from something that is no Kubernetes API; a proxy or a login page "
            "may stand before it",
            request,
        )
    known = {401: _unknown, 403: _forbidden, 404: _absent, 409: _changed, 429: _overloaded}
    if error.status in known:
        return known[error.status](error, request, said)
    if error.status < 500:  # noqa: PLR2004 - the server's own failures start here
        return ClusterUnavailable(f"could not {request}: refused ({error.status}): {said}")
    return _broken(f"the API server failed ({error.status}): {said}", request)


def _unknown(error: ApiException, request: Request, said: str) -> ClusterUnavailable:
    return ClusterUnavailable(
        f"could not {request}: the API server does not accept the credentials; renew the token or "
        f"the certificate: {said}"
    )


def _forbidden(error: ApiException, request: Request, said: str) -> Forbidden:
    place = request.place
    return Forbidden(
        f"may not {request}: allow the verb {request.verb} on {place.resource} (API group "
        f"{place.group or 'core'}) in RBAC, unless the API server names another reason: {said}"
    )


def _absent(error: ApiException, request: Request, said: str) -> NotFound:
    if request.verb == "list":
        place = request.place
        return NotFound(
            f"could not {request}: the API server does not serve {place.plural} of "
            f"{place.api_version}; install its CustomResourceDefinition"
        )
    return NotFound(f"could not {request}: not there: {said}")


def _changed(error: ApiException, request: Request, said: str) -> Conflict:
    if request.verb == "create":
        return Conflict(f"could not {request}: it exists already; choose another name: {said}")
    return Conflict(f"could not {request}: it has changed since it was read: {said}")


def _overloaded(error: ApiException, request: Request, said: str) -> ClusterUnavailable:
    after = (error.headers or {}).get("Retry-After")
    wait = f" and asks to wait {after} s" if after else ""
    return ClusterUnavailable(
        f"could not {request}: the API server has too much to do{wait}; tried again at the next "
        f"tick: {said}"
    )


def _words(body: str | bytes | None) -> str | None:
    """Return what the API server said; None when the answer is not from an API server."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    if text.strip() == _NO_SUCH_PATH:
        return text.strip()
    try:
        status = json.loads(text)
    except ValueError:
        return None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return None
    return _cut(str(status.get("message") or status.get("reason") or "no reason given"))


def _cut(text: str) -> str:
    """Return the text in one line, and not longer than anybody reads."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."

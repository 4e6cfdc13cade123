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

from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotFound, Refused
from ebbtide_policies.message import Message

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

    @property
    def said(self) -> str | Message:
        """The place for people."""
        named = f" {self.name}" if self.name else ""
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        if self.namespace:
            return Message("{} in namespace {}", (f"{full}{named}", self.namespace))
        return f"{full}{named}"


class Request(NamedTuple):
    """One call, as a person would name it."""

    verb: str
    place: Place

    @property
    def writes(self) -> bool:
        """Whether the call may change something."""
        return self.verb not in _READING

    def could_not(self, why: str | Message) -> Message:
        """That it failed, and why."""
        return Message("could not {} {}: {}", (self.verb, self.place.said, why))


def explained(error: Exception, request: Request) -> ClusterUnavailable:
    """Return the error of ours that says what failed, on which object, and what to do."""
    if isinstance(error, ApiException):
        return (
            _refused(error, request) if error.status else _broken(_cut(str(error.reason)), request)
        )
    if isinstance(error, ConnectTimeoutError | NewConnectionError):
        return _unreached(error, request)
    if isinstance(error, ReadTimeoutError):
        return _broken(Message("the API server did not answer in time"), request)
    if isinstance(error, SSLError):
        return _broken(Message("TLS failed: {}", (_cut(str(error)),)), request)
    if isinstance(error, HTTPError):
        broke = Message("the connection broke off ({})", (type(error).__name__,))
        return _broken(broke, request)
    why = Message("the credentials can't be read: {}", (error,))
    return ClusterUnavailable(request.could_not(why))


def not_json(request: Request) -> ClusterUnavailable:
    """Return the error for an answer that no API server gives."""
    return _broken(
        Message(
            "the answer is no JSON object; a proxy or a login page answers in place of the API "
            "server"
        ),
        request,
    )


def _unreached(error: Exception, request: Request) -> ClusterUnavailable:
    why = Message(
        "no connection to the API server; check its address and the network: {}",
        (_cut(str(error)),),
    )
    return ClusterUnavailable(request.could_not(why))


def _broken(why: str | Message, request: Request) -> ClusterUnavailable:
    told = request.could_not(why)
    if request.writes:
        told = Message("{}; the write may have happened", (told,))
    return ClusterUnavailable(told)


def _refused(error: ApiException, request: Request) -> ClusterUnavailable:
    said = _words(error.body)
    if said is None:
        why = Message(
            "got {} from something that is no Kubernetes API; a proxy or a login page may stand "
            "before it",
            (error.status,),
        )
        return _broken(why, request)
    known = {401: _unknown, 403: _forbidden, 404: _absent, 409: _changed, 429: _overloaded}
    if error.status in known:
        return known[error.status](error, request, said)
    if error.status < 500:  # noqa: PLR2004 - the server's own failures start here
        refused = Message("refused ({}): {}", (error.status, said))
        return Refused(request.could_not(refused))
    return _broken(Message("the API server failed ({}): {}", (error.status, said)), request)


def _unknown(error: ApiException, request: Request, said: str) -> Refused:
    why = Message(
        "the API server does not accept the credentials; renew the token or the certificate: {}",
        (said,),
    )
    return Refused(request.could_not(why))


def _forbidden(error: ApiException, request: Request, said: str) -> Forbidden:
    verb, place = request
    return Forbidden(
        Message(
            "may not {} {}: allow the verb {} on {} (API group {}) in RBAC, unless the API server "
            "names another reason: {}",
            (verb, place.said, verb, place.resource, place.group or "core", said),
        )
    )


def _absent(error: ApiException, request: Request, said: str) -> NotFound:
    if request.verb == "list":
        place = request.place
        why = Message(
            "the API server does not serve {} of {}; install its CustomResourceDefinition",
            (place.plural, place.api_version),
        )
        return NotFound(request.could_not(why))
    return NotFound(request.could_not(Message("not there: {}", (said,))))


def _changed(error: ApiException, request: Request, said: str) -> Conflict:
    if request.verb == "create":
        why = Message("it exists already; choose another name: {}", (said,))
        return Conflict(request.could_not(why))
    return Conflict(request.could_not(Message("it has changed since it was read: {}", (said,))))


def _overloaded(error: ApiException, request: Request, said: str) -> Refused:
    after = (error.headers or {}).get("Retry-After")
    why = Message("the API server has too much to do; tried again at the next tick: {}", (said,))
    if after:
        why = Message(
            "the API server has too much to do and asks to wait {} s; tried again at the next "
            "tick: {}",
            (after, said),
        )
    return Refused(request.could_not(why))


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

"""One request to one metrics source: its numbers, or one sentence that says why not."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeout
from urllib3.util import Retry

from ebbtide.adapters.prometheus.answer import examine, words
from ebbtide.adapters.prometheus.grid import Piece, piece
from ebbtide.adapters.prometheus.samples import Samples
from ebbtide.adapters.prometheus.vector import by_label
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Span
from ebbtide_policies.demand import MINUTE

_FAILURES = (
    requests.RequestException,
    PrometheusApiClientException,
    HTTPError,
    OSError,
    ValueError,
)
"""The client, requests, urllib3 and the sockets each have a family of their own."""
_RESOLUTION = "30s"
"""From one look to the next into the past of a series that has vanished."""
T = TypeVar("T")
_TIMEOUTS = (requests.Timeout, ReadTimeout, TimeoutError)


class RangeClient:
    """One connection to one source. Each thread has its own: a requests session is not shared."""

    def __init__(self, name: str, source: MetricsSource) -> None:
        self._source = source
        self._called = f"metrics source {name} at {source.url}"
        self._session = self._prepared()
        self._samples: Sequence[Samples] = ()
        """Those of the answer that came last, in the order of its series."""
        options: dict[str, Any] = {  # `auth` and `timeout` take more than the client's types say
            "headers": dict(source.headers),
            "auth": _credential(source),
            "timeout": (source.connect_timeout, source.timeout),
            # `read=False` keeps a timeout a timeout; else it comes as "max retries exceeded".
            "retry": Retry(total=0, read=False),
        }
        self._client = PrometheusConnect(source.url, session=self._session, **options)

    def read(self, promql: str, span: Span) -> Piece:
        """Ask for the minutes of a span that fits one request.

        Raises:
            MetricsUnavailable: which source, what happened, what to do.

        """
        return self._explained(lambda: piece(self._ask(promql, span), span))

    def minutes(self, promql: str, span: Span) -> list[Any]:
        """Ask for every series in a span that fits one request, with labels and `Samples`.

        Raises:
            MetricsUnavailable: which source, what happened, what to do.

        """
        return self._explained(lambda: list(self._ask(promql, span)))

    def instant(self, promql: str) -> list[Any]:
        """Ask for every series as it is now, with its labels.

        Raises:
            MetricsUnavailable: which source, what happened, what to do.

        """
        params = _params(self._source)
        return self._explained(lambda: list(self._client.custom_query(promql, params=params)))

    def newest(self, promql: str, label: str, memory: float) -> Mapping[str, float]:
        """Ask for the newest number of every series, by the value of a label.

        A series that has vanished within the last `memory` seconds counts with its last number.

        Raises:
            MetricsUnavailable: which source, what happened, what to do.

        """
        asked, seconds = f"({promql}\n)", math.ceil(memory)  # it may end with a comment
        kept = f"{asked} or last_over_time({asked}[{seconds}s:{_RESOLUTION}])"
        params = _params(self._source)
        return self._explained(
            lambda: by_label(self._client.custom_query(kept, params=params), label)
        )

    def _explained(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except MetricsUnavailable as error:
            raise type(error)(f"{self._called} {error}") from error
        except _FAILURES as error:
            raise MetricsUnavailable(f"{self._called} {self._reason(error)}") from error

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _ask(self, promql: str, span: Span) -> list[Any]:
        result = self._client.custom_query_range(
            promql,
            start_time=datetime.fromtimestamp(span.start, UTC),
            end_time=datetime.fromtimestamp(span.end, UTC),
            step=str(int(MINUTE)),
            params=_params(self._source),
        )
        return [self._with_samples(series) for series in result]

    def _with_samples(self, series: Any) -> Any:
        """A series with its samples again, which were taken out of the text of its answer."""
        place = series.get("values") if isinstance(series, dict) else None
        if not isinstance(place, int) or place >= len(self._samples):
            return series
        return series | {"values": self._samples[place]}

    def _prepared(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = "ebbtide"
        session.hooks["response"].append(self._examine)
        session.verify = not self._source.insecure_skip_verify
        if self._source.ca_file is not None:
            session.verify = str(self._source.ca_file)
        return session

    def _examine(self, response: requests.Response, **_: Any) -> None:
        source = self._source
        self._samples = examine(response, timeout=source.timeout, partial=source.partial_response)

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, requests.ConnectTimeout):
            return f"was not reached within {self._source.connect_timeout:g} s. Check its url"
        if isinstance(error, _TIMEOUTS):
            return (
                f"did not answer within {self._source.timeout:g} s. "
                "Check its load, or raise its timeout"
            )
        return f"gave no answer: {_root(error)}. Check its url, and that it runs"


class _FileCredential(AuthBase):
    """An Authorization header from a file: a projected token is replaced before it expires."""

    def __init__(self, path: Path, *, basic: bool) -> None:
        self._path = path
        self._basic = basic
        self._stamp: tuple[int, int, int] | None = None
        self._header = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        try:
            request.headers["Authorization"] = self._current()
        except OSError as error:
            raise MetricsUnavailable(
                f"needs credentials, but {self._path} can't be read: {error.strerror}"
            ) from error
        return request

    def _current(self) -> str:
        stat = self._path.stat()
        stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if stamp != self._stamp:
            self._header = self._read()
            self._stamp = stamp
        return self._header

    def _read(self) -> str:
        text = self._path.read_text(encoding="utf-8", errors="replace").strip()
        if not (text and text.isascii() and text.isprintable()):
            # What the file holds is a secret, wrong or not: the message does not quote it.
            raise MetricsUnavailable(f"needs credentials, but {self._path} holds none")
        if self._basic:
            return f"Basic {base64.b64encode(text.encode()).decode()}"
        return f"Bearer {text}"


def _credential(source: MetricsSource) -> AuthBase | None:
    if source.bearer_token_file is not None:
        return _FileCredential(source.bearer_token_file, basic=False)
    if source.basic_auth_file is not None:
        return _FileCredential(source.basic_auth_file, basic=True)
    return None


def _params(source: MetricsSource) -> dict[str, str]:
    """Say how long an answer is of use, and what to do about missing parts."""
    return {
        "timeout": f"{source.timeout:g}",
        "partial_response": "true" if source.partial_response else "false",  # Thanos
        "deny_partial_response": "0" if source.partial_response else "1",  # VictoriaMetrics
    }


def _root(error: BaseException) -> str:
    """Say the first cause: requests and urllib3 wrap it in their own words, with the whole URL."""
    while deeper := error.__cause__ or error.__context__:
        error = deeper
    return words(getattr(error, "strerror", None) or error)

"""What a metrics server's raw answer is worth: metrics, or one sentence that says why not.

The client looks at the status code and at `data.result`, no further. So every response passes
here first, as a hook of its session: a redirect, a login page, an error with status 200 and a
warning about partial data are all seen before the client can take them for metrics.
"""

import io
import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from requests import Response

from ebbtide.adapters.prometheus.samples import Samples, condensed
from ebbtide.errors import MetricsUnavailable, WrongQuery

MOST_BYTES = 32 * 1024 * 1024
"""One series of 11,000 minutes has less than half a megabyte."""
MOST_WORDS = 200
"""How much of a foreign text goes into a message."""
_CHUNK = 64 * 1024
_WRONG = {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
"""With which a server says that it does not understand a query, or can't reckon it."""


def examine(response: Response, *, timeout: float, partial: bool) -> Sequence[Samples]:
    """Read the whole answer in time, and refuse everything but complete metrics.

    Returns the samples of its series, which are no longer in the text that the client reads.

    Raises:
        MetricsUnavailable: without the name of the source, which the caller knows.

    """
    try:
        if response.is_redirect:
            raise MetricsUnavailable(_redirect(response))
        body = _body(response, timeout - response.elapsed.total_seconds())
    finally:
        response.close()
    text, samples = condensed(body)
    response.raw = io.BytesIO(text)  # where the client reads it again
    answer = _parse(text)
    if response.status_code != HTTPStatus.OK or not _succeeded(answer):
        wrong = response.status_code in _WRONG and _is_error(answer)
        kind = WrongQuery if wrong else MetricsUnavailable
        raise kind(_refusal(response, body, answer))
    if not partial:
        _refuse_partial(answer)
    return samples


def words(text: object) -> str:
    """Cut a foreign text to one printable line."""
    line = "".join(c for c in " ".join(str(text).split()) if c.isprintable())
    return line if len(line) <= MOST_WORDS else line[:MOST_WORDS].rstrip() + " ..."


def _body(response: Response, patience: float) -> bytes:
    """Read to the end, but no longer: a timeout of requests begins anew with each byte."""
    deadline = time.monotonic() + patience
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES:
            raise MetricsUnavailable(
                f"answered with more than {MOST_BYTES >> 20} MB: aggregate the query, e.g. sum(...)"
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _succeeded(answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and answer.get("status") == "success"
        and isinstance(answer.get("data"), dict)
        and isinstance(answer["data"].get("result"), list)
    )


def _refuse_partial(answer: Any) -> None:
    if answer.get("warnings"):
        raise MetricsUnavailable(
            f"answered with warnings, so its data may be partial: {words(answer['warnings'])}. "
            "Repair what it warns of, or accept partial data with partialResponse: true"
        )
    if answer.get("isPartial"):
        raise MetricsUnavailable(
            "answered with partial data. "
            "Repair its storage nodes, or accept that with partialResponse: true"
        )


def _redirect(response: Response) -> str:
    to = urlsplit(response.headers["location"])
    where = words(f"{to.scheme}://{to.hostname}") if to.hostname else "another path"
    return (
        f"redirects to {where} ({response.status_code}); redirects are not followed. "
        "Is it a login page? Put the final address into its url, or give it credentials"
    )


def _refusal(response: Response, body: bytes, answer: Any) -> str:
    status = response.status_code
    said = _said(body, answer)
    if status in {401, 403}:
        return f"refused access ({status}): {said}. Check its credentials and headers"
    if status in {429, 503}:
        return f"is overloaded or not ready ({status}): {said}. Check its load"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"failed ({status}): {said}. Check its log"
    if _is_error(answer):
        return f"refused the query ({status}): {said}. Correct the query"
    return f"answered, but not with metrics ({status}): {said}. Check its url"


def _is_error(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("status") == "error"


def _said(body: bytes, answer: Any) -> str:
    """Prefer the server's own words for an error to the raw text of its answer."""
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return words(answer["error"])
    return words(body[: 10 * MOST_WORDS].decode("utf-8", errors="replace")) or "(nothing)"

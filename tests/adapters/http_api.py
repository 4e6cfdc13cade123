"""A real HTTP server on loopback that answers as it is told, and badly where it is told so."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with one request."""

    status: int = 200
    body: Json | str = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Json


def refusal(status: int, reason: str, message: str, **headers: str) -> Answer:
    """Return a refusal in the form that an API server gives it."""
    body = {"kind": "Status", "apiVersion": "v1", "reason": reason, "message": message}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {**body, "code": status}, named)


class HttpApi:
    """Answers by method and path, in the order told; the last answer stays."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._server = _Server(self.answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *answers: Answer | Json) -> None:
        """Answer a method and path so from now on; an object is a success."""
        self._answers[method, path] = [
            each if isinstance(each, Answer) else Answer(body=each) for each in answers
        ]

    def writes(self) -> list[Call]:
        """Return the requests that would have changed something."""
        return [call for call in self.calls if call.method != "GET"]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def kubeconfig(self, path: Path) -> str:
        """Write a kubeconfig that leads here."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "secret"}}],
            "contexts": [{"name": "live", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "live",
        }
        path.write_text(yaml.safe_dump(content))
        return str(path)

    def answer(self, call: Call) -> Answer:
        """Note a request and return what is to be done with it."""
        self.calls.append(call)
        answers = self._answers.get((call.method, call.path))
        if answers is None:
            return refusal(404, "NotFound", f"{call.path} not found")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Server(ThreadingHTTPServer):
    """Knows what is to be answered, and when a hanging request is let go."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Call], Answer]) -> None:
        self.answer = answer
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        answer = self.server.answer(self._read())
        if answer.hangs:
            self.server.over.wait(60)
        if answer.hangs or answer.drops:
            self.close_connection = True
            return
        self._send(answer)

    def _read(self) -> Call:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(text) if text else {}
        return Call(self.command, parts.path, parse_qs(parts.query), headers, body)

    def _send(self, answer: Answer) -> None:
        text, kind = answer.body, "text/html"
        if not isinstance(text, str):
            text, kind = json.dumps(text), "application/json"
        raw = text.encode()
        self.send_response(answer.status)
        headers = {"Content-Type": kind, **answer.headers, "Content-Length": str(len(raw))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def http_api() -> Iterator[HttpApi]:
    """Serve for the length of a `with` block."""
    api = HttpApi()
    api.start()
    try:
        yield api
    finally:
        api.stop()

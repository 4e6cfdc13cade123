"""A small web server on an address of its own, in a thread of its own."""

import threading
from collections.abc import Callable, Iterable
from socket import AF_INET6
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from ebbtide.errors import InvalidInput

_HANG = 10.0
"""Seconds that a client may take for its request."""


class _Server(ThreadingMixIn, WSGIServer):
    """A client that hangs keeps no probe waiting."""

    daemon_threads = True


class _Server6(_Server):
    """The same where addresses are those of IPv6: `::` is every address, of IPv4 too."""

    address_family = AF_INET6


class _Quiet(WSGIRequestHandler):
    """Leaves the log to what matters."""

    timeout = _HANG

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def serve(listen: str, app: Callable[..., Iterable[bytes]]) -> WSGIServer:
    """Serve an application on `host:port`, or `[::]:port`, until it is shut down.

    Raises:
        InvalidInput: the address is none, or is taken.

    """
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise InvalidInput(f"--listen {listen!r} is no address; write it like 0.0.0.0:8080")
    bare = host.removeprefix("[").removesuffix("]")
    kind = _Server6 if ":" in bare else _Server
    try:
        server = make_server(bare, int(port), app, server_class=kind, handler_class=_Quiet)
    except (OSError, OverflowError) as error:
        raise InvalidInput(f"--listen {listen!r} can't be used: {error}") from error
    threading.Thread(target=server.serve_forever, name="exposition", daemon=True).start()
    return server

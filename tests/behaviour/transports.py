"""Raw calls of WSGI and ASGI apps: every header line stays visible, exceptions too."""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Lines = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Request:
    """An HTTP request as a server reads it: each header line by itself, values as bytes."""

    method: str = "GET"
    path: str = "/"
    headers: Lines = ()

    def __str__(self) -> str:
        lines = [f"{name}: {_shortened(value)}" for name, value in self.headers]
        return "\n    ".join([f"{self.method} {self.path}", *lines])


@dataclass
class Response:
    """What the app under test sent, header lines in their order, and what it raised."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    raised: BaseException | None = None

    def values(self, name: str) -> list[str]:
        """Return the values of all lines of one header."""
        return [value for line, value in self.headers if line.lower() == name.lower()]


Send = Callable[[Request], Response]


def call_wsgi(app: Callable[..., Iterable[bytes]], request: Request) -> Response:
    """Send `request` to a WSGI app as a server does, and return what comes back."""
    response = Response()

    def start_response(status: str, headers: list[Any], exc_info: Any = None) -> Any:
        assert not response.status or exc_info, "start_response called twice"
        response.status = int(status.split()[0])
        response.headers = list(headers)
        return lambda data: None

    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "api.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        text = value.decode("latin-1")
        # Waitress, gunicorn, wsgiref and Werkzeug all join repeated lines with a comma.
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    body: Iterable[bytes] = ()
    try:
        body = app(environ, start_response)
        for chunk in body:
            response.body += chunk
    except Exception as error:
        response.raised = error
    finally:
        with suppress(AttributeError):
            body.close()  # type: ignore[attr-defined]  # PEP 3333: only where there is one
    return response


def call_asgi(app: Callable[..., Awaitable[None]], request: Request) -> Response:
    """Send `request` to an ASGI app as a server does, and return what comes back."""
    response = Response()
    pending = [{"type": "http.request", "body": b"", "more_body": False}]
    complete = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop()
        await complete.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert not response.status, "http.response.start sent twice"
            response.status = message["status"]
            response.headers = [(n.decode(), v.decode("latin-1")) for n, v in message["headers"]]
        else:
            response.body += message.get("body", b"")
            if not message.get("more_body", False):
                complete.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value) for name, value in request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("api.example", 443),
    }

    async def serve() -> None:
        await app(scope, receive, send)

    try:
        _runner().run(serve())
    except Exception as error:
        response.raised = error
    return response


_RUNNERS: list[asyncio.Runner] = []


def _runner() -> asyncio.Runner:
    """Return one event loop for all calls: a new one for each would be most of their time."""
    if not _RUNNERS:
        _RUNNERS.append(asyncio.Runner())
        logging.getLogger("asyncio").setLevel(logging.WARNING)
    return _RUNNERS[0]


def close_event_loop() -> None:
    """Close the loop that `call_asgi` used."""
    while _RUNNERS:
        _RUNNERS.pop().close()


def _shortened(value: bytes) -> str:
    return repr(value)[1:] if len(value) < 200 else f"{value[:80]!r}... ({len(value)} bytes)"

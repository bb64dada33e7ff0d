"""One request into an app and nothing round it: no server, no test client, no event loop.

`asgi` and `wsgi` return a call to time; `asgi_answer` and `wsgi_answer` what it answers, for
`check`, which makes sure that a benchmark measures what its table says.
"""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple

from benchmarks.situations import Situation

Call = Callable[[], None]


class Answer(NamedTuple):
    """What came back: the status and the headers, names in lower case."""

    status: int
    headers: dict[str, str]


def asgi(app: Any, situation: Situation) -> Call:
    """Return a call that serves the request once, by stepping the app's coroutine to its end."""
    scope = scope_of(situation)

    async def send(message: Any) -> None:
        pass

    def call() -> None:
        try:
            app(scope.copy(), _receive, send).send(None)
        except StopIteration:
            return
        raise RuntimeError("the app waits for something, so this would time half a request")

    return call


def asgi_answer(app: Any, situation: Situation) -> Answer:
    """Return what an ASGI app answers."""
    starts: list[Any] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            starts.append(message)

    with suppress(StopIteration):
        app(scope_of(situation), _receive, send).send(None)
    headers = {name.decode().lower(): value.decode() for name, value in starts[0]["headers"]}
    return Answer(starts[0]["status"], headers)


def wsgi(app: Any, situation: Situation) -> Call:
    """Return a call that serves the request once and does with the body what a server does."""
    environ = environ_of(situation)

    def call() -> None:
        body = app(environ.copy(), _drop)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()

    return call


def wsgi_answer(app: Any, situation: Situation) -> Answer:
    """Return what a WSGI app answers."""
    starts: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        starts.append((status, headers))
        return _write

    body = app(environ_of(situation), start_response)
    b"".join(body)
    if hasattr(body, "close"):
        body.close()
    status, headers = starts[0]
    return Answer(int(status.split()[0]), {name.lower(): value for name, value in headers})


def check(answer: Answer, variant: str, situation: Situation) -> None:
    """Raise unless the layer did what the situation is there to measure."""
    if variant in ("bare", "floor") or situation.allowed is None:
        return
    sent = "access-control-allow-origin" in answer.headers
    if sent != situation.allowed:
        raise RuntimeError(f"{variant} answered {situation.name!r} with {answer}")


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _write(data: bytes) -> None:
    pass


def _drop(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    return _write


def scope_of(situation: Situation) -> dict[str, Any]:
    """Return the request as an ASGI server has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": situation.method,
        "root_path": "",
        "path": "/items",
        "raw_path": b"/items",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in situation.headers],
    }


def environ_of(situation: Situation) -> dict[str, Any]:
    """Return the request as a WSGI server has it."""
    environ = {
        "REQUEST_METHOD": situation.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/items",
        "RAW_URI": "/items",
        "QUERY_STRING": "",
        "SERVER_NAME": "api.example.com",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": None,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in situation.headers:
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ

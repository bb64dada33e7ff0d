"""The WSGI apps that every WSGI server serves, each under its name: `/bare/...`, `/cors/...`.

The first segment of the path names the app; the rest is what the app sees as its path. What an app
writes for a test to find goes to standard error, which is the server's log.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import flask

import cors_core_flask
from cors_core.wsgi import CORSMiddleware
from tests.servers.frameworks import django_wsgi, falcon_wsgi
from tests.servers.shared import POLICY, Crash

TEXT = [("Content-Type", "text/plain")]


def told(text: str) -> None:
    """Write a line into the server's log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def await_file(name: str) -> None:
    """Return when the test has made this file: it got all that was sent before."""
    deadline = time.monotonic() + 10
    while not Path(name).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.005)


class Body:
    """A body that says when it is closed."""

    def __init__(self, token: str, chunks: Iterable[bytes]) -> None:
        self._token = token
        self._chunks = iter(chunks)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        told(f"closed {self._token}")


def plain(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    got = environ["wsgi.input"].read(size) if size else b""
    body = b"app" + got
    own = [
        ("Content-Length", str(len(body))),
        ("Access-Control-Allow-Origin", "https://own.example"),
    ]
    start_response("200 OK", TEXT + own)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def crash(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    raise Crash(token)


def start_crash(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "3")])
    raise Crash(token)


def iterated_crash(environ: Any, start_response: Any, token: str) -> Iterator[bytes]:
    if token:
        raise Crash(token)
    yield b""


def iterated_start_crash(environ: Any, start_response: Any, token: str) -> Iterator[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "3")])
    if token:
        raise Crash(token)
    yield b""


def start_iterated_crash(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "3")])

    def chunks() -> Iterator[bytes]:
        if token:
            raise Crash(token)
        yield b""

    return chunks()


def mid_crash(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", TEXT)

    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise Crash(token)

    return Body(token, chunks())


def exc_info(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "3"), ("X-First", "1")])
    try:
        raise Crash(token)
    except Crash:
        start_response("503 Later", [*TEXT, ("Content-Length", "5")], sys.exc_info())
    return [b"later"]


def iterated_exc_info(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "3"), ("X-First", "1")])

    def chunks() -> Iterator[bytes]:
        try:
            raise Crash(token)
        except Crash:
            start_response("503 Later", [*TEXT, ("Content-Length", "5")], sys.exc_info())
        yield b"later"

    return chunks()


def sent_exc_info(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", TEXT)

    def chunks() -> Iterator[bytes]:
        yield b"one"
        try:
            raise Crash(token)
        except Crash:
            start_response("503 Later", TEXT, sys.exc_info())
        yield b"two"

    return chunks()


def started_twice(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    start_response("202 Again", [*TEXT, ("Content-Length", "5")])
    return [b"twice"]


def stream(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", TEXT)

    def chunks() -> Iterator[bytes]:
        yield b"one"
        await_file(token)
        yield b"two"

    return chunks()


def late_stream(environ: Any, start_response: Any, token: str) -> Iterator[bytes]:
    yield from stream(environ, start_response, token)


def file(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    opened = Path(__file__).open("rb")  # noqa: SIM115  # the server closes it
    start_response("200 OK", [*TEXT, ("Content-Length", str(Path(__file__).stat().st_size))])
    wrapper = environ.get("wsgi.file_wrapper")
    told(f"file_wrapper={wrapper is not None} {token}")
    return iter(lambda: opened.read(8192), b"") if wrapper is None else wrapper(opened)


def closed(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    return Body(token, [] if environ["REQUEST_METHOD"] == "HEAD" else [b"closed"])


def iterated_closed(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    def chunks() -> Iterator[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "6")])
        yield b"" if environ["REQUEST_METHOD"] == "HEAD" else b"closed"

    return Body(token, chunks())


def written(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    write = start_response("200 OK", TEXT)
    write(b"one ")
    write(b"two ")
    return [b"three"]


def written_crash(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    write = start_response("200 OK", TEXT)
    write(b"one ")
    raise Crash(token)


def no_content(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []


def not_modified(environ: Any, start_response: Any, token: str) -> Iterable[bytes]:
    start_response("304 Not Modified", [("ETag", '"1"')])
    return []


ANSWERS: dict[str, Callable[[Any, Any, str], Iterable[bytes]]] = {
    "/": plain,
    "/crash": crash,
    "/start-crash": start_crash,
    "/iterated-crash": iterated_crash,
    "/iterated-start-crash": iterated_start_crash,
    "/start-iterated-crash": start_iterated_crash,
    "/mid-crash": mid_crash,
    "/exc-info": exc_info,
    "/iterated-exc-info": iterated_exc_info,
    "/sent-exc-info": sent_exc_info,
    "/started-twice": started_twice,
    "/stream": stream,
    "/late-stream": late_stream,
    "/file": file,
    "/closed": closed,
    "/iterated-closed": iterated_closed,
    "/written": written,
    "/written-crash": written_crash,
    "/no-content": no_content,
    "/not-modified": not_modified,
}


def bare(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Answer as the path says; the query's `token` is for the log, or a file to wait for."""
    token = parse_qs(environ["QUERY_STRING"]).get("token", [""])[0]
    return ANSWERS[environ["PATH_INFO"]](environ, start_response, token)


def _flask() -> flask.Flask:
    app = flask.Flask("servers")
    cors_core_flask.CORS(app, policy=POLICY)

    @app.get("/")
    def plain() -> str:
        return "app"

    @app.get("/crash")
    def crash() -> str:
        raise Crash(flask.request.args["token"])

    return app


APPS: dict[str, Any] = {
    "bare": bare,
    "cors": CORSMiddleware(bare, policy=POLICY),
    "flask": _flask(),
    "django": django_wsgi,
    "falcon": falcon_wsgi,
}


def app(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Serve all apps, each under its name."""
    _, name, path = environ["PATH_INFO"].split("/", 2)
    environ["SCRIPT_NAME"] += f"/{name}"
    environ["PATH_INFO"] = f"/{path}"
    served: Iterable[bytes] = APPS[name](environ, start_response)
    return served

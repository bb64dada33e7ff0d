"""The WSGI middleware by itself: bodies, start_response, exceptions (R15)."""

import io
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from cors_core import OriginLookup, Policy, PolicyRequest
from cors_core.adapters import EnvironReader
from cors_core.policy import decider_of
from cors_core.wsgi import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Request, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])


def answered_by_wsgiref(app: Any, method: str = "GET") -> tuple[str, str]:
    """Serve one request on the standard library's handler: what it sent, and what it logged."""
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "HTTP_ORIGIN": ORIGIN}
    setup_testing_defaults(environ)
    sent, logged = io.BytesIO(), io.StringIO()
    SimpleHandler(io.BytesIO(), sent, logged, environ).run(app)
    return sent.getvalue().decode(), logged.getvalue()


def test_the_body_is_passed_on_as_it_is() -> None:
    wrapper = FileWrapper(io.BytesIO(b"x"))

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return wrapper

    body = CORSMiddleware(app, policy=POLICY)({"REQUEST_METHOD": "GET"}, lambda *_: None)  # type: ignore[arg-type]  # returns no write
    assert body is wrapper


@pytest.mark.parametrize(
    "name",
    ["access-control-allow-origin", "ACCESS-CONTROL-MAX-AGE", "access-Control-Expose-Headers"],
)
def test_headers_of_the_app_are_replaced_however_they_are_spelled(name: str) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("x-kept", "1"), (name, "*"), ("VARY", "Accept"), ("vary", "a")])
        return []

    for origin, shown in ((ORIGIN, [ORIGIN]), ("https://evil.example", [])):
        response = call_wsgi(CORSMiddleware(app, policy=POLICY), request(origin=origin))
        assert response.values("access-control-allow-origin") == shown
        assert response.values("access-control-max-age") == []
        assert response.values("access-control-expose-headers") == []
        assert response.values("vary") == ["Accept, a, Origin"]
        assert response.values("x-kept") == ["1"]


def test_headers_that_the_app_keeps_are_not_changed() -> None:
    headers = [("Content-Type", "text/plain")]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return []

    response = call_wsgi(CORSMiddleware(app, policy=POLICY), request())
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert headers == [("Content-Type", "text/plain")]


class Server:
    """A server's side of one request, that keeps what it is told. Never joins two starts."""

    def __init__(self, *, refuses: bool = False, has_write: bool = True) -> None:
        self.starts: list[Any] = []
        self.written: list[bytes] = []
        self.connection = "keep-alive"
        self._refuses = refuses
        self._has_write = has_write

    def start_response(self, *start: Any) -> Any:
        self.starts.append(start)
        if self._refuses:
            raise ValueError
        return self.written.append if self._has_write else None

    def force_close(self) -> None:
        self.connection = "close"

    def serve(self, app: Any, method: str = "GET") -> Any:
        """Return the body, not iterated."""
        environ = {"REQUEST_METHOD": method, "HTTP_ORIGIN": ORIGIN}
        return CORSMiddleware(app, policy=POLICY)(environ, self.start_response)


class Body:
    """A body that counts how often it is closed."""

    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self._chunks = iter(chunks)
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self.closed += 1


def start_again(start_response: Any) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        start_response("503 Later", [("X-Second", "1")], sys.exc_info())


def test_a_start_that_another_replaces_is_never_told_to_the_server() -> None:
    """gunicorn and cheroot would send the headers of both, uWSGI no body."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("X-First", "1")])
        start_again(start_response)
        return []

    def iterated(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("X-First", "1")])

        def chunks() -> Iterator[bytes]:
            start_again(start_response)
            yield b""

        return chunks()

    for each in (app, iterated):
        server = Server()
        server.serve(each)
        ((status, headers),) = server.starts
        assert status == "503 Later"
        assert headers[0] == ("X-Second", "1")
        assert [name for name, _ in headers].count("Access-Control-Allow-Origin") == 1


def test_a_start_after_the_first_chunk_is_the_servers_to_judge() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        start_again(start_response)

    server = Server()
    list(server.serve(app))
    first, second = server.starts
    assert first[0] == "200 OK"
    assert second[0] == "503 Later"
    assert second[2][0] is ZeroDivisionError


def test_a_start_after_write_is_the_servers_to_judge() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"one")
        start_again(start_response)
        return []

    server = Server()
    server.serve(app)
    assert server.written == [b"one"]
    assert [start[0] for start in server.starts] == ["200 OK", "503 Later"]


def test_a_second_start_without_exc_info_is_the_servers_to_judge() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        start_response("202 Again", [])
        return []

    server = Server()
    server.serve(app)
    assert [start[0] for start in server.starts] == ["200 OK", "202 Again"]


def test_a_start_after_an_empty_chunk_is_told_to_the_server_at_once() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", [])
        yield b"x"

    server = Server()
    body = server.serve(app)
    assert server.starts == []
    assert list(body) == [b"", b"x"]
    ((status, headers),) = server.starts
    assert status == "200 OK"
    assert ("Access-Control-Allow-Origin", ORIGIN) in headers


def test_a_body_is_closed_if_the_server_refuses_the_headers() -> None:
    body = Body()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("X-Bad", "\n")])
        return body

    with pytest.raises(ValueError, match=r"^$"):
        Server(refuses=True).serve(app)
    assert body.closed == 1


def test_chunks_are_not_asked_for_before_the_server_wants_them() -> None:
    asked: list[int] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])

        def chunks() -> Iterator[bytes]:
            for number in range(3):
                asked.append(number)
                yield b"x"

        return chunks()

    server = Server()
    body = iter(server.serve(app))
    assert asked == [0]
    next(body)
    assert asked == [0]
    next(body)
    assert asked == [0, 1]


def test_the_first_chunk_of_a_started_body_that_is_no_generator_is_left_to_the_server() -> None:
    body = Body([b"x"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return body

    assert Server().serve(app) is body


@pytest.mark.parametrize("iterated", [True, False])
def test_a_body_that_starts_the_response_is_closed_once(iterated: bool) -> None:
    made: list[Body] = []

    def app(environ: Any, start_response: Any) -> Any:
        def chunks() -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"x"

        made.append(Body(chunks()))
        return made[0]

    body = Server().serve(app)
    assert not iterated or list(body) == [b"x"]
    body.close()
    assert made[0].closed == 1


def test_a_body_that_crashes_at_its_first_chunk_is_closed_once() -> None:
    body = Body(crash_when_iterated({"x": 1}, None))
    answer = Server().serve(lambda environ, start_response: body)
    assert body.closed == 1
    assert next(answer) == b"Internal Server Error"


@pytest.mark.parametrize(
    ("method", "has_write", "iterated"),
    [("GET", True, 0), ("GET", True, 1), ("HEAD", True, 0), ("HEAD", False, 1)],
)
def test_a_crash_is_logged_here_if_the_server_never_gets_it(
    method: str, has_write: bool, iterated: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The client is gone after the first chunk, or the server sends no body for HEAD."""
    body = Server(has_write=has_write).serve(crash, method)
    for _ in range(iterated):
        next(body, None)
    body.close()
    body.close()
    (record,) = caplog.records
    assert record.name == "cors_core"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_a_crash_after_write_is_only_raised() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"one")
        raise ZeroDivisionError

    server = Server()
    with pytest.raises(ZeroDivisionError):
        server.serve(app)
    assert server.written == [b"one"]
    assert len(server.starts) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_crash_that_the_server_gets_is_not_logged_here(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = Server().serve(crash, method)
    with pytest.raises(ZeroDivisionError):
        list(body)
    assert list(body) == []
    body.close()
    assert caplog.records == []


def test_the_answer_to_a_crash_does_not_promise_to_keep_the_connection() -> None:
    server = Server()
    server.serve(crash)
    assert server.connection == "close"


def crash(environ: Any, start_response: Any) -> Iterable[bytes]:
    raise ZeroDivisionError


def crash_after_start(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    raise ZeroDivisionError


def crash_when_iterated(environ: Any, start_response: Any) -> Iterator[bytes]:
    if environ:
        raise ZeroDivisionError
    yield b""


def crash_when_iterated_after_start(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from crash_when_iterated(environ, start_response)


def crash_in_a_started_body(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return crash_when_iterated(environ, start_response)


@pytest.mark.parametrize(
    "app",
    [
        crash,
        crash_after_start,
        crash_when_iterated,
        crash_when_iterated_after_start,
        crash_in_a_started_body,
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_crash_is_answered_and_logged_by_the_server(app: Any, method: str) -> None:
    sent, logged = answered_by_wsgiref(CORSMiddleware(app, policy=POLICY), method)
    assert sent.startswith("HTTP/1.0 500 Internal Server Error")
    assert f"Access-Control-Allow-Origin: {ORIGIN}" in sent
    assert "Content-Length: 21" in sent
    assert sent.endswith("Internal Server Error" if method == "GET" else "\r\n\r\n")
    assert logged.count("\nZeroDivisionError\n") == 1


def test_a_crash_in_mid_body_is_only_raised() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        raise ZeroDivisionError

    response = call_wsgi(CORSMiddleware(app, policy=POLICY), request())
    assert (response.status, response.body) == (200, b"one")
    assert isinstance(response.raised, ZeroDivisionError)


def test_an_unstarted_body_without_close() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        def chunks() -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"x"

        return map(bytes, chunks())

    response = call_wsgi(CORSMiddleware(app, policy=POLICY), request())
    assert (response.status, response.body, response.raised) == (200, b"x", None)
    assert response.values("access-control-allow-origin") == [ORIGIN]


@pytest.mark.parametrize("asked", [request(), preflight(), preflight("PUT"), request(None)])
def test_both_sides_conform_to_pep_3333(asked: Request) -> None:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"app"]

    checked: Any = validator(CORSMiddleware(validator(app), policy=POLICY))
    response = call_wsgi(checked, asked)
    assert response.raised is None
    assert response.status in {200, 400}


def test_a_preflight_never_reaches_the_app() -> None:
    response = call_wsgi(CORSMiddleware(crash, policy=POLICY), preflight())
    assert (response.status, response.body, response.raised) == (200, b"OK", None)
    assert response.values("content-type") == ["text/plain"]
    assert response.values("content-length") == ["2"]


def test_a_callable_may_look_at_the_query_and_the_headers() -> None:
    seen: list[Any] = []

    def policy(asked: PolicyRequest) -> None:
        seen.append((asked.query, dict(asked.headers)))

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "q=%20"}
    environ |= {"HTTP_X_A": "1", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": ""}
    CORSMiddleware(lambda *_: [], policy=policy)(environ, lambda *_: None)  # type: ignore[arg-type]  # writes nothing
    assert seen == [("q=%20", {"x-a": "1", "content-type": "text/plain"})]


@pytest.mark.parametrize("name", ["ORIGIN", "ACCESS_CONTROL_REQUEST_HEADERS", "HOST"])
def test_a_header_that_a_server_joined_from_a_million_lines_is_cut(name: str) -> None:
    environ = {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "/", f"HTTP_{name}": "x," * 10**6}
    asked = EnvironReader().read(environ)
    assert sum(len(part or "") for part in asked[:7] if isinstance(part, str)) < 10_000


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_an_async_lookup_is_never_asked_by_what_cannot_await(method: str) -> None:
    async def lookup(origin: str) -> bool:
        raise AssertionError

    decider = decider_of(Policy(allow_origins=OriginLookup(lookup)))
    environ = {"REQUEST_METHOD": method, "HTTP_ORIGIN": ORIGIN}
    assert EnvironReader().decide(decider, environ) is None
    assert EnvironReader(awaits=True).decide(decider, environ) is None

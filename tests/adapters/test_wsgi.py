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


def test_exc_info_of_the_app_reaches_the_server() -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Oh", [], sys.exc_info())
        return []

    CORSMiddleware(app, policy=POLICY)({"REQUEST_METHOD": "GET"}, lambda *given: seen.append(given))  # type: ignore[arg-type]  # returns no write
    assert seen[0] == ("200 OK", [("Vary", "Origin")])
    assert seen[1][:2] == ("500 Oh", [("Vary", "Origin")])
    assert seen[1][2][0] is ZeroDivisionError


def crash(environ: Any, start_response: Any) -> Iterable[bytes]:
    raise ZeroDivisionError


def crash_after_start(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    raise ZeroDivisionError


def crash_when_iterated(environ: Any, start_response: Any) -> Iterator[bytes]:
    if environ:
        raise ZeroDivisionError
    yield b""


@pytest.mark.parametrize("app", [crash, crash_after_start, crash_when_iterated])
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


def test_a_generator_is_closed_even_if_never_iterated() -> None:
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Any:
            return iter([b"x"])

        def close(self) -> None:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Any:
        return Body()

    body: Any = CORSMiddleware(app, policy=POLICY)({"REQUEST_METHOD": "GET"}, lambda *_: None)  # type: ignore[arg-type]  # returns no write
    body.close()
    assert closed == [True]


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

"""The ASGI middleware by itself: other scopes, streaming, exceptions (R3, R15)."""

import asyncio
from typing import Any

import pytest

from cors_core import Policy, PolicyError, PolicyRequest
from cors_core.adapters import ScopeReader
from cors_core.asgi import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import call_asgi

POLICY = Policy(allow_origins=[ORIGIN])


async def nothing() -> Any:
    raise AssertionError


@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something-new"])
def test_other_scopes_pass_untouched(kind: str) -> None:
    seen: list[Any] = []

    async def app(*connection: Any) -> None:
        seen.extend(connection)

    async def send(message: Any) -> None:
        raise AssertionError

    scope = {"type": kind, "headers": [(b"origin", b"https://evil.example")]}
    asyncio.run(CORSMiddleware(app, policy=POLICY)(scope, nothing, send))
    assert seen[0] is scope
    assert seen[1] is nothing
    assert seen[2] is send


def test_a_stream_is_not_buffered() -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert len(sent) == 1
        for number in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            assert len(sent) == 2 + number

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": []}
    asyncio.run(CORSMiddleware(app, policy=POLICY)(scope, nothing, send))
    assert len(sent) == 4


def test_a_message_that_the_app_keeps_is_not_changed() -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": 200}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)

    response = call_asgi(CORSMiddleware(app, policy=POLICY), request())
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert start == {"type": "http.response.start", "status": 200}


@pytest.mark.parametrize(
    "name",
    [b"Access-Control-Allow-Origin", b"ACCESS-CONTROL-MAX-AGE", b"access-Control-Expose-Headers"],
)
def test_headers_of_the_app_are_replaced_however_they_are_spelled(name: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"X-Kept", b"1"), (name, b"*"), (b"VARY", b"Accept"), (b"Vary", b"origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    for origin, shown in ((ORIGIN, [ORIGIN]), ("https://evil.example", [])):
        response = call_asgi(CORSMiddleware(app, policy=POLICY), request(origin=origin))
        assert response.values("access-control-allow-origin") == shown
        assert response.values("access-control-max-age") == []
        assert response.values("access-control-expose-headers") == []
        assert response.values("vary") == ["Accept, origin"]
        assert response.values("x-kept") == ["1"]


def test_a_crash_is_answered_and_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    response = call_asgi(CORSMiddleware(app, policy=POLICY), request())
    assert response.status == 500
    assert response.body == b"Internal Server Error"
    assert response.values("content-length") == ["21"]
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert isinstance(response.raised, ZeroDivisionError)


@pytest.mark.parametrize(("version", "said"), [("1.1", True), ("2", False)])
def test_the_answer_to_a_crash_says_that_the_connection_ends(version: str, said: bool) -> None:
    """As uvicorn and hypercorn do when they answer a crash; HTTP/2 forbids the header."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": [], "http_version": version}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(CORSMiddleware(app, policy=POLICY)(scope, nothing, send))
    assert ((b"connection", b"close") in sent[0]["headers"]) is said


def test_a_crash_in_mid_response_is_only_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    response = call_asgi(CORSMiddleware(app, policy=POLICY), request())
    assert response.status == 200
    assert isinstance(response.raised, ZeroDivisionError)


def test_a_cancelled_request_is_not_answered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    async def send(message: Any) -> None:
        raise AssertionError

    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(CORSMiddleware(app, policy=POLICY)(scope, nothing, send))


def test_a_preflight_never_reaches_the_app() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    response = call_asgi(CORSMiddleware(app, policy=POLICY), preflight())
    assert (response.status, response.body, response.raised) == (200, b"OK", None)
    assert response.values("content-type") == ["text/plain"]
    assert response.values("content-length") == ["2"]


def test_the_vary_of_an_app_in_latin_1() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"vary", b"X-\xe4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    response = call_asgi(CORSMiddleware(app, policy=POLICY), request())
    assert response.values("vary") == ["X-\xe4, Origin"]


def test_options_or_a_policy() -> None:
    assert CORSMiddleware(nothing, allow_origins=[ORIGIN]).layer.choice.default == POLICY  # type: ignore[arg-type]  # never called
    with pytest.raises(PolicyError, match="give either a policy or options"):
        CORSMiddleware(nothing, policy=POLICY, max_age=5)  # type: ignore[arg-type]  # never called
    misspelt: Any = {"maxage": 5}
    with pytest.raises(PolicyError, match="did you mean 'max_age'"):
        CORSMiddleware(nothing, **misspelt)  # type: ignore[arg-type]  # never called


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})


async def ignore(message: Any) -> None:
    pass


def test_headers_that_can_be_read_once_are_left_for_the_app() -> None:
    """ASGI allows any iterable; Falcon's test client gives an iterator."""
    seen: list[list[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append([*scope["headers"]])
        await answers(scope, receive, send)

    headers = [(b"origin", ORIGIN.encode()), (b"x-a", b"1")]
    for policy in (POLICY, lambda asked: POLICY):
        middleware = CORSMiddleware(app, policy=policy)
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": iter(headers)}
        asyncio.run(middleware(scope, nothing, send))
        assert (b"access-control-allow-origin", ORIGIN.encode()) in sent[0]["headers"]
    assert seen == [headers, headers]


def test_a_callable_may_look_at_the_query_and_the_headers() -> None:
    seen: list[Any] = []

    def policy(asked: PolicyRequest) -> None:
        seen.append((asked.query, dict(asked.headers), len(asked.headers), repr(asked.headers)))

    headers = [(b"host", b"a.example"), (b"x-a", b"1"), (b"X-A", b"2")]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    scope["query_string"] = b"q=%20"
    asyncio.run(CORSMiddleware(answers, policy=policy)(scope, nothing, ignore))
    fields = {"host": "a.example", "x-a": "1, 2"}
    assert seen == [("q=%20", fields, 2, f"HeaderFields({fields!r})")]


@pytest.mark.parametrize("name", [b"origin", b"access-control-request-headers", b"host", b"x-a"])
def test_a_million_lines_are_not_joined(name: bytes) -> None:
    """16 MB of one header's lines blocked a server for 9 seconds."""
    headers = [(b"access-control-request-method", b"GET"), *[(name, b"https://a.example")] * 10**6]
    scope: Any = {"type": "http", "method": "OPTIONS", "path": "/", "headers": headers}
    asked = ScopeReader().read(scope)
    assert sum(len(part or "") for part in asked[:7] if isinstance(part, str)) < 10_000

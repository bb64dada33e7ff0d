"""Starlette and FastAPI: the 500 page, middleware beside ours, mounts, nesting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import fastapi
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from cors_core import Policy
from cors_core_starlette import CORSMiddleware
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_asgi

POLICY = Policy(allow_origins=[ORIGIN], allow_methods=["GET", "PUT"])
Error = ZeroDivisionError


async def crash(_: Request) -> Any:
    raise Error("in the endpoint")


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("home")


ROUTES = [Route("/", home), Route("/crash", crash)]


def app_with(*middleware: Any, framework: Any = Starlette, **options: Any) -> Any:
    """Return an app of ROUTES with our middleware, and inside it those given."""
    app = framework(routes=ROUTES, **options)
    for one in middleware:
        app.add_middleware(one)
    app.add_middleware(CORSMiddleware, policy=POLICY)
    return app


def assert_answered(response: Response, body: str | None = None) -> None:
    assert response.status == 500
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert response.values("vary") == ["Origin"]
    assert isinstance(response.raised, Error)
    assert body is None or response.body.decode() == body


class Handler:
    """A handler of unhandled exceptions, sync or async, that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[Exception] = []

    def sync(self, _: Request, error: Exception) -> PlainTextResponse:
        self.calls.append(error)
        return PlainTextResponse("the app's own page", 500)

    async def coroutine(self, request: Request, error: Exception) -> PlainTextResponse:
        return self.sync(request, error)


class CallableHandler(Handler):
    async def __call__(self, request: Request, error: Exception) -> PlainTextResponse:
        return self.sync(request, error)


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_the_plain_500_page(framework: Any) -> None:
    assert_answered(
        call_asgi(app_with(framework=framework), request(path="/crash")), "Internal Server Error"
    )


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
@pytest.mark.parametrize("key", [500, Exception])
@pytest.mark.parametrize("flavour", ["sync", "coroutine", "partial", "callable"])
def test_a_handler_writes_the_page_and_is_called_once(
    framework: Any, key: Any, flavour: str
) -> None:
    handler = CallableHandler()
    function = {
        "sync": handler.sync,
        "coroutine": handler.coroutine,
        "partial": partial(handler.coroutine),
        "callable": handler,
    }[flavour]
    app = app_with(framework=framework, exception_handlers={key: function})
    for count in (1, 2):
        assert_answered(call_asgi(app, request(path="/crash")), "the app's own page")
        assert len(handler.calls) == count
    refused = call_asgi(app, request(OTHER_ORIGIN, path="/crash"))
    assert refused.body == b"the app's own page"
    assert refused.values("access-control-allow-origin") == []


def test_the_debug_page() -> None:
    response = call_asgi(app_with(debug=True), request(path="/crash"))
    assert_answered(response)
    assert b"in the endpoint" in response.body
    html = call_asgi(app_with(debug=True), request(path="/crash", accept="text/html"))
    assert_answered(html)
    assert b"<html>" in html.body


def test_a_handler_that_fails_in_its_turn() -> None:
    async def failing(_: Request, error: Exception) -> Any:
        raise RuntimeError("in the handler")

    app = app_with(exception_handlers={500: failing})
    response = call_asgi(app, request(path="/crash"))
    assert response.status == 0, "the server answers, as it does without us"
    assert str(response.raised) == "in the handler"


def test_an_exception_outside_ours_still_has_its_page() -> None:
    class Outer:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/":
                raise Error("in the outer middleware")
            await self.app(scope, receive, send)

    handler = Handler()
    app = app_with(exception_handlers={500: handler.coroutine})
    app.add_middleware(Outer)
    assert_answered(call_asgi(app, request(path="/crash")), "the app's own page")
    response = call_asgi(app, request(path="/"))
    assert response.body == b"the app's own page"
    assert [str(error) for error in handler.calls] == [
        "in the endpoint",
        "in the outer middleware",
    ]


def test_a_stack_that_something_else_wrapped() -> None:
    handler = Handler()
    app = app_with(exception_handlers={500: handler.coroutine})
    stack = app.build_middleware_stack()
    app.middleware_stack = lambda *connection: stack(*connection)
    assert_answered(call_asgi(app, request(path="/crash")), "the app's own page")


def test_base_http_middleware_on_both_sides() -> None:
    class Stamp(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Any:
            response = await call_next(request)
            response.headers["X-Stamp"] = "1"
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response

    app = app_with(Stamp)
    response = call_asgi(app, request())
    assert response.values("x-stamp") == ["1"]
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert_answered(call_asgi(app, request(path="/crash")))


def test_mounted_apps() -> None:
    inner = Starlette(routes=ROUTES, exception_handlers={500: Handler().coroutine})
    outer = Starlette(routes=[Mount("/inner", inner)])
    outer.add_middleware(CORSMiddleware, policy=POLICY)
    assert call_asgi(outer, request(path="/inner/")).body == b"home"
    assert call_asgi(outer, preflight("PUT", path="/inner/")).body == b"OK"
    assert_answered(call_asgi(outer, request(path="/inner/crash")), "the app's own page")


def test_a_crash_of_a_mounted_app_has_the_page_of_the_outer() -> None:
    handler = Handler()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        scope["app"] = Starlette()
        raise Error

    outer = Starlette(routes=[Mount("/inner", inner)], exception_handlers={500: handler.coroutine})
    outer.add_middleware(CORSMiddleware, policy=POLICY)
    assert_answered(call_asgi(outer, request(path="/inner/")), "the app's own page")
    assert len(handler.calls) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_the_outer_of_two_policies_decides(order: int) -> None:
    app = Starlette(routes=ROUTES)
    other = Policy(allow_origins=[OTHER_ORIGIN], expose_headers=["X-Inner"])
    inner, outer = [POLICY, other][::order]
    app.add_middleware(CORSMiddleware, policy=inner)
    app.add_middleware(CORSMiddleware, policy=outer)
    response = call_asgi(app, request())
    assert response.values("access-control-allow-origin") == ([ORIGIN] if outer is POLICY else [])
    assert response.values("vary") == ["Origin"]
    allowed = ORIGIN if outer is POLICY else OTHER_ORIGIN
    crashed = call_asgi(app, request(allowed, path="/crash"))
    assert crashed.values("access-control-allow-origin") == [allowed]
    assert crashed.values("vary") == ["Origin"]


def test_a_background_task_runs_and_may_fail() -> None:
    ran: list[bool] = []

    async def task() -> None:
        ran.append(True)
        raise Error

    async def endpoint(_: Request) -> PlainTextResponse:
        return PlainTextResponse("first", background=BackgroundTask(task))

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(CORSMiddleware, policy=POLICY)
    response = call_asgi(app, request())
    assert (response.status, response.body, ran) == (200, b"first", [True])
    assert isinstance(response.raised, Error)


def test_lifespan_and_websockets() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        events.append("up")
        yield
        events.append("down")

    async def endpoint(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute("/", endpoint)], lifespan=lifespan)
    app.add_middleware(CORSMiddleware, policy=POLICY)
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def serve(scope: Any, *received: str) -> None:
        messages = iter([{"type": kind} for kind in received])

        async def receive() -> Any:
            return next(messages)

        await app(scope, receive, send)

    origin = [(b"origin", OTHER_ORIGIN.encode())]
    asyncio.run(serve({"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown"))
    asyncio.run(serve({"type": "websocket", "path": "/", "headers": origin}, "websocket.connect"))
    assert events == ["up", "down"]
    assert sent[2:] == ["websocket.accept", "websocket.close"]


def test_fastapi_dependencies_do_not_see_preflights() -> None:
    calls: list[str] = []

    def signed_in(request: fastapi.Request) -> None:
        calls.append(request.method)
        raise fastapi.HTTPException(401)

    app = fastapi.FastAPI(dependencies=[fastapi.Depends(signed_in)])
    app.add_middleware(CORSMiddleware, policy=POLICY)

    @app.put("/")
    def endpoint() -> None:
        raise AssertionError

    assert call_asgi(app, preflight("PUT")).status == 200
    assert calls == []
    response = call_asgi(app, request(method="PUT"))
    assert response.status == 401
    assert response.values("access-control-allow-origin") == [ORIGIN]


def test_round_an_app_that_is_no_starlette() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise Error

    assert_answered(call_asgi(CORSMiddleware(app, policy=POLICY), request()))


def test_the_outer_middleware_keeps_its_type() -> None:
    app = app_with(exception_handlers={500: Handler().coroutine})
    call_asgi(app, request(path="/crash"))
    assert isinstance(app.middleware_stack, ServerErrorMiddleware)

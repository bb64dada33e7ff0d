"""Marks in Starlette, and in FastAPI alike: what the behaviour table does not say.

What only FastAPI has is in `test_fastapi`.
"""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial, wraps
from typing import Any

import fastapi
import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from cors_core import OriginLookup, Policy, PolicyError, ReloadablePolicy, cors_policy
from cors_core_starlette import CORSMiddleware
from tests.adapters.starlette_apps import (
    BOTH_DEFAULT,
    BOTH_EXEMPT,
    BOTH_MARK,
    DEFAULT,
    MARK,
    App,
    crash,
    decided_by,
    exempt,
    marked,
    named,
    plain,
    starlette,
    with_cors,
)
from tests.behaviour.case import ORIGIN, request
from tests.behaviour.small_app import PARTNER
from tests.behaviour.transports import call_asgi


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_sync_and_partial_functions_and_sockets(framework: Any) -> None:
    routes = [
        Route("/named", named),
        Route("/partial", partial(partial(marked))),
        WebSocketRoute("/socket", marked),
    ]
    app = with_cors(framework(routes=routes))
    assert decided_by(app, "GET", "/named") == BOTH_MARK
    assert decided_by(app, "GET", "/partial") == BOTH_MARK
    assert decided_by(app, "GET", "/socket") == BOTH_DEFAULT, "no route for HTTP"


class WithoutHead(HTTPEndpoint):
    head = None

    @cors_policy(MARK)
    async def get(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("get")


def test_a_class_whose_head_is_none() -> None:
    assert decided_by(starlette(Route("/", WithoutHead)), "GET", "/") == BOTH_MARK


def test_one_endpoint_on_routes_of_different_methods() -> None:
    routes = [Route("/a", marked, methods=["PUT"]), Route("/b", marked, methods=["POST"])]
    app = starlette(*routes)
    assert decided_by(app, "PUT", "/a") == BOTH_MARK
    assert decided_by(app, "POST", "/b") == BOTH_MARK
    assert decided_by(app, "GET", "/a") == BOTH_DEFAULT


def test_a_crash_of_a_marked_endpoint() -> None:
    async def page(_: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("our page", 500)

    for handlers in ({}, {500: page}):
        routes = [Route("/", crash), Mount("/m", Starlette(routes=[Route("/", crash)]))]
        app = with_cors(Starlette(routes=routes, exception_handlers=handlers))
        for path in ("/", "/m/"):
            assert decided_by(app, "GET", path) == BOTH_MARK
            response = call_asgi(app, request(PARTNER, path=path))
            assert response.status == 500
            assert isinstance(response.raised, ZeroDivisionError)


def test_mounts_hosts_and_root_paths() -> None:
    inner = Starlette(routes=[Route("/marked", marked), Route("/plain", plain)])
    api = Router([Route("/", marked), Mount("/deep/{name}", inner)])
    app = starlette(
        Host("partner.example", Router([Route("/marked", marked)])),
        Mount("/api/{version}", api),
        Mount("/wrapped", routes=api.routes, middleware=[Middleware(Wrapping)]),
        Mount("/static", StaticFiles(directory="/", check_dir=False)),
        Route("/marked", plain),
    )
    assert decided_by(app, "GET", "/api/1/") == BOTH_MARK
    assert decided_by(app, "PUT", "/api/1/") == BOTH_DEFAULT, "a 405"
    assert decided_by(app, "GET", "/api/1/missing") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/api/1") == BOTH_DEFAULT, "a redirect"
    assert decided_by(app, "GET", "/api/1/deep/x/marked") == BOTH_MARK
    assert decided_by(app, "GET", "/api/1/deep/x/plain") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/wrapped/deep/x/marked") == BOTH_MARK
    assert decided_by(app, "GET", "/wrapped/deep/x/plain") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/static/etc/hostname")[1] == "default"
    assert decided_by(app, "GET", "/marked") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/marked", host="partner.example:443") == BOTH_MARK


class Wrapping:
    """A middleware that keeps to the convention."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, *connection: Any) -> None:
        await self.app(*connection)


class Copying(Wrapping):
    """A middleware that gives its app another scope."""

    async def __call__(self, scope: Any, *connection: Any) -> None:
        await self.app({**scope}, *connection)


def hiding(app: App) -> App:
    """Return a middleware that nobody can see through."""

    async def hidden(*connection: Any) -> None:
        await app(*connection)

    return hidden


class Stamping(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
@pytest.mark.parametrize("between", [Wrapping, Copying, hiding, Stamping])
def test_middleware_between(framework: Any, between: Any) -> None:
    routes = [
        Route("/marked", marked),
        Route("/plain", plain),
        Route("/crash", crash),
        Mount("/m", routes=[Route("/exempt", exempt)]),
    ]
    app = with_cors(framework(routes=routes), between)
    assert decided_by(app, "GET", "/marked") == BOTH_MARK
    assert decided_by(app, "GET", "/plain") == BOTH_DEFAULT
    if between is not Stamping:  # whose streams Starlette 0.40 leaves open after a crash
        assert decided_by(app, "GET", "/crash") == BOTH_MARK
    assert decided_by(app, "GET", "/m/exempt") == BOTH_EXEMPT
    assert decided_by(app, "GET", "/missing") == BOTH_DEFAULT
    outside = CORSMiddleware(Starlette(routes=[Mount("/sub", app)]), policy=Policy(max_age=5))
    assert call_asgi(outside, request(path="/sub/plain")).values("vary") == ["Origin"]


@pytest.mark.parametrize("between", [Wrapping, hiding])
def test_a_mounted_app_with_its_own_policy(between: Any) -> None:
    inner = with_cors(Starlette(routes=[Route("/marked", marked), Route("/x", plain)]), between)
    app = Starlette(routes=[Mount("/sub", inner), Route("/marked", plain)])
    assert decided_by(app, "GET", "/sub/marked") == BOTH_MARK
    assert decided_by(app, "GET", "/sub/x") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/sub/missing") == BOTH_DEFAULT


def test_as_the_middleware_of_a_mount_or_a_router() -> None:
    ours = Middleware(CORSMiddleware, policy=DEFAULT)
    routes = [Route("/marked", marked), Route("/x", plain)]
    app = Starlette(
        routes=[
            Mount("/mount", routes=routes, middleware=[ours, Middleware(Guard)]),
            Mount("/router", Router(routes, middleware=[ours, Middleware(Guard)])),
            Mount("/hidden", routes=routes, middleware=[ours, Middleware(hiding)]),
            Route("/marked", plain),
        ]
    )
    for prefix in ("/mount", "/router"):
        assert decided_by(app, "GET", f"{prefix}/marked") == BOTH_MARK
        assert decided_by(app, "GET", f"{prefix}/x") == BOTH_DEFAULT
        assert decided_by(app, "GET", f"{prefix}/missing") == BOTH_DEFAULT
        assert decided_by(app, "GET", f"{prefix}/marked", authorization="no") == BOTH_MARK
    assert decided_by(app, "GET", "/hidden/marked") == ("default", "mark"), "nothing to ask"
    assert decided_by(app, "GET", "/hidden/x") == BOTH_DEFAULT


class Guard(Wrapping):
    """Turns away before the router is asked."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if Request(scope).headers.get("authorization") == "no":
            await PlainTextResponse("no", 401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def test_a_message_that_a_marked_app_keeps_is_not_changed() -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}

    @cors_policy(MARK)
    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send(start)
            await send({"type": "http.response.body", "body": b""})

    app = starlette(Route("/", Endpoint()))
    for _ in range(2):
        response = call_asgi(app, request(origin=PARTNER))
        assert response.values("access-control-allow-origin") == [PARTNER]
    assert start == {"type": "http.response.start", "status": 200, "headers": []}


@pytest.mark.parametrize("name", ["Access-Control-Allow-Origin", "ACCESS-CONTROL-ALLOW-ORIGIN"])
def test_headers_of_a_marked_app_are_replaced_however_they_are_spelled(name: str) -> None:
    @cors_policy(MARK)
    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            headers = [(name.encode(), b"*")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

    app = starlette(Route("/", Endpoint()))
    for origin, shown in ((PARTNER, [PARTNER]), (ORIGIN, [])):
        response = call_asgi(app, request(origin=origin))
        assert response.values("access-control-allow-origin") == shown


def test_a_decorator_between_that_keeps_to_wraps() -> None:
    class Nobody:
        async def authenticate(self, _: Any) -> None:
            return None

    def logged(endpoint: Any) -> Any:
        @wraps(endpoint)
        async def wrapper(request: Request) -> Any:
            return await endpoint(request)

        return wrapper

    app = Starlette(routes=[Route("/", requires("admin")(marked)), Route("/x", logged(marked))])
    app.add_middleware(AuthenticationMiddleware, backend=Nobody())  # type: ignore[arg-type]  # no subclass
    with_cors(app)
    assert call_asgi(app, request(path="/")).status == 403
    assert decided_by(app, "GET", "/") == BOTH_MARK
    assert decided_by(app, "GET", "/x") == BOTH_MARK


def test_a_marked_asgi_app() -> None:
    async def files(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("file")(scope, receive, send)

    app = starlette(Mount("/files", cors_policy(MARK)(files)), Route("/x", plain))
    assert decided_by(app, "PUT", "/files/a/b") == BOTH_MARK
    assert decided_by(app, "GET", "/x") == BOTH_DEFAULT


def test_an_app_that_seems_to_wrap_itself() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("app")(scope, receive, send)

    app.app = app  # type: ignore[attr-defined]  # what is tested
    assert decided_by(CORSMiddleware(app, policy=DEFAULT), "GET", "/") == BOTH_DEFAULT


def test_a_route_with_a_mind_of_its_own() -> None:
    class Own(BaseRoute):
        def matches(self, scope: Any) -> Any:
            return Match.FULL if scope["path"] == "/own" else Match.NONE, {}

        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("own")(scope, receive, send)

    app = starlette(Own(), Route("/", marked))
    assert decided_by(app, "GET", "/own") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/") == BOTH_MARK


# What is known before the first request


class CountingRoute(Route):
    matched = 0

    def matches(self, scope: Any) -> Any:
        CountingRoute.matched += 1
        return super().matches(scope)


@pytest.fixture
def matched() -> Callable[[], int]:
    CountingRoute.matched = 0
    return lambda: CountingRoute.matched


@pytest.mark.usefixtures("no_marks")
def test_no_mark_in_the_process_and_no_routing(matched: Callable[[], int]) -> None:
    app = starlette(CountingRoute("/", plain))
    assert decided_by(app, "GET", "/") == BOTH_DEFAULT
    assert matched() == 2, "by the router, for two actual requests"


@pytest.mark.usefixtures("no_marks")
def test_no_mark_in_the_process_and_nothing_to_check() -> None:
    app = starlette(Route("/", misnamed))
    _, error = lifespan_of(app)
    assert error is None


def test_no_mark_in_this_app_and_no_routing(matched: Callable[[], int]) -> None:
    nested = Router()
    app = starlette(CountingRoute("/", plain), Mount("/nested", nested))
    assert decided_by(app, "GET", "/") == BOTH_DEFAULT
    assert matched() == 2
    nested.routes.append(Route("/late", exempt))
    assert decided_by(app, "GET", "/nested/late") == BOTH_EXEMPT, "a route added while serving"
    app.router.routes.append(Route("/later", marked))
    assert decided_by(app, "GET", "/later") == BOTH_MARK


def test_a_router_mounted_twice_and_in_itself() -> None:
    router = Router([Route("/marked", marked)])
    router.routes.append(Mount("/again", router))
    app = starlette(Mount("/a", router), Mount("/b", router))
    for path in ("/a/marked", "/b/marked", "/a/again/again/marked"):
        assert decided_by(app, "GET", path) == BOTH_MARK


def lifespan_of(app: App) -> tuple[list[Any], BaseException | None]:
    """Start and stop an app; return what it sent and raised."""
    received = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": next(received)}

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve() -> None:
        await app({"type": "lifespan", "state": {}}, receive, send)

    try:
        asyncio.run(serve())
    except PolicyError as error:
        return sent, error
    return sent, None


@cors_policy("nmaed")
def misnamed(_: Any) -> PlainTextResponse:
    raise AssertionError


class Misnamed(HTTPEndpoint):
    @cors_policy("other")
    def put(self, _: Any) -> None:
        raise AssertionError


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
@pytest.mark.parametrize("between", [Wrapping, hiding])
def test_an_unknown_name_fails_the_start(framework: Any, between: Any) -> None:
    routes = [Route("/marked", named), Mount("/m", routes=[Route("/a", misnamed)])]
    app = framework(routes=[*routes, Route("/b", Misnamed)])
    if framework is fastapi.FastAPI:
        router = fastapi.APIRouter()
        router.get("/c")(cors_policy("third")(lambda: ""))
        app.include_router(router)
    sent, error = lifespan_of(with_cors(app, between))
    assert isinstance(error, PolicyError)
    places = ["cors_policy of '/a'", "cors_policy of '/b'", "cors_policy of '/c'"]
    assert [p.option for p in error.problems] == places[: 3 if framework is not Starlette else 2]
    assert "'nmaed' is no name in policies; use one of those: 'named'" in str(error)
    assert sent == [{"type": "lifespan.startup.failed", "message": str(error)}]


def test_known_names_start() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        events.append("up")
        yield
        events.append("down")

    app = with_cors(Starlette(routes=[Route("/", named), Route("/m", marked)], lifespan=lifespan))
    sent, error = lifespan_of(app)
    assert error is None
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert events == ["up", "down"]
    assert decided_by(app, "GET", "/") == BOTH_MARK


def test_an_unknown_name_without_a_lifespan_fails_every_request() -> None:
    app = starlette(Route("/", plain), Route("/x", misnamed))
    for _ in range(2):
        response = call_asgi(app, request())
        assert isinstance(response.raised, PolicyError)
        assert response.status == 500


def test_a_mark_that_has_to_be_awaited() -> None:
    async def known(origin: str) -> bool:
        return origin == PARTNER

    async def tenant(_: Any) -> Policy:
        return MARK

    sources = [Policy(allow_origins=OriginLookup(known)), ReloadablePolicy(MARK), tenant]
    for source in sources:
        app = starlette(Route("/", cors_policy(source)(lambda _: PlainTextResponse("x"))))
        assert decided_by(app, "GET", "/") == BOTH_MARK

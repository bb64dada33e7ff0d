"""Starlette and FastAPI: which endpoint's mark decides, found by the framework's own router."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
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

from cors_core import OriginLookup, Policy, PolicyError, ReloadablePolicy, cors_exempt, cors_policy
from cors_core.choosing.marks import MARKS
from cors_core_starlette import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_asgi

PARTNER = "https://partner.example"
DEFAULT = Policy(allow_origins=[ORIGIN])
MARK = Policy(allow_origins=[PARTNER], allow_methods=["GET", "PUT"])

App = Callable[..., Awaitable[None]]


async def plain(_: Request) -> PlainTextResponse:
    return PlainTextResponse("plain", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy(MARK)
async def marked(request: Request) -> PlainTextResponse:
    return PlainTextResponse("marked", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy("named")
def named(_: Request) -> PlainTextResponse:
    return PlainTextResponse("named")


@cors_exempt
async def exempt(_: Request) -> PlainTextResponse:
    return PlainTextResponse("exempt", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy(MARK)
async def crash(_: Request) -> Any:
    raise ZeroDivisionError


@cors_policy(MARK)
class Whole(HTTPEndpoint):
    async def get(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("get")

    @cors_exempt
    async def delete(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("delete")


class Part(HTTPEndpoint):
    async def get(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("get")

    head = None

    @cors_policy(MARK)
    async def put(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("put")


class Headed(HTTPEndpoint):
    @cors_exempt
    async def head(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("")

    @cors_policy(MARK)
    async def get(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("")


def with_cors(app: Any, *middleware: Any, **options: Any) -> Any:
    """Put our middleware into an app, round those given."""
    for one in middleware:
        app.add_middleware(one)
    app.add_middleware(CORSMiddleware, **{"policy": DEFAULT, "policies": {"named": MARK}} | options)
    return app


def starlette(*routes: BaseRoute, **options: Any) -> Any:
    return with_cors(Starlette(routes=routes), **options)


def decided_by(app: App, method: str, path: str, **headers: str) -> tuple[str, str]:
    """Say whose policy decided a preflight, and whose the actual request, at one path."""
    answers = []
    for asked in (
        partial(preflight, method, path=path),
        partial(request, method=method, path=path),
    ):
        shown = {
            origin: call_asgi(app, asked(origin=origin, **headers)) for origin in (ORIGIN, PARTNER)
        }
        answers.append(_decided_by(shown[ORIGIN], shown[PARTNER]))
    return answers[0], answers[1]


def _decided_by(default: Response, partner: Response) -> str:
    values = [one.values("access-control-allow-origin") for one in (default, partner)]
    vary = [one.values("vary") for one in (default, partner)]
    if values == [[ORIGIN], []]:
        assert all(vary)
        return "default"
    if values == [[], [PARTNER]]:
        assert all(vary)
        return "mark"
    if values == [[], []] and all(vary):
        return "closed"
    assert values in ([["app"], ["app"]], [[], []])
    assert not any(vary)
    return "exempt"


BOTH_CLOSED = ("closed", "closed")
BOTH_DEFAULT = ("default", "default")
BOTH_MARK = ("mark", "mark")
BOTH_EXEMPT = ("exempt", "exempt")


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_functions(framework: Any) -> None:
    app = with_cors(
        framework(
            routes=[
                Route("/plain", plain),
                Route("/marked", marked),
                Route("/named", named),
                Route("/partial", partial(partial(marked))),
                Route("/exempt", exempt),
                Route("/split", plain, methods=["GET"]),
                Route("/split", marked, methods=["PUT"]),
                Route("/item/{number:int}", marked),
                Route("/item/{name}", plain),
                WebSocketRoute("/socket", plain),
            ]
        )
    )
    assert decided_by(app, "GET", "/plain") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/marked") == BOTH_MARK
    assert decided_by(app, "GET", "/named") == BOTH_MARK
    assert decided_by(app, "GET", "/partial") == BOTH_MARK
    assert decided_by(app, "GET", "/exempt") == BOTH_EXEMPT
    assert decided_by(app, "GET", "/split") == BOTH_DEFAULT
    assert decided_by(app, "PUT", "/split") == BOTH_MARK
    assert decided_by(app, "GET", "/item/5") == BOTH_MARK
    assert decided_by(app, "GET", "/item/five") == BOTH_DEFAULT
    assert decided_by(app, "GET", "/socket") == BOTH_DEFAULT, "no route for HTTP"


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_what_no_endpoint_serves_is_the_defaults(framework: Any) -> None:
    app = with_cors(
        framework(routes=[Route("/marked", marked), Mount("/m", routes=[Route("/x", marked)])])
    )
    for path in ("/missing", "/marked/", "/m/missing", "/m"):
        assert decided_by(app, "GET", path) == BOTH_DEFAULT, path
    for path in ("/marked", "/m/x"):
        assert decided_by(app, "PUT", path) == BOTH_DEFAULT, path
        assert call_asgi(app, request(method="PUT", path=path)).status == 405
    assert decided_by(app, "GET", "/marked") == decided_by(app, "GET", "/m/x") == BOTH_MARK


def test_one_endpoint_on_routes_of_different_methods() -> None:
    routes = [Route("/a", marked, methods=["PUT"]), Route("/b", marked, methods=["POST"])]
    app = starlette(*routes)
    assert decided_by(app, "PUT", "/a") == BOTH_MARK
    assert decided_by(app, "POST", "/b") == BOTH_MARK
    assert decided_by(app, "GET", "/a") == BOTH_DEFAULT


def test_endpoint_classes() -> None:
    app = starlette(Route("/whole", Whole), Route("/part", Part), Route("/headed", Headed))
    assert decided_by(app, "GET", "/whole") == BOTH_MARK
    assert decided_by(app, "HEAD", "/whole") == BOTH_MARK
    assert decided_by(app, "DELETE", "/whole") == BOTH_EXEMPT, "a method's mark beats its class's"
    assert decided_by(app, "GET", "/part") == BOTH_DEFAULT
    assert decided_by(app, "PUT", "/part") == BOTH_MARK
    assert decided_by(app, "HEAD", "/headed") == BOTH_EXEMPT
    for method in ("PUT", "put", "DISPATCH", "__INIT__", "*"):
        assert decided_by(app, method, "/whole") == BOTH_DEFAULT, "answered with a 405"


def test_an_allowed_preflight_of_a_mark() -> None:
    response = call_asgi(starlette(Route("/", Part)), preflight("PUT", origin=PARTNER))
    assert (response.status, response.body) == (200, b"OK")
    assert response.values("access-control-allow-methods") == ["GET, PUT"]


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


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_who_is_turned_away_before_the_router_is_told_by_the_mark(framework: Any) -> None:
    routes = [Route("/marked", marked), Route("/plain", plain), Route("/exempt", exempt)]
    app = with_cors(framework(routes=routes), Guard)
    assert call_asgi(app, request(path="/marked", authorization="no")).status == 401
    assert decided_by(app, "GET", "/marked", authorization="no") == BOTH_MARK
    assert decided_by(app, "GET", "/exempt", authorization="no") == BOTH_EXEMPT
    assert decided_by(app, "GET", "/plain", authorization="no") == BOTH_DEFAULT


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


def fastapi_app() -> fastapi.FastAPI:
    """Return an app with marked path operations in every corner."""

    def signed_in(request: fastapi.Request) -> None:
        if request.headers.get("authorization") == "no":
            raise fastapi.HTTPException(401)

    app = fastapi.FastAPI(dependencies=[fastapi.Depends(signed_in)])
    inner, outer = fastapi.APIRouter(prefix="/inner"), fastapi.APIRouter(prefix="/outer")

    @app.get("/below")
    @cors_policy(MARK)
    def below() -> str:
        return "below"

    @cors_policy("named")
    @app.put("/above")
    async def above(number: int = 0) -> int:
        return number

    @app.get("/above")
    def unmarked() -> str:
        return "unmarked"

    for router in (inner, outer):

        @router.put("/{number}")
        @cors_policy(MARK)
        def item(number: int) -> int:
            return 1 // number

        @router.delete("/{number}")
        @cors_exempt
        def delete(number: int) -> int:
            return number

        router.add_route("/starlette", marked)

    outer.mount("/mount", Starlette(routes=[Route("/marked", marked), Route("/x", plain)]))
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    app.include_router(inner)
    late = fastapi.APIRouter()
    late.add_api_route("/late", below)
    app.include_router(late)
    return app


@pytest.mark.parametrize("prefix", ["", "/sub"])
def test_fastapi(prefix: str) -> None:
    app = fastapi_app()
    if prefix:
        outermost = fastapi.FastAPI()
        outermost.mount(prefix, app)
        app = outermost
    with_cors(app)
    asked = partial(decided_by, app)
    assert asked("GET", f"{prefix}/below") == BOTH_MARK
    assert asked("POST", f"{prefix}/below") == BOTH_DEFAULT
    assert asked("GET", f"{prefix}/late") == BOTH_MARK
    assert asked("PUT", f"{prefix}/above") == BOTH_MARK
    assert asked("PUT", f"{prefix}/above", authorization="no") == BOTH_MARK
    assert asked("GET", f"{prefix}/above") == BOTH_DEFAULT
    for router in ("/inner", "/v1/outer", "/v1/outer/inner"):
        at = prefix + router
        assert asked("PUT", f"{at}/1") == BOTH_MARK
        assert asked("PUT", f"{at}/0") == BOTH_MARK, "a crash"
        assert asked("PUT", f"{at}/x") == BOTH_MARK, "a 422"
        assert asked("DELETE", f"{at}/1") == BOTH_EXEMPT
        assert asked("POST", f"{at}/1") == BOTH_DEFAULT, "a 405"
    assert asked("GET", f"{prefix}/missing") == BOTH_DEFAULT
    assert asked("PUT", f"{prefix}/outer/1") == BOTH_DEFAULT
    # What is not FastAPI's own takes no prefix of its router, only that of include_router.
    for at in (prefix, f"{prefix}/v1"):
        assert asked("GET", f"{at}/starlette") == BOTH_MARK
        assert asked("POST", f"{at}/starlette") == BOTH_DEFAULT, "a 405"
    # FastAPI before 0.137 includes no mounts.
    if call_asgi(app, request(path=f"{prefix}/v1/mount/x")).body == b"plain":
        assert asked("GET", f"{prefix}/v1/mount/marked") == BOTH_MARK
        assert asked("GET", f"{prefix}/v1/mount/x") == BOTH_DEFAULT


def test_fastapi_behind_a_proxy_that_keeps_the_prefix() -> None:
    app = fastapi.FastAPI()
    app.root_path = "/proxied"  # as an argument it is deprecated
    app.get("/marked")(cors_policy(MARK)(lambda: "marked"))
    for wrapped in (CORSMiddleware(app, policy=DEFAULT), with_cors(app)):
        assert decided_by(wrapped, "GET", "/proxied/marked") == BOTH_MARK
        assert decided_by(wrapped, "GET", "/marked") == BOTH_MARK
        assert decided_by(wrapped, "GET", "/proxied/missing") == BOTH_DEFAULT


def test_a_path_that_breaks_a_convertor() -> None:
    app = starlette(Route("/{number:int}", marked))
    path = "/" + "9" * 5000
    assert decided_by(app, "GET", path) == BOTH_CLOSED
    assert isinstance(call_asgi(app, request(path=path)).raised, ValueError)


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


@pytest.fixture
def no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process forget that other tests marked endpoints."""
    monkeypatch.setattr(MARKS, "exist", False)


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


def test_an_unknown_name_of_a_route_added_while_serving(caplog: pytest.LogCaptureFixture) -> None:
    app = starlette(Route("/", plain))
    assert decided_by(app, "GET", "/") == BOTH_DEFAULT
    app.router.routes.append(Route("/x", cors_policy("unknown")(lambda _: PlainTextResponse("x"))))
    with caplog.at_level(logging.ERROR, "cors_core"):
        refused = call_asgi(app, preflight("GET", path="/x"))
        actual = call_asgi(app, request(path="/x"))
    assert (refused.status, refused.values("access-control-allow-origin")) == (400, [])
    assert (actual.status, actual.values("access-control-allow-origin")) == (200, [])
    assert actual.values("vary") == ["Origin"]
    assert len(caplog.records) == 1
    assert call_asgi(app, request()).values("access-control-allow-origin") == [ORIGIN]


def test_paths_and_callables_beside_marks() -> None:
    async def tenant(_: Any) -> Policy:
        return DEFAULT

    routes = [Route("/api/marked", marked), Route("/api/plain", plain), Route("/x", plain)]
    app = starlette(*routes, policy=tenant, paths=[("/api/", "api")], policies={"api": MARK})
    assert decided_by(app, "GET", "/api/plain") == BOTH_MARK
    assert decided_by(app, "GET", "/x") == BOTH_DEFAULT
    opposite = starlette(*routes, policy=MARK, paths=[("/api/", DEFAULT)])
    assert decided_by(opposite, "GET", "/api/plain") == BOTH_DEFAULT
    assert decided_by(opposite, "GET", "/api/marked") == BOTH_MARK


def test_a_mark_that_has_to_be_awaited() -> None:
    async def known(origin: str) -> bool:
        return origin == PARTNER

    async def tenant(_: Any) -> Policy:
        return MARK

    sources = [Policy(allow_origins=OriginLookup(known)), ReloadablePolicy(MARK), tenant]
    for source in sources:
        app = starlette(Route("/", cors_policy(source)(lambda _: PlainTextResponse("x"))))
        assert decided_by(app, "GET", "/") == BOTH_MARK

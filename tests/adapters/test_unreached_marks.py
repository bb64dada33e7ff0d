"""Marks that no route carries: said once in the log, because they have no effect."""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import falcon
import falcon.asgi
import falcon.routing
import fastapi
import flask
import pytest
from flask.views import MethodView
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from cors_core import Policy, cors_exempt, cors_policy
from cors_core.adapters import warn_of_unreached_marks
from cors_core_falcon import CORSMiddleware as FalconCORSMiddleware
from cors_core_flask import CORS
from cors_core_starlette import CORSMiddleware
from tests.adapters.test_startup import hiding, lifespan_of
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import call_asgi, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])


@pytest.fixture
def named(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return a function that says whose marks were reported since it was called last."""
    caplog.set_level(logging.WARNING, "cors_core")

    def names() -> list[str]:
        messages = [record.getMessage() for record in caplog.records if record.name == "cors_core"]
        caplog.clear()
        start = "cors_policy or cors_exempt has no effect on "
        assert all(message.startswith(start) for message in messages)
        (found,) = messages or [start]
        names = found.removeprefix(start).partition(", because no route of ")[0]
        return [name.rpartition(".<locals>.")[2] for name in names.split(", ") if name]

    return names


def unwrapped(function: Any) -> Any:
    """A decorator that lacks `functools.wraps`."""

    def wrapper(*arguments: Any) -> Any:
        return function(*arguments)

    return wrapper


def wrapped(function: Any) -> Any:
    return wraps(function)(unwrapped(function))


def endpoint() -> Any:
    """Return a new endpoint of Starlette, FastAPI or Flask."""

    def view(*_: Any) -> Any:
        return PlainTextResponse("view")

    return view


def test_names(caplog: pytest.LogCaptureFixture) -> None:
    class Callable:
        def __call__(self) -> None:
            raise AssertionError

    many = [cors_exempt(endpoint()) for _ in range(11)]
    kept: list[Any] = [cors_exempt(Callable), cors_policy(POLICY)(Callable())]
    warn_of_unreached_marks(many[:2], "this app")
    (message,) = [record.getMessage() for record in caplog.records]
    assert f"{__name__}.endpoint.<locals>.view, " in message
    assert " and 1 more, because no route of this app is given" in message
    warn_of_unreached_marks([], "this app")
    assert len(caplog.records) == 1, "each is reported once"
    more = [*kept, cors_exempt(kept[0]), cors_exempt(endpoint())]
    warn_of_unreached_marks([], "this app")
    assert "effect on tests.adapters.test_unreached_marks.test_names" in caplog.messages[-1]
    assert more


# Starlette and FastAPI


class Part(HTTPEndpoint):
    def get(self, _: Request) -> PlainTextResponse:
        raise AssertionError

    def not_served(self) -> None:
        raise AssertionError


def part() -> Any:
    """Return a new class with a marked method."""
    return type("New", (Part,), {"put": cors_exempt(endpoint())})


@pytest.mark.parametrize("middleware", [[], [hiding]])
@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_marks_that_routes_carry(named: Any, framework: Any, middleware: Any) -> None:
    kept = cors_exempt(endpoint())
    routes = [
        Route("/plain", cors_exempt(endpoint())),
        Route("/wrapped", wrapped(kept)),
        Route("/partial", partial(cors_exempt(endpoint()))),
        Route("/part", part()),
        Route("/class", cors_policy(POLICY)(type("New", (Part,), {}))),
        WebSocketRoute("/socket", cors_exempt(endpoint())),
        Mount("/below", routes=[Route("/plain", cors_exempt(endpoint()))]),
        Mount("/opaque", cors_exempt(endpoint())),
        Mount("/app", Starlette(routes=[Route("/plain", cors_exempt(endpoint()))])),
    ]
    app = framework(routes=routes)
    for between in middleware:
        app.add_middleware(between)
    app.add_middleware(CORSMiddleware, policy=POLICY)
    assert lifespan_of(app)[1] is None
    call_asgi(app, request(path="/plain"))
    assert named() == []


def test_fastapis_decorators_in_either_order(named: Any) -> None:
    app = fastapi.FastAPI()
    cors_exempt(app.get("/above")(lambda: "above"))
    app.get("/below")(cors_exempt(lambda: "below"))
    router = fastapi.APIRouter()
    router.get("/included")(cors_exempt(lambda: "included"))
    app.include_router(router, prefix="/v1")
    app.add_middleware(CORSMiddleware, policy=POLICY)
    lifespan_of(app)
    assert named() == []


def lost() -> tuple[Any, Any]:
    """Return what a route is given, and what its mark was lost with."""

    @cors_exempt
    def marked_below(*_: Any) -> Any:
        return PlainTextResponse("below")

    return unwrapped(marked_below), marked_below


def test_a_mark_lost_in_a_decorator_without_wraps(named: Any) -> None:
    given, kept = lost()
    app = Starlette(routes=[Route("/", given)])
    app.add_middleware(CORSMiddleware, policy=POLICY)
    assert lifespan_of(app)[1] is None
    assert named() == ["marked_below"]
    call_asgi(app, request())
    assert named() == []
    assert kept


def test_a_mark_on_what_was_registered_before(named: Any) -> None:
    app = fastapi.FastAPI()
    kept = cors_exempt(unwrapped(app.get("/")(lambda: "view")))
    app.add_middleware(CORSMiddleware, policy=POLICY)
    lifespan_of(app)
    assert named() == ["wrapper"]
    assert kept


def test_a_mark_on_a_method_that_serves_no_request(named: Any) -> None:
    new = type("New", (Part,), {"not_served": cors_exempt(endpoint())})
    app = Starlette(routes=[Route("/", new)])
    app.add_middleware(CORSMiddleware, policy=POLICY)
    lifespan_of(app)
    assert named() == ["view"]


def test_a_mark_below_something_opaque(named: Any) -> None:
    inner = Starlette(routes=[Route("/", cors_exempt(endpoint()))])
    app = Starlette(routes=[Mount("/inner", hiding(inner))])
    app.add_middleware(CORSMiddleware, policy=POLICY)
    lifespan_of(app)
    assert named() == ["view"]


@pytest.mark.parametrize("ask", [request, preflight])
def test_without_a_lifespan_the_first_request_reports(named: Any, ask: Any) -> None:
    given, kept = lost()
    apps = [Starlette(routes=[Route("/", given)]), Starlette(routes=[Route("/", given)])]
    for app in apps:
        app.add_middleware(CORSMiddleware, policy=POLICY)
    for _ in range(2):
        call_asgi(apps[0], ask())
    assert named() == ["marked_below"]
    call_asgi(apps[1], ask())
    assert named() == [], "one app has reported it"
    assert kept


def test_by_hand_round_an_app_or_round_what_hides_it(named: Any) -> None:
    given, kept = lost()
    hidden = hiding(Starlette(routes=[Route("/", given)]))
    call_asgi(CORSMiddleware(hidden, policy=POLICY), request())
    assert named() == [], "its routes are not known"
    call_asgi(CORSMiddleware(Starlette(routes=[Route("/", given)]), policy=POLICY), request())
    assert named() == ["marked_below"]
    assert kept


def test_beside_the_mount_of_the_middleware(named: Any) -> None:
    inside = Mount(
        "/in",
        routes=[Route("/", cors_exempt(endpoint()))],
        middleware=[Middleware(CORSMiddleware, policy=POLICY)],
    )
    app = Starlette(routes=[inside, Route("/", cors_exempt(endpoint()))])
    call_asgi(app, request(path="/in/"))
    assert named() == []


# Flask


def flask_app() -> flask.Flask:
    return flask.Flask("tests")


class Things(MethodView):
    def get(self) -> str:
        raise AssertionError


def test_marks_that_views_carry(named: Any) -> None:
    app = flask_app()
    CORS(app, policy=POLICY)
    kept = cors_exempt(lambda: "view")
    app.get("/below", endpoint="below")(cors_exempt(lambda: "view"))
    cors_exempt(app.get("/above", endpoint="above")(lambda: "view"))
    app.get("/wrapped", endpoint="wrapped")(wrapped(kept))
    method: Any = type("New", (Things,), {"put": cors_exempt(lambda _: "view")})
    app.add_url_rule("/method", view_func=method.as_view("method"))
    marked: Any = cors_policy(POLICY)(type("New", (Things,), {}))
    app.add_url_rule("/class", view_func=marked.as_view("class"))
    blueprint = flask.Blueprint("shop", "tests", url_prefix="/shop")
    blueprint.get("/")(cors_exempt(lambda: "view"))
    app.register_blueprint(blueprint)
    assert call_wsgi(app, request(path="/above")).body == b"view"
    assert named() == []


@pytest.mark.parametrize("ask", [request, preflight])
def test_marks_that_no_view_carries(named: Any, ask: Any) -> None:
    app = flask_app()
    CORS(app, policy=POLICY)
    given, kept = lost()
    app.get("/", endpoint="below")(given)
    registered_before = cors_exempt(unwrapped(app.get("/above")(lambda: "view")))
    call_wsgi(app, ask(path="/above"))
    assert named() == ["marked_below", "wrapper"]
    call_wsgi(app, ask(path="/above"))
    assert named() == []
    assert kept
    assert registered_before


# Falcon


class Marked:
    @cors_exempt
    def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


class MarkedAsync:
    @cors_exempt
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


class Plain:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


class PlainAsync:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


FLAVOURS: list[Any] = [
    (falcon.App, call_wsgi, Marked, Plain),
    (falcon.asgi.App, call_asgi, MarkedAsync, PlainAsync),
]


@pytest.mark.parametrize(("app", "call", "marked", "plain"), FLAVOURS, ids=["wsgi", "asgi"])
@pytest.mark.parametrize("other", ["none", "empty", "another"])
def test_marks_that_the_router_does_not_lead_to_close(
    caplog: pytest.LogCaptureFixture, app: Any, call: Any, marked: Any, plain: Any, other: str
) -> None:
    router = None if other == "none" else falcon.routing.CompiledRouter()
    if router is not None and other == "another":
        router.add_route("/", Plain())
    served = app(middleware=[FalconCORSMiddleware(policy=POLICY, router=router)])
    served.add_route("/", marked())
    served.add_route("/plain", plain())
    for _ in range(2):
        response = call(served, request())
        assert response.body == b"app"
        assert response.values("access-control-allow-origin") == []
        assert response.values("vary") == ["Origin"]
    (record,) = caplog.records
    start = f"the marks of {__name__}.{marked.__name__} cannot be read, and the request is refused"
    assert record.getMessage().startswith(start)
    wanted = (
        "give the app's router" if router is None else "the router given to CORSMiddleware does"
    )
    assert wanted in record.getMessage()
    assert record.exc_info is None
    plain_answer = call(served, request(path="/plain"))
    assert plain_answer.values("access-control-allow-origin") == [ORIGIN]

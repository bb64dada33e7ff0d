"""CORSMiddleware and CORS beside another CORS layer, or where something else answers first."""

import functools
import logging
from inspect import signature
from types import FunctionType
from typing import Any

import falcon
import falcon.asgi
import falcon.testing
import fastapi
import flask
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware as StarlettesOwn
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from cors_core import Policy, PolicyError
from cors_core_falcon import CORSMiddleware as FalconCORSMiddleware
from cors_core_flask import CORS
from cors_core_starlette import CORSMiddleware
from tests.adapters.test_startup import lifespan_of
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.transports import Request as Asked
from tests.behaviour.transports import call_asgi, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])

BESIDE = "Starlette's CORSMiddleware stands beside"
OUTSIDE = "CORSMiddleware is not the outermost middleware"


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Any:
    """Return a function that says what was warned of, and forgets it."""
    caplog.set_level(logging.WARNING, "cors_core")

    def messages() -> list[str]:
        found = [record.getMessage() for record in caplog.records if record.name == "cors_core"]
        caplog.clear()
        return found

    return messages


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("home")


def app_of(*middleware: Any, framework: Any = Starlette) -> Any:
    """Return an app to which `middleware` was added, the outermost last."""
    app = framework(routes=[Route("/", home)])
    for entry in middleware:
        if isinstance(entry, tuple):
            app.add_middleware(entry[0], **entry[1])
        elif entry is CORSMiddleware:
            app.add_middleware(entry, policy=POLICY)
        else:
            app.add_middleware(entry)
    return app


class Answers:
    """Middleware of the app's own, of which nothing is known."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def factory(app: Any) -> Any:
    return app


# Starlette and FastAPI


@pytest.mark.parametrize("framework", [Starlette, fastapi.FastAPI])
def test_starlettes_own_outside_lets_every_origin_in(warned: Any, framework: Any) -> None:
    app = app_of(CORSMiddleware, (StarlettesOwn, {"allow_origins": ["*"]}), framework=framework)
    lifespan_of(app)
    (message,) = warned()
    assert message.startswith(BESIDE)
    response = call_asgi(app, request(OTHER_ORIGIN))
    assert response.values("access-control-allow-origin") == ["*"], "what the warning is about"
    assert warned() == []


def test_starlettes_own_inside(warned: Any) -> None:
    lifespan_of(app_of((StarlettesOwn, {"allow_origins": ["*"]}), CORSMiddleware))
    (message,) = warned()
    assert message.startswith(BESIDE)


def test_starlettes_own_in_the_app_and_ours_in_a_mount(warned: Any) -> None:
    ours = Middleware(CORSMiddleware, policy=POLICY)
    app = Starlette(routes=[Mount("/", routes=[Route("/", home)], middleware=[ours])])
    app.add_middleware(StarlettesOwn, allow_origins=["*"])
    for _ in range(2):
        call_asgi(app, request())
    (message,) = warned()
    assert message.startswith(BESIDE)


def test_twice(warned: Any) -> None:
    apps = [
        app_of(CORSMiddleware, CORSMiddleware),
        CORSMiddleware(app_of(CORSMiddleware), policy=POLICY),
        CORSMiddleware(CORSMiddleware(app_of(), policy=POLICY), policy=POLICY),
    ]
    for app in apps:
        lifespan_of(app)
        (message,) = warned()
        assert message.startswith("CORSMiddleware is added 2 times")
        call_asgi(app, preflight())
        call_asgi(app, request())
        assert warned() == []


def test_a_middleware_function_that_is_declared_later_answers_preflights(warned: Any) -> None:
    async def signed_in(request: Request, call_next: Any) -> Any:
        return PlainTextResponse("who are you?", 401)

    app = app_of(CORSMiddleware, framework=fastapi.FastAPI)
    app.middleware("http")(signed_in)
    lifespan_of(app)
    (message,) = warned()
    assert message.startswith(f"{OUTSIDE}: an answer of {__name__}.test_a_middleware_function")
    assert "signed_in, to a preflight too" in message
    assert call_asgi(app, preflight()).status == 401, "what the warning is about"


@pytest.mark.parametrize(
    ("outer", "name"),
    [
        (Answers, f"{__name__}.Answers"),
        ((BaseHTTPMiddleware, {"dispatch": Answers(None)}), f"{__name__}.Answers"),
        (factory, f"{__name__}.factory"),
        (functools.partial(factory), "functools.partial"),
        (HTTPSRedirectMiddleware, "starlette.middleware.httpsredirect.HTTPSRedirectMiddleware"),
    ],
)
def test_what_may_answer_outside(warned: Any, outer: Any, name: str) -> None:
    lifespan_of(app_of(CORSMiddleware, GZipMiddleware, outer))
    (message,) = warned()
    assert message.startswith(f"{OUTSIDE}: an answer of {name}, to a preflight too,")


def test_what_never_answers_may_stand_outside(warned: Any) -> None:
    app = app_of(
        Answers,
        CORSMiddleware,
        GZipMiddleware,
        (SessionMiddleware, {"secret_key": "of the tests"}),
        (TrustedHostMiddleware, {"allowed_hosts": ["*"]}),
    )
    lifespan_of(app)
    call_asgi(app, request())
    assert warned() == []


@pytest.mark.skipif(
    "max_body_size" not in signature(Starlette).parameters, reason="this Starlette has no limit"
)
def test_starlettes_limit_of_the_body_is_outside(warned: Any) -> None:
    over = Asked("POST", "/", (("Origin", ORIGIN.encode()), ("Content-Length", b"100")))
    limit: Any = {"max_body_size": 10}
    app = Starlette(**limit)
    app.add_middleware(CORSMiddleware, policy=POLICY)
    refused = call_asgi(app, over)
    assert (refused.status, refused.values("access-control-allow-origin")) == (413, [])
    (message,) = warned()
    assert message.startswith("max_body_size is checked outside CORSMiddleware")
    by_hand = call_asgi(CORSMiddleware(Starlette(**limit), policy=POLICY), over)
    assert (by_hand.status, by_hand.values("access-control-allow-origin")) == (413, [ORIGIN])
    assert warned() == []


def test_without_a_lifespan_the_first_request_looks(warned: Any) -> None:
    app = app_of(CORSMiddleware, Answers)
    for asked in (preflight(), request(), preflight()):
        assert call_asgi(app, asked).values("access-control-allow-origin") == [ORIGIN]
    (message,) = warned()
    assert message.startswith(OUTSIDE)


def test_a_look_that_fails_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    app = app_of(CORSMiddleware)
    app.middleware_stack = app.build_middleware_stack()
    app.user_middleware = None
    assert call_asgi(app, request()).values("access-control-allow-origin") == [ORIGIN]
    (record,) = caplog.records
    assert record.getMessage() == "the set-up of CORS could not be examined"


def test_what_is_looked_at_once_costs_later_requests_nothing() -> None:
    app = app_of()
    middleware = CORSMiddleware(app, policy=POLICY)
    first = middleware.layer.at_once
    call_asgi(middleware, request())
    later = middleware.layer.at_once
    assert later != first
    call_asgi(middleware, request())
    assert middleware.layer.at_once == later


def test_two_first_requests_at_the_same_time_look_once(warned: Any) -> None:
    app = flask_app()
    app.after_request(of_flask_cors(AFTER))
    CORS(app, policy=POLICY)
    middleware: Any = app.wsgi_app
    read_by_both = middleware.layer.at_once
    for _ in range(2):
        middleware.layer.at_once = read_by_both
        assert call_wsgi(app, request()).values("access-control-allow-origin") == [ORIGIN]
    assert len(warned()) == 1


# Flask


def of_flask_cors(source: str) -> Any:
    """Return what `source` defines as `made`, as if a module of flask-cors had."""
    module: dict[str, Any] = {"__name__": "flask_cors.core"}
    exec(f"from functools import wraps\n{source}", module)
    return module["made"]


AFTER = "made = lambda response: response"
CROSS_ORIGIN = "made = lambda view: wraps(view)(lambda *a, **k: view(*a, **k))"


def decorated(view: Any) -> Any:
    return functools.wraps(view)(lambda: view())


def flask_app(**config: Any) -> flask.Flask:
    app = flask.Flask("tests")
    app.config.update(config)
    app.get("/")(home_of_flask)
    return app


def home_of_flask() -> str:
    return "home"


@pytest.mark.parametrize("where", ["app", "blueprint", "view", "decorated view"])
def test_flask_cors_beside_ours(warned: Any, where: str) -> None:
    app = flask_app()
    CORS(app, policy=POLICY)
    blueprint = flask.Blueprint("shop", "tests", url_prefix="/shop")
    if where == "app":
        app.after_request(of_flask_cors(AFTER))
    elif where == "blueprint":
        blueprint.after_request(of_flask_cors(AFTER))
    else:
        view = of_flask_cors(CROSS_ORIGIN)(lambda: "view")
        blueprint.get("/")(decorated(view) if where == "decorated view" else view)
    app.register_blueprint(blueprint)
    for _ in range(2):
        assert call_wsgi(app, request()).values("access-control-allow-origin") == [ORIGIN]
    (message,) = warned()
    assert message.startswith("flask-cors stands beside cors-core")


def test_flask_alone(warned: Any) -> None:
    app = flask_app(CORS_CORE={"allow_origins": [ORIGIN]}, CORS_FUTURE=1)
    app.after_request(lambda response: response)
    app.get("/decorated", endpoint="decorated")(decorated(home_of_flask))
    CORS(app)
    call_wsgi(app, request())
    assert warned() == []


def test_settings_of_flask_cors(warned: Any) -> None:
    app = flask_app(CORS_ORIGINS="*", CORS_SEND_WILDCARD=True, CORS_SUPPORTS_CREDENTIALS=True)
    CORS(app, policy=POLICY)
    start = "is a setting of flask-cors, and cors-core does not read it; "
    assert warned() == [
        f"app.config['CORS_ORIGINS'] {start}did you mean 'allow_origins'?",
        f"app.config['CORS_SUPPORTS_CREDENTIALS'] {start}did you mean 'allow_credentials'?",
        f"app.config['CORS_SEND_WILDCARD'] {start}remove it: allow_origins=['*'] sends a *, every"
        " other policy the origin that it allows",
    ]


@pytest.mark.parametrize("build", [CORS, CORS().init_app])
def test_no_policy_at_all(warned: Any, build: Any) -> None:
    migrants = "CORS(app) without options allows every origin in flask-cors, and none in cors-core"
    build(flask_app())
    assert [message.partition(";")[0] for message in warned()][1:] == [migrants]
    CORS(flask_app(CORS_CORE={}))
    CORS(flask_app(), policies={})
    assert not any("flask-cors" in message for message in warned())


def test_a_blueprint() -> None:
    for prefix, path in (("/shop", "/shop/"), (None, "/named/")):
        blueprint: Any = flask.Blueprint("named", "tests", url_prefix=prefix)
        with pytest.raises(PolicyError) as caught:
            CORS(blueprint, policy=POLICY)
        (problem,) = caught.value.problems
        assert problem.reason == "is of type Blueprint, not a Flask app"
        assert problem.fix.endswith(f"with cors_policy, or give paths=[({path!r}, policy)]")


def test_origins_in_the_place_of_the_app() -> None:
    wrong: Any = [ORIGIN]
    with pytest.raises(PolicyError, match=r"is of type list, not a Flask app; write CORS\(app, "):
        CORS(wrong)


def test_the_current_app_is_an_app() -> None:
    app = flask_app()
    with app.app_context():
        CORS(flask.current_app, policy=POLICY)
    assert call_wsgi(app, request()).values("access-control-allow-origin") == [ORIGIN]


# Falcon


class Sync:
    """Middleware for `falcon.App` that may answer a preflight."""

    App: Any = falcon.App
    call: Any = staticmethod(call_wsgi)

    def process_request(self, req: Any, resp: Any) -> None:
        pass


class Async:
    """Middleware for `falcon.asgi.App` that may answer a preflight."""

    App: Any = falcon.asgi.App
    call: Any = staticmethod(call_asgi)

    async def process_request(self, req: Any, resp: Any) -> None:
        pass


class Later:
    """Middleware that looks at responses only."""

    def process_response(self, req: Any, resp: Any, resource: Any, succeeded: bool) -> None:
        pass

    async def process_response_async(
        self, req: Any, resp: Any, resource: Any, succeeded: bool
    ) -> None:
        pass


@pytest.fixture(params=[Sync, Async], ids=["wsgi", "asgi"])
def flavour(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def seen(flavour: Any) -> Any:
    """Return a flavour whose app is seen in the frames: before Falcon 4.2, `falcon.App` is not."""
    if not isinstance(flavour.App.__call__, FunctionType):
        pytest.skip("this app of Falcon is compiled")
    return flavour


@pytest.mark.parametrize("ask", [request, preflight])
def test_falcons_own_outside_lets_every_origin_in(warned: Any, seen: Any, ask: Any) -> None:
    ours = FalconCORSMiddleware(policy=POLICY)
    app = seen.App(middleware=[falcon.CORSMiddleware(), ours])
    for _ in range(2):
        response = seen.call(app, ask(OTHER_ORIGIN))
    (message,) = warned()
    assert message.startswith("Falcon's CORSMiddleware, which cors_enable=True adds, stands beside")
    if ask is request:
        assert response.values("access-control-allow-origin") == ["*"], "what the warning is about"


def test_cors_enable(warned: Any, seen: Any) -> None:
    app = seen.App(cors_enable=True, middleware=[FalconCORSMiddleware(policy=POLICY)])
    seen.call(app, request())
    (message,) = warned()
    assert message.startswith("Falcon's CORSMiddleware")


def test_not_the_first_in_falcons_list(warned: Any, seen: Any) -> None:
    ours = FalconCORSMiddleware(policy=POLICY)
    seen.call(seen.App(middleware=[Later(), seen(), ours]), request())
    (message,) = warned()
    assert message.startswith("CORSMiddleware is not the first in the list of middleware: ")
    assert f": {__name__}.{seen.__name__} may answer a preflight" in message


def test_twice_in_falcons_list(warned: Any, seen: Any) -> None:
    one, two = (FalconCORSMiddleware(policy=POLICY) for _ in range(2))
    seen.call(seen.App(middleware=[one, two]), request())
    first = warned()[0]
    assert first.startswith("CORSMiddleware is added 2 times to one app")


def test_first_in_falcons_list(warned: Any, flavour: Any) -> None:
    ours = FalconCORSMiddleware(policy=POLICY)
    app = flavour.App(middleware=[ours, Later(), flavour()])
    for asked in (request(), preflight()):
        assert flavour.call(app, asked).values("access-control-allow-origin") == [ORIGIN]
    assert warned() == []


def test_no_app_is_calling(warned: Any) -> None:
    environ = falcon.testing.create_environ(headers={"Origin": ORIGIN})
    response = falcon.Response()
    ours = FalconCORSMiddleware(policy=POLICY)
    ours.process_response(falcon.Request(environ), response, None, True)
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert warned() == []


def test_options_without_names() -> None:
    wrong: Any = FalconCORSMiddleware
    with pytest.raises(PolicyError, match=r"write CORSMiddleware\(allow_origins=\['https://app"):
        wrong([ORIGIN])
    with pytest.raises(PolicyError) as caught:
        wrong(POLICY, max_age=-1)
    assert [problem.option for problem in caught.value.problems] == ["max_age", "CORSMiddleware"]


def test_falcons_own_test_client_for_asgi() -> None:
    seen: list[str] = []

    class Resource:
        async def on_get(self, req: Any, resp: Any) -> None:
            seen.append(req.get_header("X-Seen"))

    app = falcon.asgi.App(middleware=[FalconCORSMiddleware(policy=POLICY)])
    app.add_route("/", Resource())
    client = falcon.testing.TestClient(app)
    result = client.simulate_get("/", headers={"Origin": ORIGIN, "X-Seen": "1"})
    assert result.headers["access-control-allow-origin"] == ORIGIN
    assert seen == ["1"]
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = client.simulate_options("/", headers=asked)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["access-control-allow-origin"] == ORIGIN

    hostile = {"Origin": "\xff", "Access-Control-Request-Method": "\xff"}
    assert client.simulate_options("/", headers=hostile).status_code == 400

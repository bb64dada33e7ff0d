"""CORSMiddleware and CORS beside another CORS layer, or where something else answers first."""

import functools
import logging
from typing import Any

import fastapi
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

from cors_core import Policy
from cors_core_starlette import CORSMiddleware
from tests.adapters.test_startup import lifespan_of
from tests.behaviour.case import ORIGIN, STRANGER, preflight, request
from tests.behaviour.transports import call_asgi

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
def test_starlettes_own_outside_lets_strangers_in(warned: Any, framework: Any) -> None:
    app = app_of(CORSMiddleware, (StarlettesOwn, {"allow_origins": ["*"]}), framework=framework)
    lifespan_of(app)
    (message,) = warned()
    assert message.startswith(BESIDE)
    response = call_asgi(app, request(STRANGER))
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

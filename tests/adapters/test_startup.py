"""Starlette, FastAPI, ASGI and WSGI: a policy that is refused keeps the app from serving."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastapi
import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router

import cors_core.asgi
import cors_core.wsgi
from cors_core import Policy, PolicyError
from cors_core_starlette import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import call_asgi

SLASH: Any = {"allow_origins": ["https://a.example/"]}
MESSAGE = "a browser sends 'https://a.example'"

FRAMEWORKS = [Starlette, fastapi.FastAPI]


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("home")


def lifespan_of(app: Any) -> tuple[list[Any], BaseException | None]:
    """Start and stop an app as a server does; return what it sent and raised."""
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


def hiding(app: Any) -> Any:
    """Middleware that keeps its app in a closure, so that nothing leads to it."""

    async def hidden(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return hidden


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("between", [None, hiding])
def test_a_refused_policy_fails_the_start_up(framework: Any, between: Any) -> None:
    app = framework()
    if between:
        app.add_middleware(between)
    app.add_middleware(CORSMiddleware, **SLASH)
    sent, error = lifespan_of(app)
    assert isinstance(error, PolicyError)
    assert MESSAGE in str(error)
    assert sent == [{"type": "lifespan.startup.failed", "message": str(error)}]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_without_a_lifespan_a_refused_policy_fails_every_request(framework: Any) -> None:
    app = framework(routes=[Route("/", home)])
    app.add_middleware(CORSMiddleware, **SLASH)
    for asked in (request(), preflight(), request()):
        response = call_asgi(app, asked)
        assert response.status == 500
        assert response.values("access-control-allow-origin") == []
        assert isinstance(response.raised, PolicyError)
        assert MESSAGE in str(response.raised)


def test_a_refused_policy_fails_websockets() -> None:
    async def unused(*_: Any) -> Any:
        raise AssertionError

    app = Starlette()
    app.add_middleware(CORSMiddleware, **SLASH)
    scope = {"type": "websocket", "path": "/", "headers": []}
    with pytest.raises(PolicyError, match=MESSAGE):
        asyncio.run(app(scope, unused, unused))


def passes_app_by_name() -> bool:
    """Say whether this Starlette lets no middleware take positional arguments, as it once did."""

    def probe(app: Any, positional: object) -> Any:
        return app

    try:
        Starlette(middleware=[Middleware(probe, 1)]).build_middleware_stack()
    except TypeError:
        return True
    return False


@pytest.mark.skipif(passes_app_by_name(), reason="Python raises before CORSMiddleware is called")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_options_without_names_fail_the_start_up(framework: Any) -> None:
    app = framework()
    app.add_middleware(CORSMiddleware, ["https://a.example"], max_age="x")
    _, error = lifespan_of(app)
    assert isinstance(error, PolicyError)
    assert [problem.option for problem in error.problems] == ["max_age", "CORSMiddleware"]
    assert "write CORSMiddleware(allow_origins=['https://a.example'])" in str(error)


def by_mount() -> Any:
    return Mount("/", routes=[], middleware=[Middleware(CORSMiddleware, **SLASH)])


def by_router() -> Any:
    return Router(middleware=[Middleware(CORSMiddleware, **SLASH)])


def by_route() -> Any:
    return Route("/", home, middleware=[Middleware(CORSMiddleware, **SLASH)])


def by_endpoint() -> Any:
    endpoint = type("Endpoint", (HTTPEndpoint,), {})
    return Route("/", endpoint, middleware=[Middleware(CORSMiddleware, **SLASH)])


@pytest.mark.parametrize(
    "build",
    [
        lambda: CORSMiddleware(Starlette(), **SLASH),
        lambda: CORSMiddleware(fastapi.FastAPI(), **SLASH),
        lambda: CORSMiddleware(cors_core.asgi.CORSMiddleware(Starlette()), **SLASH),
        lambda: CORSMiddleware(Starlette().router, **SLASH),
        by_mount,
        by_router,
        by_route,
        by_endpoint,
        lambda: cors_core.asgi.CORSMiddleware(Starlette(), **SLASH),
    ],
)
def test_where_the_caller_is_the_app_it_raises_at_once(build: Any) -> None:
    with pytest.raises(PolicyError, match=MESSAGE):
        build()


@pytest.mark.parametrize("middleware", [cors_core.asgi.CORSMiddleware, CORSMiddleware])
def test_no_asgi_app(middleware: Any) -> None:
    fix = r"is not an ASGI app; write CORSMiddleware\(app, "
    with pytest.raises(PolicyError, match=rf"app \['https://a.example'\] {fix}allow_origins="):
        middleware(["https://a.example"])
    with pytest.raises(PolicyError, match=f"{fix}policy=policy"):
        middleware(Policy())


def test_no_wsgi_app() -> None:
    middleware: Any = cors_core.wsgi.CORSMiddleware
    fix = r"is not a WSGI app; write CORSMiddleware\(app, "
    with pytest.raises(PolicyError, match=rf"app \['https://a.example'\] {fix}allow_origins="):
        middleware(["https://a.example"])
    with pytest.raises(PolicyError, match=f"{fix}policy=policy"):
        middleware(Policy())


def test_a_good_policy_starts() -> None:
    app = Starlette(routes=[Route("/", home)])
    app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN])
    sent, error = lifespan_of(app)
    assert error is None
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert call_asgi(app, request()).values("access-control-allow-origin") == [ORIGIN]


APP = """
from {module} import {framework}
from cors_core_starlette import CORSMiddleware

app = {framework}()
app.add_middleware(CORSMiddleware, allow_origins=["https://a.example/"])
"""


@pytest.mark.parametrize(
    ("module", "framework"), [("starlette.applications", "Starlette"), ("fastapi", "FastAPI")]
)
def test_uvicorn_exits_with_the_message(tmp_path: Path, module: str, framework: str) -> None:
    (tmp_path / "refused.py").write_text(APP.format(module=module, framework=framework))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    ran = subprocess.run(
        [sys.executable, "-m", "uvicorn", "refused:app", f"--port={port}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode != 0
    assert MESSAGE in ran.stderr
    assert "Application startup failed" in ran.stderr

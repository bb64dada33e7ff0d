"""What the real servers serve: for each framework, the small app under every policy of the cases.

    /                          an empty page, of the API's own origin
    /log                       the requests so far, as JSON
    /p<policy>/<case>/<path>   <path> of the small app behind that policy

The query's `app` reaches the app as the request header X-App-Headers, which a page could not send
without a preflight. `/redirect` is added to the small app: a redirect to the Location asked for.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import django
import falcon
import flask as flask_module
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cors_core import Policy
from tests.behaviour import drivers
from tests.behaviour.small_app import wanted_headers
from tests.browsers.cases import POLICIES

AppOf = Callable[[Policy], Any]
_PAGE = b"<!doctype html><title>A page of the API's own origin</title>"


class _Log:
    """The requests to one server, and its answer to who asks for them."""

    def __init__(self) -> None:
        self._requests: list[dict[str, Any]] = []

    def add(self, case: str, method: str, path: str, headers: dict[str, str]) -> None:
        self._requests.append({"case": case, "method": method, "path": path, "headers": headers})

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/log":
            return 200, "application/json", json.dumps(self._requests).encode()
        return (200, "text/html", _PAGE) if path == "/" else (404, "text/plain", b"no such app")


def _mounted(path: str) -> tuple[int, str, str] | None:
    """Take a path apart: the policy's number, the case, the path of the small app."""
    _, policy, case, *rest = [*path.split("/", 3), "", ""][:4]
    if not policy.startswith("p") or not case:
        return None
    return int(policy[1:]), case, "/" + "".join(rest)


def _asked_of_app(query: str) -> str:
    return parse_qs(query).get("app", ["[]"])[0]


def on_wsgi(app_of: AppOf) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI app of one framework."""
    log = _Log()
    apps = cache(lambda number: app_of(POLICIES[number]))

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        mounted = _mounted(environ["PATH_INFO"])
        if mounted is None:
            status, content_type, body = log.answer(environ["PATH_INFO"])
            length = ("Content-Length", str(len(body)))
            start_response(f"{status} -", [("Content-Type", content_type), length])
            return [body]
        number, case, path = mounted
        headers = {
            name[5:].lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        log.add(case, environ["REQUEST_METHOD"], path, headers)
        environ["PATH_INFO"] = path
        environ["HTTP_X_APP_HEADERS"] = _asked_of_app(environ.get("QUERY_STRING", ""))
        body_of: Iterable[bytes] = apps(number)(environ, start_response)
        return body_of

    return serve


def on_asgi(app_of: AppOf) -> Callable[..., Awaitable[None]]:
    """Return the ASGI app of one framework."""
    log = _Log()
    apps = cache(lambda number: app_of(POLICIES[number]))

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        mounted = _mounted(scope["path"])
        if mounted is None:
            status, content_type, body = log.answer(scope["path"])
            lines = [
                (b"content-type", content_type.encode()),
                (b"content-length", str(len(body)).encode()),
            ]
            await send({"type": "http.response.start", "status": status, "headers": lines})
            await send({"type": "http.response.body", "body": body})
            return
        number, case, path = mounted
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        log.add(case, scope["method"], path, headers)
        asked = _asked_of_app(scope["query_string"].decode())
        lines = [*scope["headers"], (b"x-app-headers", asked.encode("latin-1"))]
        inner = {**scope, "path": path, "raw_path": path.encode(), "headers": lines}
        await apps(number)(inner, receive, send)

    return serve


def _app_of(driver: str, policy: Policy) -> Any:
    """Return the app round which a driver of the behaviour suite puts a transport."""
    return drivers.DRIVERS[driver](policy).args[0]  # type: ignore[attr-defined]  # a partial


async def _redirect(request: Request) -> Response:
    headers = dict(wanted_headers(request.headers.get("x-app-headers")))
    return Response(status_code=302, headers=headers)


def _starlette_app(driver: str) -> AppOf:
    def app_of(policy: Policy) -> Any:
        app = _app_of(driver, policy)
        app.router.routes.append(Route("/redirect", _redirect, methods=["GET", "PUT"]))
        return app

    return app_of


def starlette() -> Any:
    return on_asgi(_starlette_app("starlette"))


def fastapi() -> Any:
    return on_asgi(_starlette_app("fastapi"))


def flask() -> Any:
    def app_of(policy: Policy) -> Any:
        app: flask_module.Flask = _app_of("flask", policy)

        @app.route("/redirect", methods=["GET", "PUT"])
        def redirect() -> flask_module.Response:
            headers = wanted_headers(flask_module.request.headers.get("X-App-Headers"))
            return flask_module.Response(status=302, headers=headers)

        return app

    return on_wsgi(app_of)


class _Redirect:
    def on_get(self, req: Any, resp: Any) -> None:
        resp.status = 302
        resp.set_headers(wanted_headers(req.get_header("X-App-Headers")))

    on_put = on_get


class _RedirectAsync:
    async def on_get(self, req: Any, resp: Any) -> None:
        _Redirect().on_get(req, resp)

    on_put = on_get


def _falcon_app(driver: str, redirect: object) -> AppOf:
    def app_of(policy: Policy) -> Any:
        app = _app_of(driver, policy)
        app.add_route("/redirect", redirect)
        return app

    return app_of


def falcon_wsgi() -> Any:
    return on_wsgi(_falcon_app("falcon-wsgi", _Redirect()))


def falcon_asgi() -> Any:
    return on_asgi(_falcon_app("falcon-asgi", _RedirectAsync()))


def falcon_own() -> Any:
    """Return Falcon with its own CORS middleware, for the proof that a missing Vary is noticed."""

    def app_of(policy: Policy) -> Any:
        own: Any = falcon.CORSMiddleware(allow_origins=list(policy.allow_origins))
        app = falcon.App(middleware=[own])
        return drivers._falcon_app(app, drivers._Falcon())

    return on_wsgi(app_of)


def _set_up_django() -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CORS_CORE={"allow_origins": []},
        INSTALLED_APPS=["cors_core_django"],
        MIDDLEWARE=["cors_core_django.CORSMiddleware"],
        ROOT_URLCONF="tests.browsers.django_site",
        SECRET_KEY="of the tests",
    )
    django.setup()


def django_wsgi() -> Any:
    """Return Django on WSGI. A site has one policy, so one request at a time has its own."""
    _set_up_django()
    lock = threading.Lock()

    def app_of(policy: Policy) -> Any:
        with lock, override_settings(CORS_CORE=policy):
            app = WSGIHandler()

        def serve(environ: Any, start_response: Any) -> Any:
            with lock, override_settings(CORS_CORE=policy):
                return app(environ, start_response)

        return serve

    return on_wsgi(app_of)


def django_asgi() -> Any:
    """Return Django on ASGI; see `django_wsgi`."""
    _set_up_django()
    lock = asyncio.Lock()

    def app_of(policy: Policy) -> Any:
        with override_settings(CORS_CORE=policy):
            app = ASGIHandler()

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            async with lock:
                with override_settings(CORS_CORE=policy):
                    await app(scope, receive, send)

        return serve

    return on_asgi(app_of)

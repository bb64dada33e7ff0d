"""What the real servers serve: for each framework, the small app under every policy of the cases.

    /                          an empty page, of the API's own origin
    /log                       the requests so far, as JSON
    /p<policy>/<case>/<path>   <path> of the small app behind that policy

The query's `app` reaches the app as the request header X-App-Headers, which a page could not send
without a preflight.
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
from django.conf import settings

from cors_core import Policy
from tests.behaviour.apps import django as small_django
from tests.behaviour.apps import falcon as small_falcon
from tests.behaviour.apps import fastapi as small_fastapi
from tests.behaviour.apps import flask as small_flask
from tests.behaviour.apps import starlette as small_starlette
from tests.behaviour.small_app import ROUTES
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


def starlette() -> Any:
    return on_asgi(small_starlette.build)


def fastapi() -> Any:
    return on_asgi(small_fastapi.build)


def flask() -> Any:
    return on_wsgi(small_flask.build)


def falcon_wsgi() -> Any:
    return on_wsgi(small_falcon.build_wsgi)


def falcon_asgi() -> Any:
    return on_asgi(small_falcon.build_asgi)


def falcon_own() -> Any:
    """Return Falcon with its own CORS middleware, for the proof that a missing Vary is noticed."""

    def app_of(policy: Policy) -> Any:
        own: Any = falcon.CORSMiddleware(allow_origins=list(policy.allow_origins))
        app = falcon.App(middleware=[own])
        small_falcon.add(app, ROUTES)
        return app

    return on_wsgi(app_of)


def _set_up_django() -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CORS_CORE={"allow_origins": []},
        INSTALLED_APPS=["cors_core_django"],
        MIDDLEWARE=["cors_core_django.CORSMiddleware"],
        ROOT_URLCONF="tests.behaviour.apps.django",
        SECRET_KEY="of the tests",
    )
    django.setup()


def django_wsgi() -> Any:
    """Return Django on WSGI. A site has one policy, so one request at a time has its own."""
    _set_up_django()
    lock = threading.Lock()

    def app_of(policy: Policy) -> Any:
        with lock:
            app = small_django.build_wsgi(policy)

        def serve(environ: Any, start_response: Any) -> Any:
            with lock:
                return app(environ, start_response)

        return serve

    return on_wsgi(app_of)


def django_asgi() -> Any:
    """Return Django on ASGI; see `django_wsgi`."""
    _set_up_django()
    lock = asyncio.Lock()

    def app_of(policy: Policy) -> Any:
        app = small_django.build_asgi(policy)

        async def serve(*connection: Any) -> None:
            async with lock:
                await app(*connection)

        return serve

    return on_asgi(app_of)

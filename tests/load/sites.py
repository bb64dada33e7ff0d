"""One app for each adapter, made when a server asks for it: `tests.load.sites:flask`.

Every path answers 200 "app"; `/control/swap?to=N`, outside the adapter, replaces a policy.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from cors_core import OriginLookup, ReloadablePolicy
from tests.load.policies import FIXED, SWAPPED

_BODY = b"app"
_SWAP = ReloadablePolicy(SWAPPED[0])
_LOOKUP_SECONDS = 20.0
_TTL = 0.3


def _port() -> int:
    return int(os.environ["LOAD_DATABASE"])


def _ask(origin: str) -> bool:
    with socket.create_connection(("127.0.0.1", _port()), timeout=_LOOKUP_SECONDS) as connection:
        connection.sendall(f"{origin}\n".encode())
        return connection.makefile("rb").readline() == b"yes\n"


async def _ask_async(origin: str) -> bool:
    async with asyncio.timeout(_LOOKUP_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", _port())
        try:
            writer.write(f"{origin}\n".encode())
            return await reader.readline() == b"yes\n"
        finally:
            writer.close()


def _choice(lookup: Any) -> dict[str, Any]:
    """Return what an adapter is given."""
    # Nothing stale, so that a stopped database is seen at once: its answers are judged here.
    origins = OriginLookup(lookup, ttl=_TTL, negative_ttl=_TTL, stale_if_error=0)
    return {
        "policy": FIXED,
        "paths": [
            ("/swap/", _SWAP),
            ("/file/", ReloadablePolicy.from_file(os.environ["LOAD_FILE"], interval=0.2)),
            ("/lookup/", _with_lookup(origins)),
        ],
    }


def _with_lookup(origins: OriginLookup) -> Any:
    from cors_core import Policy

    return Policy(
        allow_origins=origins, allow_methods=["GET", "PUT"], allow_headers=["X-Token"], max_age=60
    )


def _swap(query: str) -> None:
    _SWAP.replace(SWAPPED[int(query.removeprefix("to="))])


def _controlled_wsgi(app: Any) -> Any:
    def control(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/control/swap":
            return app(environ, start_response)
        _swap(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Length", "0")])
        return []

    return control


def _controlled_asgi(app: Any) -> Any:
    async def control(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/control/swap":
            await app(scope, receive, send)
            return
        _swap(scope["query_string"].decode())
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return control


def _asgi() -> Any:
    from cors_core.asgi import CORSMiddleware

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("no lifespan")
        headers = [(b"content-length", b"3")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})

    return CORSMiddleware(app, **_choice(_ask_async))


def _wsgi() -> Any:
    from cors_core.wsgi import CORSMiddleware

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return [_BODY]

    return CORSMiddleware(app, **_choice(_ask))


def _starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from cors_core_starlette import CORSMiddleware

    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse("app")

    methods = ["GET", "PUT", "DELETE", "OPTIONS"]
    app = Starlette(routes=[Route("/{path:path}", endpoint, methods=methods)])
    app.add_middleware(CORSMiddleware, **_choice(_ask_async))
    return app


def _fastapi() -> Any:
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    from cors_core_starlette import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, **_choice(_ask_async))

    @app.api_route("/{path:path}", methods=["GET", "PUT", "DELETE", "OPTIONS"])
    async def endpoint(path: str) -> PlainTextResponse:
        return PlainTextResponse("app")

    return app


def _flask() -> Any:
    from flask import Flask

    from cors_core_flask import CORS

    app = Flask("load")
    CORS(app, **_choice(_ask))

    @app.route("/<path:path>", methods=["GET", "PUT", "DELETE", "OPTIONS"])
    def endpoint(path: str) -> str:
        return "app"

    return app


def _django(lookup: Any) -> None:
    import django
    from django.conf import settings

    settings.configure(
        ALLOWED_HOSTS=["*"],
        CORS_CORE=_choice(lookup),
        INSTALLED_APPS=["cors_core_django"],
        MIDDLEWARE=["cors_core_django.CORSMiddleware"],
        ROOT_URLCONF="tests.load.django_urls",
        SECRET_KEY="of the tests",
    )
    django.setup()


def _django_wsgi() -> Any:
    from django.core.handlers.wsgi import WSGIHandler

    _django(_ask)
    return WSGIHandler()


def _django_asgi() -> Any:
    from django.core.handlers.asgi import ASGIHandler

    _django(_ask_async)
    return ASGIHandler()


def _falcon_wsgi() -> Any:
    import falcon

    from cors_core_falcon import CORSMiddleware

    def answer(req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    app = falcon.App(middleware=[CORSMiddleware(**_choice(_ask))])
    app.add_sink(answer)
    return app


def _falcon_asgi() -> Any:
    import falcon.asgi

    from cors_core_falcon import CORSMiddleware

    async def answer(req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    app = falcon.asgi.App(middleware=[CORSMiddleware(**_choice(_ask_async))])
    app.add_sink(answer)
    return app


WSGI: dict[str, Callable[[], Any]] = {
    "wsgi": _wsgi,
    "flask": _flask,
    "django_wsgi": _django_wsgi,
    "falcon_wsgi": _falcon_wsgi,
}
ASGI: dict[str, Callable[[], Any]] = {
    "asgi": _asgi,
    "starlette": _starlette,
    "fastapi": _fastapi,
    "django_asgi": _django_asgi,
    "falcon_asgi": _falcon_asgi,
}

_MADE: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    if name not in WSGI and name not in ASGI:
        raise AttributeError(name)
    if name not in _MADE:
        controlled = _controlled_wsgi if name in WSGI else _controlled_asgi
        _MADE[name] = controlled({**WSGI, **ASGI}[name]())
    return _MADE[name]

"""The small app in Starlette."""

from collections.abc import Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as StarletteRoute

from cors_core_starlette import CORSMiddleware
from tests.behaviour import small_app, transports
from tests.behaviour.small_app import Handled, Route, answer, marked


class Broken(Convertor[str]):
    regex = "[^/]+"

    def convert(self, value: str) -> str:
        raise small_app.BrokenConverter

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("broken", Broken())


async def respond(path: str, request: Request) -> Response:
    try:
        status, headers, chunks = answer(path, request.method, request.headers.get("x-app-headers"))
    except Handled:
        raise HTTPException(409) from None
    response: Response = (
        StreamingResponse(_stream(chunks), status)
        if len(chunks) > 1
        else PlainTextResponse(b"".join(chunks), status)
    )
    for name, value in headers:
        response.headers.append(name, value)
    return response


async def _stream(chunks: Iterable[bytes]) -> Any:
    for chunk in chunks:
        yield chunk


def endpoint(route: Route) -> Any:
    """Return the function or class that serves a route, marked."""

    async def serve(request: Request) -> Response:
        return await respond(route.full_path, request)

    def handler() -> Any:
        async def serve_method(self: Any, request: Request) -> Response:
            return await respond(route.full_path, request)

        return serve_method

    if not route.is_class:
        return marked(serve, route.mark)
    handlers = {name.lower(): marked(handler(), mark) for name, mark in route.methods.items()}
    return marked(type("Resource", (HTTPEndpoint,), handlers), route.mark)


def starlette_routes(routes: Iterable[Route]) -> list[BaseRoute]:
    made: list[BaseRoute] = []
    parts: dict[str, list[BaseRoute]] = {}
    for route in routes:
        methods = None if route.is_class else list(route.methods)
        one = StarletteRoute(route.path, endpoint(route), methods=methods)
        (parts.setdefault(route.part, []) if route.part else made).append(one)
    return made + [Mount(prefix, routes=inside) for prefix, inside in parts.items()]


def add(app: Any, routes: Iterable[Route]) -> None:
    app.router.routes.extend(starlette_routes(routes))


class Guard:
    """An authentication that turns away before the router is asked."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        no = scope["type"] == "http" and Headers(scope=scope).get("authorization") == "no"
        app = PlainTextResponse("no", 401) if no else self.app
        await app(scope, receive, send)


def build(policy: Any, **more: Any) -> Any:
    return put_together(Starlette(), add, policy, **more)


def put_together(
    app: Any,
    add: Any,
    policy: Any,
    *,
    marked: bool = False,
    late: bool = False,
    guarded: bool = False,
    **choice: Any,
) -> Any:
    """Add routes and middleware to an app of Starlette or FastAPI."""
    add(app, small_app.routes(marked=marked))
    if guarded:
        app.add_middleware(Guard)
    app.add_middleware(CORSMiddleware, policy=policy, **choice)
    if late:
        transports.call_asgi(app, transports.Request())
        add(app, small_app.LATE_ROUTES)
    return app

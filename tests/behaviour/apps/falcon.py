"""The small app in Falcon, for both of its apps."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import falcon
import falcon.asgi
from falcon.routing import BaseConverter, CompiledRouter

from cors_core_falcon import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer, marked


class Broken(BaseConverter):
    def convert(self, value: str) -> str:
        raise small_app.BrokenConverter


def respond(path: str, req: Any, resp: Any, *, is_async: bool) -> None:
    try:
        status, headers, chunks = answer(path, req.method, req.get_header("X-App-Headers"))
    except Handled:
        raise falcon.HTTPConflict from None
    resp.status = status
    for name, value in headers:
        resp.append_header(name, value)
    if len(chunks) > 1:
        resp.stream = _stream(chunks) if is_async else iter(chunks)
    elif chunks:
        resp.text = chunks[0].decode()


async def _stream(chunks: Iterable[bytes]) -> Any:
    for chunk in chunks:
        yield chunk


def resource_of(route: Route, *, is_async: bool) -> Any:
    """Return the resource that serves a path: the marks of functions are its responders'."""

    def responder() -> Any:
        def serve(self: Any, req: Any, resp: Any, **_: Any) -> None:
            respond(route.full_path, req, resp, is_async=is_async)

        async def serve_async(self: Any, req: Any, resp: Any, **_: Any) -> None:
            serve(self, req, resp)

        return serve_async if is_async else serve

    responders = {
        f"on_{method.lower()}": marked(responder(), mark if route.is_class else route.mark)
        for method, mark in route.methods.items()
    }
    resource = type("Resource", (), responders)
    return (marked(resource, route.mark) if route.is_class else resource)()


def add(app: Any, routes: Iterable[Route]) -> None:
    for route in small_app.by_path(routes):
        is_async = isinstance(app, falcon.asgi.App)
        app.add_route(route.full_path, resource_of(route, is_async=is_async))


class Guard:
    """An authentication that turns away before the router is asked."""

    def process_request(self, req: Any, resp: Any) -> None:
        if req.get_header("Authorization") == "no":
            raise falcon.HTTPUnauthorized

    async def process_request_async(self, req: Any, resp: Any) -> None:
        self.process_request(req, resp)


def _build(
    app_class: Any,
    policy: Any,
    *,
    marked: bool = False,
    late: bool = False,
    guarded: bool = False,
    **choice: Any,
) -> Any:
    router = CompiledRouter()
    router.options.converters["broken"] = Broken
    cors: Any = CORSMiddleware(policy=policy, router=router, **choice)
    app = app_class(middleware=[cors, Guard()] if guarded else [cors], router=router)
    add(app, small_app.routes(marked=marked, late=late))
    return app


build_wsgi = partial(_build, falcon.App)
build_asgi = partial(_build, falcon.asgi.App)

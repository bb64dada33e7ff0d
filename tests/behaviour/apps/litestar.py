"""The small app in Litestar."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import ASGIApp

from cors_core.asgi import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer

METHODS = set(small_app.METHODS) - {"QUERY"}
"""The methods that Litestar knows."""


def handler(route: Route) -> HTTPRouteHandler:
    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        asked = request.headers.get("x-app-headers")
        try:
            status, headers, chunks = answer(route.full_path, request.method, asked)
        except Handled:
            raise HTTPException(status_code=409) from None
        if len(chunks) > 1:
            iterator, own = _stream(chunks), dict(headers)
            return ASGIStreamingResponse(iterator=iterator, status_code=status, headers=own)
        return ASGIResponse(body=b"".join(chunks), status_code=status, headers=headers)

    methods: Any = [method for method in route.methods if method in METHODS]
    return HTTPRouteHandler(route.path, http_method=methods, status_code=200)(serve)


async def _stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def build(policy: Any, **choice: Any) -> Any:
    handlers = [handler(route) for route in small_app.ROUTES]
    # Its own logging starts a thread for each app.
    app: Any = Litestar(handlers, logging_config=None, openapi_config=None)
    app.asgi_handler = CORSMiddleware(app.asgi_handler, policy=policy, **choice)
    return app

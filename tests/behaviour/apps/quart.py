"""The small app in Quart."""

from collections.abc import AsyncIterator
from typing import Any

import quart

from cors_core.asgi import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer


def view(route: Route) -> Any:
    async def serve() -> quart.Response:
        request = quart.request
        asked = request.headers.get("X-App-Headers")
        status, headers, chunks = answer(route.full_path, request.method, asked)
        body: Any = _stream(chunks) if len(chunks) > 1 else b"".join(chunks)
        response = quart.Response(body, status)
        response.headers.extend(headers)
        return response

    return serve


async def _stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def build(policy: Any, **choice: Any) -> Any:
    app: Any = quart.Quart("small app")
    app.logger.disabled = True  # the crashes of the cases are expected
    app.register_error_handler(Handled, lambda error: quart.Response("conflict", 409))
    for route in small_app.ROUTES:
        app.add_url_rule(route.path, route.path, view(route), methods=list(route.methods))
    app.asgi_app = CORSMiddleware(app.asgi_app, policy=policy, **choice)
    return app

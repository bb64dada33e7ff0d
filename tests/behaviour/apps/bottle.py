"""The small app in Bottle."""

from typing import Any

import bottle  # type: ignore[import-untyped]  # it has no types

from cors_core.wsgi import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer


def callback(route: Route) -> Any:
    def serve() -> Any:
        request = bottle.request
        asked = request.headers.get("X-App-Headers")
        try:
            status, headers, chunks = answer(route.full_path, request.method, asked)
        except Handled:
            raise bottle.HTTPError(409) from None
        response = bottle.HTTPResponse(
            iter(chunks) if len(chunks) > 1 else b"".join(chunks), status
        )
        for name, value in headers:
            response.add_header(name, value)
        return response

    return serve


def build(policy: Any, **choice: Any) -> Any:
    app = bottle.Bottle()
    for route in small_app.ROUTES:
        app.route(route.path, list(route.methods), callback(route))
    app.wsgi = CORSMiddleware(app.wsgi, policy=policy, **choice)
    return app

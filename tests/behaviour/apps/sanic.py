"""The small app in Sanic, as the ASGI app that it is for a server other than its own."""

import asyncio
from functools import lru_cache
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.compat import Header
from sanic.exceptions import SanicException

from cors_core.asgi import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer

METHODS = set(small_app.METHODS) - {"QUERY"}
"""The methods that Sanic knows."""


def handler(route: Route) -> Any:
    async def serve(request: Request) -> HTTPResponse | None:
        asked = request.headers.get("X-App-Headers")
        try:
            status, headers, chunks = answer(route.full_path, request.method, asked)
        except Handled:
            raise SanicException(status_code=409) from None
        response = HTTPResponse(status=status, headers=Header(headers))
        if len(chunks) == 1:
            response.body = chunks[0]
            return response
        await request.respond(response)
        for chunk in chunks:
            await response.send(chunk)
        await response.send(end_stream=True)
        return None

    return serve


@lru_cache  # Sanic keeps every app of the process, by its name
def app_without_policy() -> Any:
    app = Sanic("small-app", configure_logging=False)
    for route in small_app.ROUTES:
        name = route.path.strip("/") or "root"
        app.add_route(handler(route), route.path, METHODS & {*route.methods}, name=name)
    return started(app)


def started(app: Any) -> Any:
    """Return the app when it has started up, as a server has it do before the first request."""
    asyncio.run(_start(app))
    return app


async def _start(app: Any) -> None:
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received.put_nowait({"type": "lifespan.startup"})
    lifespan = asyncio.create_task(app({"type": "lifespan"}, received.get, sent.put))
    message = await asyncio.wait_for(sent.get(), 10)
    lifespan.cancel()
    assert message["type"] == "lifespan.startup.complete", message


def build(policy: Any, **choice: Any) -> Any:
    return CORSMiddleware(app_without_policy(), policy=policy, **choice)

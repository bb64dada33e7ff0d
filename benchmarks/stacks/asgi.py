"""A bare ASGI app in `cors_core.asgi`, beside Starlette's middleware, which needs no Starlette app.

The cheapest app there is: what a layer costs stands out as nowhere else.
"""

from typing import Any

from starlette.middleware.cors import CORSMiddleware as StarletteCORS

from benchmarks.situations import EXPOSED, HEADERS, MAX_AGE, METHODS, OPTIONS
from benchmarks.stacks.floors import ASGIFloor
from cors_core.asgi import CORSMiddleware

TITLE = "bare ASGI app"
PEER = "Starlette's CORSMiddleware"
TRANSPORT = "asgi"

_BODY = b'{"items":[]}'


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer as a JSON endpoint does, in new objects, for layers may write into them."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"12")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def variants(origins: list[str]) -> dict[str, Any]:
    """Return the app in each layer."""
    return {
        "bare": app,
        "floor": ASGIFloor(app),
        "peer": StarletteCORS(app, **starlette_options(origins)),
        "ours": CORSMiddleware(app, allow_origins=origins, **OPTIONS),
    }


def starlette_options(origins: list[str]) -> dict[str, Any]:
    """Return the policy in Starlette's words."""
    return {
        "allow_origins": origins,
        "allow_methods": METHODS,
        "allow_headers": HEADERS,
        "allow_credentials": True,
        "expose_headers": EXPOSED,
        "max_age": MAX_AGE,
    }

"""The floor: a layer written by hand that adds constant headers and decides nothing.

It is as short as a correct one can be, to show what any layer must cost in Python. Falcon's,
which is no wrapper but a pair of hooks, stands in its stack.
"""

from typing import Any

ACTUAL = (
    ("Access-Control-Allow-Origin", "https://app.example.com"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", "X-Request-ID"),
    ("Vary", "Origin"),
)
PREFLIGHT = (
    ("Access-Control-Allow-Origin", "https://app.example.com"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-CSRF-Token, X-Requested-With"),
    ("Access-Control-Max-Age", "600"),
    ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ("Content-Type", "text/plain"),
    ("Content-Length", "2"),
)
BODY = b"OK"

_ACTUAL_RAW = [(name.lower().encode(), value.encode()) for name, value in ACTUAL]
_PREFLIGHT_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(name.lower().encode(), value.encode()) for name, value in PREFLIGHT],
}
_PREFLIGHT_BODY = {"type": "http.response.body", "body": BODY}


class ASGIFloor:
    """The floor round an ASGI app."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer OPTIONS, or pass the request on and add the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await send(_PREFLIGHT_START)
            await send(_PREFLIGHT_BODY)
            return

        async def send_more(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_ACTUAL_RAW]
            await send(message)

        await self.app(scope, receive, send_more)


class WSGIFloor:
    """The floor round a WSGI app."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer OPTIONS, or pass the request on and add the headers."""
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("200 OK", list(PREFLIGHT))
            return [BODY]

        def start_more(status: str, headers: Any, *exc_info: Any) -> Any:
            return start_response(status, [*headers, *ACTUAL], *exc_info)

        return self.app(environ, start_more)

"""The small app with no framework, and so with no routes that could be marked."""

from collections.abc import Iterable
from typing import Any

import cors_core.asgi
import cors_core.wsgi
from tests.behaviour.small_app import plain_answer
from tests.behaviour.transports import Request


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    headers = tuple((n.decode().title(), v) for n, v in scope["headers"])
    status, lines, chunks = plain_answer(Request(scope["method"], scope["path"], headers))
    raw = [(name.lower().encode(), value.encode()) for name, value in lines]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})


def wsgi_app(environ: Any, start_response: Any) -> Iterable[bytes]:
    wanted = environ.get("HTTP_X_APP_HEADERS", "").encode()
    request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], (("X-App-Headers", wanted),))
    status, headers, chunks = plain_answer(request)
    start_response(f"{status} As It Is", headers)
    return chunks


def build_asgi(policy: Any, **choice: Any) -> Any:
    return cors_core.asgi.CORSMiddleware(asgi_app, policy=policy, **choice)


def build_wsgi(policy: Any, **choice: Any) -> Any:
    return cors_core.wsgi.CORSMiddleware(wsgi_app, policy=policy, **choice)

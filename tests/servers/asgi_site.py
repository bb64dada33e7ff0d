"""The ASGI apps that every ASGI server serves, each under its name: `/bare/...`, `/cors/...`.

The first segment of the path names the app; the rest is what the app sees as its path. What an app
writes for a test to find goes to standard error, which is the server's log.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import cors_core_starlette
from cors_core.asgi import CORSMiddleware
from tests.servers.frameworks import django_asgi, falcon_asgi
from tests.servers.shared import POLICY, Crash

TEXT = [(b"content-type", b"text/plain")]
OWN = [(b"access-control-allow-origin", b"https://own.example")]


def told(text: str) -> None:
    """Write a line into the server's log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def await_file(name: str) -> None:
    """Return when the test has made this file: it got all that was sent before."""
    deadline = time.monotonic() + 10
    while not Path(name).exists():  # noqa: ASYNC240  # a look at a file is quick
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        await asyncio.sleep(0.005)


def start(status: int = 200, length: int | None = None, more: Any = ()) -> dict[str, Any]:
    headers = [*TEXT, *more]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(chunk: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def plain(scope: Any, receive: Any, send: Any, token: str) -> None:
    got = b""
    while True:
        message = await receive()
        got += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send(start(200, 3 + len(got), OWN))
    await send(body(b"" if scope["method"] == "HEAD" else b"app" + got))


async def crash(scope: Any, receive: Any, send: Any, token: str) -> None:
    raise Crash(token)


async def start_crash(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send(start(200, 3))
    raise Crash(token)


async def mid_crash(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send(start())
    await send(body(b"one", True))
    raise Crash(token)


async def started_twice(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send(start(200, 5))
    await send(start(202, 5))
    await send(body(b"twice"))


async def stream(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send(start())
    await send(body(b"one", True))
    await await_file(token)
    await send(body(b"two"))


async def _endless(send: Any) -> None:
    await send(start())
    while True:
        await send(body(b"x" * 100, True))
        await asyncio.sleep(0.005)


async def endless(scope: Any, receive: Any, send: Any, token: str) -> None:
    """Stream until `receive` says that the client is gone, as Starlette and Django do."""

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        told(f"left {token} disconnect")

    listening = asyncio.create_task(listen())
    sending = asyncio.create_task(_endless(send))
    try:
        await asyncio.wait({listening, sending}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():  # `send` raised first
            told(f"left {token} send")
    finally:
        for task in (listening, sending):
            task.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)


async def extensions(scope: Any, receive: Any, send: Any, token: str) -> None:
    text = json.dumps(sorted(scope.get("extensions") or {})).encode()
    await send(start(200, len(text)))
    await send(body(text))


async def pathsend(scope: Any, receive: Any, send: Any, token: str) -> None:
    size = Path(__file__).stat().st_size  # noqa: ASYNC240  # a look at a file is quick
    await send(start(200, size))
    await send({"type": "http.response.pathsend", "path": __file__})


async def trailers(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send({**start(), "trailers": True})
    await send(body(b"app"))
    await send(
        {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False}
    )


async def no_content(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send(body(b""))


async def not_modified(scope: Any, receive: Any, send: Any, token: str) -> None:
    await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", b'"1"')]})
    await send(body(b""))


ANSWERS: dict[str, Callable[[Any, Any, Any, str], Awaitable[None]]] = {
    "/": plain,
    "/crash": crash,
    "/start-crash": start_crash,
    "/mid-crash": mid_crash,
    "/started-twice": started_twice,
    "/stream": stream,
    "/endless": endless,
    "/extensions": extensions,
    "/pathsend": pathsend,
    "/trailers": trailers,
    "/no-content": no_content,
    "/not-modified": not_modified,
}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Answer as the path says; the query's `token` is for the log, or a file to wait for."""
    token = parse_qs(scope["query_string"].decode()).get("token", [""])[0]
    await ANSWERS[scope["path"]](scope, receive, send, token)


def _starlette() -> Starlette:
    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("app")

    async def crash(request: Request) -> PlainTextResponse:
        raise Crash(request.query_params["token"])

    app = Starlette(routes=[Route("/", plain), Route("/crash", crash)])
    app.add_middleware(cors_core_starlette.CORSMiddleware, policy=POLICY)
    return app


APPS: dict[str, Any] = {
    "bare": bare,
    "cors": CORSMiddleware(bare, policy=POLICY),
    "starlette": _starlette(),
    "django": django_asgi,
    "falcon": falcon_asgi,
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve all apps, each under its name."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    _, name, path = scope["path"].split("/", 2)
    # As a mount without a root_path, which each framework reads in a way of its own.
    await APPS[name]({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return

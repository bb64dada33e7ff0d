"""CORSMiddleware for any ASGI 3 app. No framework; nothing here knows what is allowed."""

# Without this, the annotations of a function within a method are evaluated with every request.
from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import partial
from typing import Any, Final, Never, Unpack

from cors_core.choosing.choice import PolicyChoice, PolicySource
from cors_core.layer import Layer, Undecided
from cors_core.messages import Decision
from cors_core.options.reading import PolicyOptions
from cors_core.scopes import Scope, ScopeReader
from cors_core.startup import check_app

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_CRASH: Final = b"Internal Server Error"


class ASGIMiddleware:
    """Puts a Layer round an ASGI app: for a framework's adapter, which knows the routes."""

    def __init__(self, app: ASGIApp, layer: Layer[Scope]) -> None:
        self.app = app
        self.layer = layer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self.serve_other(scope, receive, send)
            return
        layer = self.layer
        found = layer.at_once(scope) or await layer.before_async(scope)
        if found.status is not None:
            # New objects, because what stands outside may write into them.
            headers = [*found.raw.answer]
            start = {"type": "http.response.start", "status": found.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": found.raw.body})
            return
        decide = None if found.decided else partial(self._send_decided, found, scope, send)
        started = False

        # Not `async def`: to hand the server's own awaitable back spares one coroutine a message.
        def send_joined(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] != "http.response.start":
                return send(message)
            started = True
            if decide is not None:
                return decide(message)
            # A copy, because an app may send one message object again and again.
            message = dict(message)
            own = message.get("headers", ())
            message["headers"] = found.raw.join(own)  # type: ignore[union-attr]  # it is decided
            return send(message)

        try:
            await self.app(scope, receive, send_joined)
        except Exception as error:
            if not started:
                await self.answer_crash(error, scope, receive, send_joined)
            raise

    def _send_decided(
        self, found: Undecided, scope: Scope, send: Send, message: Message
    ) -> Awaitable[None]:
        """Send the start of a response that is decided by the mark of its endpoint, if any."""
        decision = self.layer.after_or_awaitable(found, scope)
        if not isinstance(decision, Decision):
            return _send_awaited(decision, message, send)
        return send({**message, "headers": decision.raw.join(message.get("headers", ()))})

    async def serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is no HTTP request: untouched (R3). For a framework's adapter to look at."""
        await self.app(scope, receive, send)

    async def answer_crash(
        self, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer for an app that raised before it answered; the server gets the error afterwards.

        Left to the server, the answer would lack the policy's headers, and the page would be told
        of a CORS error instead of a crash. A framework's adapter puts the framework's page
        here.
        """
        length = str(len(_CRASH)).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
        if scope.get("http_version") == "1.1":  # HTTP/2 forbids it
            headers.append((b"connection", b"close"))  # uvicorn closes anyway, and would not say so
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": _CRASH})


class CORSMiddleware(ASGIMiddleware):
    """Puts a policy round an ASGI app: answers preflights itself, adds headers to all the rest.

    :param app: any ASGI 3 app; its `websocket` and `lifespan` scopes pass untouched.
    :param policy: a ready Policy, a ReloadablePolicy or a callable; else give options as keywords.
    :param policies: more of them, by the names that marks and `paths` use.
    :param paths: pairs of a path prefix and a policy or name; the first that matches wins.
    :raises PolicyError: see Policy; also for a policy together with options, or without an app.

    >>> app = CORSMiddleware(app, allow_origins=["https://app.example"])  # doctest: +SKIP
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        check_app(app, "an ASGI")
        choice = PolicyChoice(policy, options, policies, paths, awaits=True)
        super().__init__(app, Layer(choice, ScopeReader()))


async def fail_startup(error: Exception, receive: Receive, send: Send) -> Never:
    """Fail the start-up of an app whose lifespan has just begun, then raise `error`.

    A server takes an exception alone to mean that the app has no lifespan, and serves it; after
    this message it logs the error's text and exits.

    https://asgi.readthedocs.io/en/latest/specs/lifespan.html#startup-failed-send-event
    """
    await receive()
    await send({"type": "lifespan.startup.failed", "message": str(error)})
    raise error


async def _send_awaited(awaited: Awaitable[Decision], message: Message, send: Send) -> None:
    decision = await awaited
    await send({**message, "headers": decision.raw.join(message.get("headers", ()))})

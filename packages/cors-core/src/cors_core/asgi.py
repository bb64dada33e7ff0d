"""CORSMiddleware for any ASGI 3 app. No framework; nothing here knows what is allowed."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Unpack

from cors_core.decide import LONGEST_READ, decision_for
from cors_core.messages import Decision
from cors_core.options import PolicyOptions
from cors_core.policy import Policy, policy_from

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_CRASH = b"Internal Server Error"


class CORSMiddleware:
    """Puts a policy round an ASGI app: answers preflights itself, adds headers to all the rest.

    :param app: any ASGI 3 app; its `websocket` and `lifespan` scopes pass untouched.
    :param policy: a ready Policy; else give its options as keywords.
    :raises PolicyError: see Policy; also for a policy together with options.

    >>> app = CORSMiddleware(app, allow_origins=["https://app.example"])  # doctest: +SKIP
    """

    def __init__(
        self, app: ASGIApp, *, policy: Policy | None = None, **options: Unpack[PolicyOptions]
    ) -> None:
        self.app = app
        self.policy = policy_from(policy, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        decision = decide_scope(self.policy, scope)
        if decision.status is not None:
            # New objects, for what stands outside may write into them.
            headers = [*decision.answer_raw]
            start = {"type": "http.response.start", "status": decision.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": decision.body_raw})
            return
        owner = scope.get("app")
        started = False

        # Not `async def`: to hand the server's own awaitable back spares one coroutine a message.
        def send_merged(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                # A copy, for an app may send one message object again and again.
                message = dict(message)
                message["headers"] = decision.merged_raw(message.get("headers", ()))
            return send(message)

        try:
            await self.app(scope, receive, send_merged)
        except Exception as error:
            if not started:
                await self.answer_crash(error, owner, scope, receive, send_merged)
            raise

    async def answer_crash(
        self, error: Exception, owner: object, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer for an app that raised before it answered; the server gets the error afterwards.

        Left to the server, the answer would lack the policy's headers, and the page would be told
        of a CORS error instead of a crash. A framework's adapter puts the framework's page here;
        `owner` is what `scope["app"]` held before a mounted app may have put itself there.
        """
        length = str(len(_CRASH)).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": _CRASH})


def decide_scope(policy: Policy, scope: Scope) -> Decision:
    """Return the decision of `policy` on the request of an ASGI `http` scope."""
    if scope["method"] == "OPTIONS":
        return _decide_options(policy, scope)
    origin = None
    for name, value in scope["headers"]:
        if name == b"origin":
            # Two lines make no origin (R4): joined, they are malformed.
            origin = value if origin is None else origin + b", " + value
    if origin is None:
        return decision_for(policy, scope["method"])
    return decision_for(policy, scope["method"], origin.decode("latin-1"))


def _decide_options(policy: Policy, scope: Scope) -> Decision:
    fields = _PREFLIGHT_FIELDS.copy()
    for name, value in scope["headers"]:
        if name in fields:
            text = value[:LONGEST_READ].decode("latin-1")
            before = fields[name]
            fields[name] = text if before is None else f"{before}, {text}"
    origin, method, headers, private_network = fields.values()
    return decision_for(policy, "OPTIONS", origin, method, headers, private_network)


_PREFLIGHT_FIELDS: dict[bytes, str | None] = {
    b"origin": None,
    b"access-control-request-method": None,
    b"access-control-request-headers": None,
    b"access-control-request-private-network": None,
}

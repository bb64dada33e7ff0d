"""CORSMiddleware for any ASGI 3 app. No framework; nothing here knows what is allowed."""

# Else the annotations of a function within a method are evaluated for every request.
from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import partial
from typing import Any, Unpack

from cors_core.choosing.choice import PolicyChoice, PolicyRequest, PolicySource, decide_by
from cors_core.choosing.marks import MARKS
from cors_core.messages import Decision, RequestKind
from cors_core.options.reading import PolicyOptions
from cors_core.policy import Policy
from cors_core.scopes import Scope, decide_scope, host_of, read_scope

__all__ = [
    "ASGIApp",
    "CORSMiddleware",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "decide_scope",
    "read_scope",
]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_CRASH = b"Internal Server Error"

_LATER = Decision(RequestKind.ACTUAL, (), (), ())
"""Stands for the decision on an actual request whose endpoint is still to be found."""


class CORSMiddleware:
    """Puts a policy round an ASGI app: answers preflights itself, adds headers to all the rest.

    :param app: any ASGI 3 app; its `websocket` and `lifespan` scopes pass untouched.
    :param policy: a ready Policy; else give its options as keywords.
    :raises PolicyError: see Policy; also for a policy together with options.

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
        self.app = app
        self.choice = PolicyChoice(policy, options, policies, paths, awaits=True)

    async def __call__(  # noqa: C901  # in one piece, for each part would be a call per request
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self.serve_other(scope, receive, send)
            return
        fixed = self.choice.fixed
        marked = MARKS.exist and self.reads_marks()
        if fixed is None or (marked and scope["method"] == "OPTIONS"):
            decision = await self._decide(scope, reads_marks=marked)
        else:
            decision = _LATER if marked else decide_scope(fixed, scope)
        if decision.status is not None:
            await _answer_preflight(decision, send)
            return
        send_late = partial(self._send_late, decision, scope, send) if marked else None
        owner, started = scope.get("app"), False

        # Not `async def`: to hand the server's own awaitable back spares one coroutine a message.
        def send_merged(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if send_late is not None:
                    return send_late(message)
                headers = [*message.get("headers", ())]
                for name, _ in headers:  # as in `merged_raw`: to call it would double the cost
                    if name < b"b" or b"v" <= name < b"w":
                        headers = decision.merged_raw(headers)
                        break
                else:
                    headers += decision.added_raw
                # A copy, for an app may send one message object again and again.
                message = dict(message)
                message["headers"] = headers
            return send(message)

        try:
            await self.app(scope, receive, send_merged)
        except Exception as error:
            if not started:
                await self.answer_crash(error, owner, scope, receive, send_merged)
            raise

    async def serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is no HTTP request: untouched (R3). For a framework's adapter to look at."""
        await self.app(scope, receive, send)

    def reads_marks(self) -> bool:
        """Say whether endpoints, some of which are marked, are to be looked at.

        For a framework's adapter to say.
        """
        return False

    def mark_asked_for(self, scope: Scope, method: str) -> object:
        """Return the mark of the endpoint that would serve `method` at the path of a preflight."""
        return None

    def mark_served(self, scope: Scope) -> object:
        """Return the mark of the endpoint that has just answered."""
        return None

    async def _decide(self, scope: Scope, *, reads_marks: bool) -> Decision:
        asked = read_scope(scope)
        preflight = asked.method == "OPTIONS" and None not in (asked.origin, asked.request_method)
        method = asked.request_method if preflight and asked.request_method else asked.method
        mark = self.mark_asked_for(scope, method) if preflight and reads_marks else None
        request = PolicyRequest(host_of(scope), scope["path"], method, asked.origin)
        return decide_by(await self.choice.choose_async(request, mark), asked)

    def _send_late(
        self, decision: Decision, scope: Scope, send: Send, message: Message
    ) -> Awaitable[None]:
        """Send the start of a response, decided by its endpoint's mark if it has one."""
        mark = self.mark_served(scope)
        policy = self.choice.fixed if mark is None and decision is _LATER else mark
        if isinstance(policy, Policy) and (policy.lookup is None or not policy.lookup.is_async):
            decision = decide_scope(policy, scope)
        elif mark is not None:
            return self._send_chosen(mark, scope, send, message)
        message = dict(message)
        message["headers"] = decision.merged_raw(message.get("headers", ()))
        return send(message)

    async def _send_chosen(self, mark: object, scope: Scope, send: Send, message: Message) -> None:
        """Send the start of a response, decided by a mark that may have to be awaited."""
        asked = read_scope(scope)
        request = PolicyRequest(host_of(scope), scope["path"], asked.method, asked.origin)
        decision = decide_by(await self.choice.choose_async(request, mark), asked)
        headers = decision.merged_raw(message.get("headers", ()))
        await send({**message, "headers": headers})

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


async def _answer_preflight(decision: Decision, send: Send) -> None:
    # New objects, for what stands outside may write into them.
    headers = [*decision.answer_raw]
    await send({"type": "http.response.start", "status": decision.status, "headers": headers})
    await send({"type": "http.response.body", "body": decision.body_raw})

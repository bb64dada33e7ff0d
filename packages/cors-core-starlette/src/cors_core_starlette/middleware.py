"""CORSMiddleware for Starlette and FastAPI: the ASGI one, with the framework's own 500 page."""

from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Unpack

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response

from cors_core.adapters import (
    MARKS,
    ASGIApp,
    ASGIMiddleware,
    Layer,
    PolicyChoice,
    PolicyError,
    PolicyOptions,
    PolicySource,
    Receive,
    Scope,
    ScopeReader,
    Send,
)
from cors_core_starlette.served import StarletteRoutes

Handler = Callable[[Request, Exception], Any]

_ANSWERED = "cors_core_starlette.answered"


class CORSMiddleware(ASGIMiddleware):
    """Puts a policy into a Starlette or FastAPI app.

    Takes a `policy` or its options, and raises, as `cors_core.asgi.CORSMiddleware` does.

    >>> app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"])  # doctest: +SKIP

    Starlette keeps its ServerErrorMiddleware outside all added middleware, so the page of an
    unhandled exception leaves without their headers. When the app raises, this one runs another
    ServerErrorMiddleware, with the app's handler and debug flag, inside itself; the outer one is
    then left with nothing to do but to pass the exception on to the server.
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
        choice = PolicyChoice(policy, options, policies, paths, awaits=True)
        self._routes = StarletteRoutes(app, choice)
        super().__init__(app, Layer(choice, ScopeReader(), self._routes))

    async def serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the marks when the app starts; serve the rest untouched."""
        if scope["type"] == "lifespan" and MARKS.exist:
            try:
                self._routes.check(scope)
            except PolicyError as error:
                await receive()  # servers take a mere exception for an app without a lifespan
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
        await super().serve_other(scope, receive, send)

    async def answer_crash(
        self, error: Exception, owner: object, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with the app's own 500 page: its handler's, the debug page or the plain one."""
        if not isinstance(owner, Starlette):
            await super().answer_crash(error, owner, scope, receive, send)
            return

        async def crashed(scope: Scope, receive: Receive, send: Send) -> None:
            raise error

        page = ServerErrorMiddleware(crashed, handler=_handler(owner), debug=owner.debug)
        try:
            await page(scope, receive, send)
        except Exception as raised:
            if raised is not error:  # the handler failed in its turn: that is the news
                raise


def _handler(app: Starlette) -> "_CalledOnce | None":
    """Return the app's handler of unhandled exceptions, shared with the outer middleware."""
    outer = app.middleware_stack
    handler: Any = None
    for key, value in app.exception_handlers.items():
        if key in (500, Exception):
            handler = value  # as Starlette has it, the last one wins
    if handler is None:
        return None
    if not isinstance(outer, ServerErrorMiddleware):
        return _CalledOnce(handler)
    if not isinstance(outer.handler, _CalledOnce):
        outer.handler = _CalledOnce(handler)
    return outer.handler


class _CalledOnce:
    """An app's handler as two nested ServerErrorMiddlewares ask it: only the first is answered.

    The outer one calls its handler even if the response has started, and would log, mail or count
    every exception a second time. What it gets from here instead is never sent.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    async def __call__(self, request: Request, error: Exception) -> Any:
        if request.scope.get(_ANSWERED) is error:
            return Response()
        request.scope[_ANSWERED] = error
        if iscoroutinefunction(self.handler) or iscoroutinefunction(type(self.handler).__call__):
            return await self.handler(request, error)
        return await run_in_threadpool(self.handler, request, error)

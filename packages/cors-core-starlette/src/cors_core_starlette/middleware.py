"""CORSMiddleware for Starlette and FastAPI: the ASGI one, with the framework's own 500 page."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Never, Unpack

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
    at_first_request,
    build_choice,
    check_app,
    fail_startup,
)
from cors_core_starlette.placement import is_built_by_starlette, warn_of_placement
from cors_core_starlette.served import StarletteRoutes

Handler = Callable[[Request, Exception], Any]

_ANSWERED = "cors_core_starlette.answered"


class CORSMiddleware(ASGIMiddleware):
    """Puts a policy into a Starlette or FastAPI app.

    Takes a `policy` or its options, and raises, as `cors_core.asgi.CORSMiddleware` does. Starlette
    builds what `add_middleware` was given only when the app starts to serve: a PolicyError fails
    the start-up then, or every request where the server runs no lifespan.

    >>> app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"])  # doctest: +SKIP

    Starlette keeps its ServerErrorMiddleware outside all added middleware, so the page of an
    unhandled exception leaves without their headers. When the app raises, this one runs another
    ServerErrorMiddleware, with the app's handler and debug flag, inside itself; the outer one is
    then left with nothing to do but to pass the exception on to the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        *positional: Never,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        check_app(app, "an ASGI")
        self._owner: object = None
        self._refused: PolicyError | None = None
        build = partial(PolicyChoice, policy, options, policies, paths, awaits=True)
        try:
            choice = build_choice("CORSMiddleware", positional, build)
        except PolicyError as error:
            if not is_built_by_starlette(app):
                raise
            self._refused = error
            choice = PolicyChoice(awaits=True)
        self._routes = StarletteRoutes(app, choice)
        super().__init__(app, Layer(choice, ScopeReader(), self._routes))
        self._look_once = at_first_request(self.layer, self._look)
        if self._refused:
            self.layer.at_once = self._raise_if_refused

    async def serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Fail the app's start-up if its policy or a mark is wrong; serve the rest untouched."""
        if scope["type"] == "lifespan":
            try:
                self._raise_if_refused(scope)
                if MARKS.exist:
                    self._routes.check(scope)
            except PolicyError as error:
                await fail_startup(error, receive, send)
            self._look_once(scope)
        else:
            self._raise_if_refused(scope)
        await super().serve_other(scope, receive, send)

    def _raise_if_refused(self, scope: Scope) -> None:
        """Raise what the policy was refused for, if it was while Starlette built its stack."""
        if self._refused:
            raise PolicyError(self._refused.problems)

    def _look(self, scope: Scope) -> None:
        """Log what keeps this middleware, or a mark, from having the effect that it seems to."""
        # Not later: a mounted app puts itself there as well, while it serves a request.
        self._owner = scope.get("app")
        warn_of_placement(self._owner, self.app, CORSMiddleware)
        if MARKS.exist:
            self._routes.warn_of_unreached_marks(scope)

    async def answer_crash(
        self, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with the app's own 500 page: its handler's, the debug page or the plain one."""
        owner = self._owner
        if not isinstance(owner, Starlette):
            await super().answer_crash(error, scope, receive, send)
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

"""MarkReader: the ASGI middleware that asks which endpoint serves a request, and for its mark."""

from types import FunctionType

from starlette.applications import Starlette

from cors_core import MARKS, PolicyError, mark_of
from cors_core.asgi import CORSMiddleware, Receive, Scope, Send
from cors_core_starlette.marks import MarkedEndpoints, mark_for
from cors_core_starlette.routes import endpoint_at, enter


class MarkReader(CORSMiddleware):
    """Decides by the mark of the endpoint that serves a request, or would serve it.

    Nothing is looked through before the first connection, for until then routes are added. An
    unknown name in a mark fails the app's start-up, or without a lifespan every request: as any
    other wrong option does, since Starlette builds its middleware only then.
    """

    _marked: MarkedEndpoints | None = None

    async def serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the marks when the app starts; serve the rest untouched."""
        if scope["type"] == "lifespan" and MARKS.exist:
            try:
                self._look_through(self._root(scope))
            except PolicyError as error:
                await receive()  # servers take a mere exception for an app without a lifespan
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
        await super().serve_other(scope, receive, send)

    def reads_marks(self) -> bool:
        """Say whether any endpoint of this app is marked, or may be."""
        marked = self._marked
        if marked is not None and marked.marks:
            return True
        if marked is None:
            marked = self._look_through(self.app)
        elif not marked.exist and marked.outgrown:
            marked = self._marked = MarkedEndpoints(marked.app)
        return marked.exist

    def mark_asked_for(self, scope: Scope, method: str) -> object:
        """Return the mark of the endpoint that would serve `method` at the path of a preflight."""
        try:
            endpoint = endpoint_at(self._root(scope), {**scope, "method": method})
        except Exception:  # noqa: BLE001  # a path that breaks a convertor has no endpoint
            return None
        return mark_for(endpoint, method)

    def mark_served(self, scope: Scope) -> object:
        """Return the mark of the endpoint that has just answered, or that was kept from it."""
        endpoint = scope.get("endpoint")
        plain = isinstance(endpoint, FunctionType)
        mark = mark_of(endpoint) if plain else mark_for(endpoint, scope["method"])
        if mark is not None:
            return mark if self._marked is None or self._marked.serves(endpoint, scope) else None
        if not plain and (endpoint is None or self._leads_to(endpoint)):
            # Something stood in the way of the router, say an authentication: its answer too is
            # for the page that the route's policy lets in.
            return self.mark_asked_for(scope, scope["method"])
        return None

    def _look_through(self, app: object) -> MarkedEndpoints:
        marked = MarkedEndpoints(app)
        problems = [self.choice.problem_of(mark, where) for where, mark in marked.marks]
        if any(problems):
            raise PolicyError(tuple(problem for problem in problems if problem))
        self._marked = marked
        return marked

    def _root(self, scope: Scope) -> object:
        """Return what routes: the app inside, or, if middleware hides it, the one we belong to."""
        owner = scope.get("app")
        if enter(self.app) or not isinstance(owner, Starlette):
            return self.app
        # Once the router of `owner` has begun, we stand below one of its mounts.
        return self.app if owner.router is scope.get("router") else owner

    def _leads_to(self, endpoint: object) -> bool:
        """Say whether `endpoint` is the mounted app in which we stand."""
        theirs, ours = enter(endpoint), enter(self.app)
        return theirs is not None and ours is not None and theirs.router is ours.router

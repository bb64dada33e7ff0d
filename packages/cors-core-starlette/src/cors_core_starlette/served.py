"""StarletteRoutes: which of an app's endpoints serves a request, and with what mark."""

from itertools import chain
from types import FunctionType

from starlette.applications import Starlette

from cors_core.adapters import (
    MARKS,
    ASGIApp,
    PolicyChoice,
    PolicyError,
    Scope,
    mark_of,
    warn_of_unreached_marks,
)
from cors_core_starlette.marks import MarkedEndpoints, mark_for
from cors_core_starlette.routes import endpoint_at, find_router


class StarletteRoutes:
    """The routes of a Starlette app, as the middleware that stands in it sees them.

    Nothing is looked through before the first connection, because routes are added until then. An
    unknown name in a mark fails the app's start-up, or without a lifespan every request: as any
    other wrong option does, since Starlette builds its middleware only then.
    """

    def __init__(self, app: ASGIApp, choice: PolicyChoice) -> None:
        self._app = app
        self._choice = choice
        self._endpoints: MarkedEndpoints | None = None

    def check(self, scope: Scope) -> None:
        """Look through all routes when the app starts, which is what its lifespan `scope` says.

        :raises PolicyError: with every mark that names no known policy.
        """
        self._look_through(self._root(scope))

    def warn_of_unreached_marks(self, scope: Scope) -> None:
        """Log the marks of this process that nothing below this app's routes carries.

        Where the middleware stands below a mount, also the routes beside that mount count: what is
        marked there is not lost, but none of our business.
        """
        apps = [self._root(scope), scope.get("app")]
        found = [MarkedEndpoints(app) for app in apps if find_router(app)]
        if found:
            read = chain.from_iterable(endpoints.read() for endpoints in found)
            warn_of_unreached_marks(read, "this Starlette app")

    def marked(self) -> bool:
        """Say whether any endpoint of this app is marked, or may be."""
        if not MARKS.exist:
            return False
        endpoints = self._endpoints
        if endpoints is None:
            endpoints = self._look_through(self._app)
        elif not endpoints.exist and endpoints.changed:
            endpoints = self._endpoints = MarkedEndpoints(endpoints.app)
        return endpoints.exist

    def mark_for(self, scope: Scope, method: str) -> object:
        """Return the mark of the endpoint that would serve `method` at the path of `scope`."""
        return mark_for(endpoint_at(self._root(scope), {**scope, "method": method}), method)

    def mark_served(self, scope: Scope) -> object:
        """Return the mark of the endpoint that has just answered, or that was kept from it."""
        endpoint = scope.get("endpoint")
        plain = isinstance(endpoint, FunctionType)
        mark = mark_of(endpoint) if plain else mark_for(endpoint, scope["method"])
        if mark is not None:
            endpoints = self._endpoints
            return mark if endpoints is None or endpoints.serves(endpoint, scope) else None
        if not plain and (endpoint is None or self._leads_to(endpoint)):
            # Something stood in the way of the router, such as an authentication: its answer too is
            # meant for the page that the route's policy lets in.
            return self.mark_for(scope, scope["method"])
        return None

    def _look_through(self, app: object) -> MarkedEndpoints:
        endpoints = MarkedEndpoints(app)
        problems = [self._choice.problem_of(mark, where) for where, mark in endpoints.marks]
        if any(problems):
            raise PolicyError(tuple(problem for problem in problems if problem))
        self._endpoints = endpoints
        return endpoints

    def _root(self, scope: Scope) -> object:
        """Return what routes: the app inside, or, if middleware hides it, the one we belong to."""
        owner = scope.get("app")
        if find_router(self._app) or not isinstance(owner, Starlette):
            return self._app
        # Once the router of `owner` has begun, we stand below one of its mounts.
        return self._app if owner.router is scope.get("router") else owner

    def _leads_to(self, endpoint: object) -> bool:
        """Say whether `endpoint` is the mounted app in which we stand."""
        theirs, ours = find_router(endpoint), find_router(self._app)
        return theirs is not None and ours is not None and theirs.router is ours.router

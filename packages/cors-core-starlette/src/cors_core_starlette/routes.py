"""What Starlette's own router would do with a request, and which routes there are.

FastAPI's router is Starlette's, with one kind of route more. No path is read here: the routes
themselves are asked whether they match. Nothing here knows of marks or policies.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.routing import Host, Match, Mount, Router

from cors_core.adapters import Scope

_MOST_WRAPPERS = 100


class FoundRouter(NamedTuple):
    """The router inside an app, and the root path that a FastAPI app on the way there sets."""

    router: Router
    root_path: str


class Leaf(NamedTuple):
    """An endpoint, as the listing of an app's routes finds it."""

    path: str
    """Its path in the router that it was added to, without the prefixes of those above."""
    endpoint: object
    methods: frozenset[str]
    """The methods that its route lets through; none for all."""


def layers_of(app: Any) -> Iterator[Any]:
    """Yield an app and all that it wraps, to its router, or to what hides the rest.

    Middleware keeps what it wraps as `app`: that is Starlette's convention, and FastAPI's.
    """
    for _ in range(_MOST_WRAPPERS):
        yield app
        if isinstance(app, Router):
            return
        if isinstance(app, Starlette):
            app = app.router
        else:  # a router's own middleware wraps a bound method of the router
            app = getattr(app, "app", None) or getattr(app, "__self__", None)
            if app is None:
                return


def find_router(app: object) -> FoundRouter | None:
    """Return the router that an app leads to, through whatever middleware; `None` for no router."""
    root_path = ""
    for layer in layers_of(app):
        if isinstance(layer, Router):
            return FoundRouter(layer, root_path)
        if isinstance(layer, Starlette):
            root_path = getattr(layer, "root_path", "") or root_path
    return None


def endpoint_at(app: object, scope: Scope) -> object:
    """Return the endpoint that would serve a request; `None` where its answer is a 404 or 405.

    What has no router, such as a mounted ASGI app, is an endpoint by itself.
    """
    found = find_router(app)
    if found is None:
        return app
    if found.root_path:
        scope = {**scope, "root_path": found.root_path}
    for route in found.router.routes:
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            return _endpoint_of(route, scope, child_scope)
    return None


def _endpoint_of(route: Any, scope: Scope, child_scope: Scope) -> object:
    if hasattr(route, "original_router"):
        # A router that FastAPI 0.137 or later included: matches() answers for all its routes, and
        # only this tells which one it is.
        _, child_scope, route, _ = route._match(scope)
        return _endpoint_of(route, scope, child_scope)
    if isinstance(route, Mount | Host):
        return endpoint_at(route.app, {**scope, **child_scope})
    return child_scope.get("endpoint")


class RouteListing:
    """All endpoints below an app, as they were when it was looked through."""

    def __init__(self, app: object) -> None:
        self.leaves: list[Leaf] = []
        self._lists: list[list[Any]] = []
        self._add_app("", app)
        self._count = self._count_now()

    @property
    def changed(self) -> bool:
        """Whether any of its routers has more or fewer routes by now."""
        return self._count_now() != self._count

    def _count_now(self) -> int:
        return sum(map(len, self._lists))

    def _add_app(self, path: str, app: object) -> None:
        found = find_router(app)
        if found is None:
            self.leaves.append(Leaf(path, app, frozenset()))
        else:
            self._add_routes(found.router.routes)

    def _add_routes(self, routes: list[Any]) -> None:
        if any(routes is known for known in self._lists):
            return
        self._lists.append(routes)
        for route in routes:
            if hasattr(route, "original_router"):  # see _endpoint_of
                self._add_routes(route.original_router.routes)
            elif isinstance(route, Mount | Host):
                self._add_app(getattr(route, "path", ""), route.app)
            elif hasattr(route, "endpoint"):
                methods = frozenset(getattr(route, "methods", None) or ())
                path = getattr(route, "path", "")
                self.leaves.append(Leaf(path, route.endpoint, methods))

"""The marks of Starlette's endpoints: functions, partials of them, HTTPEndpoint classes, ASGI apps.

What a mark means, and who asks for it, stands elsewhere.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from starlette.endpoints import HTTPEndpoint

from cors_core.adapters import Scope, mark_of
from cors_core_starlette.routes import RouteListing, find_router

_CLASS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
"""The methods that Starlette looks for in an HTTPEndpoint."""


def mark_for(endpoint: Any, method: str) -> Any:
    """Return the mark of an endpoint for one method; a method's own beats that of its class."""
    endpoint = _without_partials(endpoint)
    if not _is_class(endpoint):
        return mark_of(endpoint)
    if method not in _CLASS_METHODS:
        return None
    handler = getattr(endpoint, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(endpoint, "get", None)
    return None if handler is None else mark_of(handler, endpoint)


class MarkedEndpoints:
    """The marked endpoints of an app, as they were when it was looked through."""

    def __init__(self, app: object) -> None:
        self.app = app
        self.marks: list[tuple[str, object]] = []
        """Of each the place, for a message, and the mark."""
        self._listing = RouteListing(app)
        self._methods: dict[int, list[frozenset[str]]] = {}
        for path, endpoint, methods in self._listing.leaves:
            marks = {id(mark): mark for mark in _marks_of(endpoint)}
            self.marks += [(f"cors_policy of {path!r}", mark) for mark in marks.values()]
            if marks:
                self._methods.setdefault(id(endpoint), []).append(methods)
        self.exist = bool(self.marks) or find_router(app) is None
        """Whether there are any, or may be: middleware that hides its app hides them."""

    def read(self) -> Iterator[object]:
        """Yield all that marks are read from: each endpoint, and the methods of a class."""
        for leaf in self._listing.leaves:
            endpoint = _without_partials(leaf.endpoint)
            yield endpoint
            if _is_class(endpoint):
                for method in _CLASS_METHODS:
                    yield getattr(endpoint, method.lower(), None)

    @property
    def changed(self) -> bool:
        """Whether the app has more or fewer routes by now."""
        return self._listing.changed

    def serves(self, endpoint: object, scope: Scope) -> bool:
        """Say whether a request's endpoint served its method; if not, its route answered 405."""
        route = scope.get("route")
        if getattr(route, "endpoint", None) is endpoint:
            methods = getattr(route, "methods", None)
            return not methods or scope["method"] in methods
        # Starlette before 1.0 does not name the route: any of this endpoint may be it.
        candidates = self._methods.get(id(endpoint), [frozenset()])
        return any(not methods or scope["method"] in methods for methods in candidates)


def _marks_of(endpoint: object) -> Iterator[object]:
    for method in _CLASS_METHODS:
        mark = mark_for(endpoint, method)
        if mark is not None:
            yield mark


def _without_partials(endpoint: Any) -> Any:
    while isinstance(endpoint, partial):
        endpoint = endpoint.func
    return endpoint


def _is_class(endpoint: object) -> bool:
    return isinstance(endpoint, type) and issubclass(endpoint, HTTPEndpoint)

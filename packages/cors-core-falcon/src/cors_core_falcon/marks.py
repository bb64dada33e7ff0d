"""Finds the mark of the responder that serves a request, by Falcon's own router."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

import falcon

from cors_core.adapters import CLOSED, FailureLog, mark_of, marks_exist


class Router(Protocol):
    """A router as `falcon.App(router=...)` takes it, such as `falcon.routing.CompiledRouter`."""

    def find(self, uri: str, req: Any = None) -> Any:
        """Return resource, responders by method, parameters and more; or `None`."""


ASKED = "cors_core.asked"
"""Where an environ or a scope keeps the `Asked`, if any responder may be marked."""


class Asked(NamedTuple):
    """A request of Falcon's, and the resource that it was routed to once that is known."""

    req: Any
    resource: object = None


class FalconRoutes:
    """The resources of a Falcon app, by its router."""

    def __init__(self, router: Router | None) -> None:
        self._router = router
        self._failures = FailureLog()

    marked = staticmethod(marks_exist)

    def mark_for(self, request: Mapping[str, Any], method: str) -> object:
        """Return the mark of the responder to `method` at a request's path, or of its resource.

        `None` also where no responder serves the method: sinks, static routes, a 404 or 405.
        """
        asked: Asked = request[ASKED]
        if self._router is None:
            return self._unread(asked.resource, "give the app's router to CORSMiddleware as well")
        found = self._find(asked)
        if asked.resource is not None and type(found[0]) is not type(asked.resource):
            fix = "the router given to CORSMiddleware does not lead there; give the app's own"
            return self._unread(asked.resource, fix)
        resource, responders = found
        responder = responders.get(method)
        # Falcon puts its own where a resource has none. The one for OPTIONS answers; the others
        # are a 405.
        falcons = getattr(responder, "__module__", None) == "falcon.responders"
        if responder is None or (falcons and method != "OPTIONS"):
            return None
        return mark_of(responder, resource)

    def mark_served(self, request: Mapping[str, Any]) -> object:
        """Return the mark of the responder that has just answered."""
        return self.mark_for(request, request[ASKED].req.method)

    def _find(self, asked: Asked) -> tuple[object, Mapping[str, Any]]:
        """Return the resource at a request's path and its responders by method; `None` and none."""
        router: Any = self._router
        try:
            found = router.find(asked.req.path, asked.req)
        except falcon.HTTPError:  # this is how some routers and converters say that none does
            found = None
        if not found or found[0] is None:  # older routers find a tuple of None
            return None, {}
        return found[0], found[1]

    def _unread(self, resource: object, fix: str) -> object:
        """Return what decides for a resource whose marks cannot be read: closed, and logged."""
        kind: Any = type(resource)  # `Any`, because mypy doubts that a type can be hashed
        if not _has_marks(kind):
            return None
        name = f"{kind.__module__}.{kind.__qualname__}"
        self._failures.report(
            "the marks of %s cannot be read, and the request is refused: %s", name, fix
        )
        return CLOSED


@cache
def _has_marks(resource: type) -> bool:
    responders = (getattr(resource, name) for name in dir(resource) if name.startswith("on_"))
    return mark_of(resource, *responders) is not None

"""Finds the mark of the responder that serves a request, by Falcon's own router."""

from functools import cache
from typing import Any, NamedTuple, Never, Protocol

import falcon

from cors_core.adapters import MARKS, PolicyRequest, mark_of


class Router(Protocol):
    """A router as `falcon.App(router=...)` takes it, such as `falcon.routing.CompiledRouter`."""

    def find(self, uri: str, req: Any = None) -> Any:
        """Return resource, responders by method, parameters and more; or `None`."""


class Asked(NamedTuple):
    """A request of Falcon's, and the resource that it was routed to once that is known."""

    req: Any
    resource: object = None


class FalconRoutes:
    """The resources of a Falcon app, by its router."""

    def __init__(self, router: Router | None) -> None:
        self._router = router

    def marked(self) -> bool:
        """Say whether any responder may be marked."""
        return MARKS.exist

    def mark_for(self, asked: Asked, method: str) -> object:
        """Return the mark of the responder to `method` at a request's path, or of its resource.

        `None` also where no responder serves the method: sinks, static routes, a 404 or 405.
        """
        if self._router is None:
            return _mark_without_router(asked.resource)
        try:
            found = self._router.find(asked.req.path, asked.req)
        except falcon.HTTPError:  # this is how some routers and converters say that none does
            return None
        if not found or found[0] is None:  # older routers find a tuple of None
            return None
        resource, responders = found[:2]
        responder = responders.get(method)
        # Falcon puts its own where a resource has none. The one for OPTIONS answers; the others
        # are a 405.
        falcons = getattr(responder, "__module__", None) == "falcon.responders"
        if responder is None or (falcons and method != "OPTIONS"):
            return None
        return mark_of(responder, resource)

    def mark_served(self, asked: Asked) -> object:
        """Return the mark of the responder that has just answered."""
        return self.mark_for(asked, asked.req.method)


def _mark_without_router(resource: object) -> object:
    """Return what stands for the marks of a resource that cannot be told apart: closed, logged."""
    kind: Any = type(resource)  # `Any`, because mypy doubts that a type can be hashed
    return _unread if _has_marks(kind) else None


@cache
def _has_marks(resource: type) -> bool:
    responders = (getattr(resource, name) for name in dir(resource) if name.startswith("on_"))
    return mark_of(resource, *responders) is not None


def _unread(_: PolicyRequest) -> Never:
    raise LookupError("this resource has marks: give the app's router to CORSMiddleware as well")

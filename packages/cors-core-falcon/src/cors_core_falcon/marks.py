"""Finds the mark of the responder that serves a request, by Falcon's own router."""

from functools import cache
from typing import TYPE_CHECKING, Any, Never, Protocol

from cors_core import PolicyRequest, mark_of

if TYPE_CHECKING:
    import falcon


class Router(Protocol):
    """A router as `falcon.App(router=...)` takes it, such as `falcon.routing.CompiledRouter`."""

    def find(self, uri: str, req: Any = None) -> Any:
        """Return resource, responders by method, parameters and more; or `None`."""


def mark_at(router: Router, req: "falcon.Request", method: str) -> object:
    """Return the mark of the responder to `method` at a request's path, or of its resource.

    `None` also where no responder serves the method: sinks, static routes, a 404 or 405.
    """
    try:
        found = router.find(req.path, req)
    except Exception:  # noqa: BLE001  # a converter's, or a router's 404: then no responder serves
        return None
    if not found or found[0] is None:  # older routers find a tuple of None
        return None
    resource, responders = found[:2]
    responder = responders.get(method)
    # Falcon puts its own where a resource has none. That for OPTIONS answers; the rest are a 405.
    is_405 = getattr(responder, "__module__", None) == "falcon.responders" and method != "OPTIONS"
    return None if responder is None or is_405 else mark_of(responder, resource)


def mark_without_router(resource: object) -> object:
    """Return what stands for the marks of a resource that cannot be told apart: closed, logged."""
    kind: Any = type(resource)  # `Any`, for mypy doubts that a type can be hashed
    return _unread if _has_marks(kind) else None


@cache
def _has_marks(resource: type) -> bool:
    responders = (getattr(resource, name) for name in dir(resource) if name.startswith("on_"))
    return mark_of(resource, *responders) is not None


def _unread(_: PolicyRequest) -> Never:
    raise LookupError("this resource has marks: give the app's router to CORSMiddleware as well")

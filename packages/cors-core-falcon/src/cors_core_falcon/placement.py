"""Where CORSMiddleware stands among the middleware of its app: said once, in the log."""

import sys
from typing import Any

import falcon

from cors_core.adapters import logger


def warn_of_placement(ours: type) -> None:
    """Log what in the app that is serving a request keeps `ours` from deciding first and alone."""
    app = _serving_app()
    # Not public, and by no public name to be had. Without it there is nothing to say.
    stack: list[Any] = getattr(app, "_unprepared_middleware", [])
    if any(isinstance(entry, falcon.CORSMiddleware) for entry in stack):
        logger.warning(
            "Falcon's CORSMiddleware, which cors_enable=True adds, stands beside cors-core's, and"
            " may allow origins that this one refuses; remove it"
        )
    places = [place for place, entry in enumerate(stack) if isinstance(entry, ours)]
    if len(places) > 1:
        logger.warning(
            "CORSMiddleware is added %d times to one app; keep one, and choose between policies by"
            " cors_policy or paths=[...]",
            len(places),
        )
    before = [_name(entry) for entry in stack[: places[0] if places else 0] if _may_answer(entry)]
    if before:
        logger.warning(
            "CORSMiddleware is not the first in the list of middleware: %s may answer a preflight,"
            " or refuse it, without CORS headers; give CORSMiddleware first",
            ", ".join(before),
        )


def _serving_app() -> object:
    """Return the app that is calling its middleware, or `None` where that cannot be seen.

    Falcon does not tell a middleware which app it is for. `falcon.App` before 4.2 is compiled, and
    has no frames to look at. To search the garbage collector's referrers would find it in all
    versions, but stop a large process for 0.1 seconds or more, in the middle of a request.
    """
    frame: Any = sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, falcon.App):
            return caller
        frame = frame.f_back
    return None


def _may_answer(entry: object) -> bool:
    return hasattr(entry, "process_request") or hasattr(entry, "process_request_async")


def _name(entry: object) -> str:
    return f"{type(entry).__module__}.{type(entry).__qualname__}"

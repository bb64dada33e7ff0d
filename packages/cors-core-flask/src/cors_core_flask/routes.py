"""Which view serves a request, as Flask's own routing has it, and what it is marked with."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Request, current_app, has_request_context, request

from cors_core.adapters import PolicyChoice, PolicyError, mark_of, marks_exist


class FlaskRoutes:
    """The routes of a Flask app."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    marked = staticmethod(marks_exist)

    def mark_for(self, environ: Mapping[str, Any], method: str) -> object:
        """Return the mark of the view that would serve `method` at the path of `environ`.

        `None` where none would: not found, another method's, a redirect to the path with a slash.
        """
        # The context of a request that is never served: hosts, subdomains, script names and an
        # app's own url adapter count for it as they do for others. It is not pushed, so that no
        # session is opened and no signal is sent.
        context = self._app.request_context({**environ, "REQUEST_METHOD": method})
        if context.url_adapter is not None:  # as with a host that is not trusted
            context.match_request()
        return _mark(self._app, context.request)

    def mark_served(self, environ: Mapping[str, Any]) -> object:
        """Return the mark of the view that has just answered, or was to when something else did."""
        # What stands between ours and the app may have answered, even another Flask app.
        if not (has_request_context() and current_app == self._app):
            return None
        if request.url_rule is None and request.routing_exception is None:
            return self.mark_for(environ, request.method)  # the router raised, and does so again
        return _mark(self._app, request)


def check_marks(app: Flask, choice: PolicyChoice) -> None:
    """Look at the views that the app has so far; those added later are looked at when asked for.

    :raises PolicyError: with every mark that names no known policy.
    """
    found = [
        choice.problem_of(mark, f"view {endpoint!r}{part}")
        for endpoint, view in app.view_functions.items()
        for part, mark in _marks(view)
    ]
    problems = tuple([problem for problem in found if problem is not None])
    if problems:
        raise PolicyError(problems)


def read_for_marks(app: Flask) -> Iterator[object]:
    """Yield all that marks are read from: each view, and of a class its own and its methods'."""
    for view in app.view_functions.values():
        view_class = getattr(view, "view_class", None)
        yield from (view, view_class)
        for method in getattr(view_class, "methods", None) or ():
            yield getattr(view_class, method.lower(), None)


def _mark(app: Flask, request: Request) -> object:
    """Return the mark of a routed request's view: of its method, its own, of its class."""
    rule = request.url_rule
    if rule is None:
        return None
    view: Any = app.view_functions.get(rule.endpoint)
    view_class = getattr(view, "view_class", None)
    handler = getattr(view_class, request.method.lower(), None)
    if handler is None and request.method == "HEAD":
        handler = getattr(view_class, "get", None)
    return mark_of(handler, view, view_class)


def _marks(view: Any) -> Iterator[tuple[str, object]]:
    view_class = getattr(view, "view_class", None)
    places = {"": mark_of(view, view_class)}
    for method in sorted(getattr(view_class, "methods", None) or ()):
        places[f".{method.lower()}"] = mark_of(getattr(view_class, method.lower(), None))
    return ((part, mark) for part, mark in places.items() if mark is not None)

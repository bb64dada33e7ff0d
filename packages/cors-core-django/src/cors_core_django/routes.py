"""Which view serves a request, as Django's own resolver has it, and what it is marked with."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, URLPattern, get_resolver
from django.utils import translation

from cors_core import MARKS, ROUTING_FAILED, PolicyRequest, mark_of


def policy_request(request: HttpRequest, method: str) -> PolicyRequest:
    """Return what a callable policy may look at.

    Not from META, whose path is in Latin-1 under WSGI, and is not under ASGI.
    """
    get = request.META.get
    return PolicyRequest(get("HTTP_HOST", ""), request.path, method, get("HTTP_ORIGIN"))


def mark_asked_for(request: HttpRequest, method: str) -> object:
    """Return the mark of the view that would serve `method` at the path of a request.

    `None` where none would: not found, or a method that a class-based view lacks.
    """
    try:
        resolver = get_resolver(getattr(request, "urlconf", None))
        # Django loads the views with the first request that gets as far as them.
        if not (resolver.url_patterns and MARKS.exist):
            return None
        # As LocaleMiddleware would: what an earlier request left active says nothing of this one.
        path = request.path_info
        language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
        with translation.override(language):
            return _mark(resolver.resolve(path).func, method)
    except Resolver404:
        return None
    except Exception as error:  # noqa: BLE001  # a converter may raise anything: closed, and logged
        return ROUTING_FAILED.by(error)


def mark_served(request: HttpRequest) -> object:
    """Return the mark of the view that has just answered, or was to when something else did."""
    match = request.resolver_match
    if match is None:  # a 404; or middleware below ours answered first, say an authentication
        return mark_asked_for(request, request.method or "")
    return _mark(match.func, request.method or "")


def marked_views() -> Iterator[tuple[str, object]]:
    """Return where the marks of all views of the site stand, and the marks; some more than once."""
    pending: list[Any] = [get_resolver()]
    while pending:
        entry = pending.pop()
        if isinstance(entry, URLPattern):
            yield from _marks(entry.callback)
        else:
            pending += reversed(entry.url_patterns)


def _mark(view: Any, method: str) -> object:
    """Return the mark of a view for a method: of its handler, its own, of its class."""
    view_class = _class_of(view)
    if view_class is None:
        return mark_of(view)
    handler = _handler(view, view_class, method.lower())
    return None if handler is None else mark_of(handler, view, view_class)


def _class_of(view: Any) -> Any:
    """Return the class behind a view: Django's name for it, or that of the REST framework."""
    view_class = getattr(view, "view_class", getattr(view, "cls", None))
    return view_class if hasattr(view_class, "http_method_names") else None


def _handler(view: Any, view_class: Any, method: str) -> object:
    if method not in view_class.http_method_names:
        return None
    # A viewset's actions: {"get": "list"}.
    actions = getattr(view, "actions", None) or {}
    handler = getattr(view_class, actions.get(method, method), None)
    # Django and the REST framework alike have GET serve HEAD.
    return _handler(view, view_class, "get") if handler is None and method == "head" else handler


def _marks(view: Any) -> Iterator[tuple[str, object]]:
    view_class = _class_of(view)
    named = view_class or view
    name = f"{named.__module__}.{getattr(named, '__qualname__', type(named).__qualname__)}"
    for place in (view, view_class):
        yield name, mark_of(place)
    for method in getattr(view_class, "http_method_names", ()):
        yield f"{name}.{method}", mark_of(_handler(view, view_class, method))

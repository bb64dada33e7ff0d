"""Which view serves a request, as Django's own resolver has it, and what it is marked with."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, URLPattern, get_resolver
from django.utils import translation

from cors_core.adapters import MARKS, CORSRequest, Decider, Decision, EnvironReader, mark_of


class DjangoReader:
    """Reads Django's requests, by META: it is the same in both handlers."""

    def __init__(self, *, awaits: bool) -> None:
        self._environs = EnvironReader(awaits=awaits)

    def method(self, request: HttpRequest) -> str:
        """Return the request's method."""
        return request.method or ""

    def read(self, request: HttpRequest) -> CORSRequest:
        """Return what decides a request."""
        # The path of META is in Latin-1 under WSGI, and is not under ASGI.
        return self._environs.read(request.META)._replace(path=request.path)

    def decide(self, decider: Decider, request: HttpRequest) -> Decision | None:
        """Return the decision on a request."""
        return self._environs.decide(decider, request.META)


class DjangoRoutes:
    """The views of a site, by its URLconf or by that of a request."""

    def __init__(self) -> None:
        self._loaded = False

    def marked(self) -> bool:
        """Say whether any view may be marked."""
        if not self._loaded:
            self._load()
        return MARKS.exist

    def _load(self) -> None:
        """Load the views, and with them their marks, as Django does when it serves a request."""
        # A URLconf that cannot be loaded is Django's to report, when it serves this request.
        with suppress(Exception):
            _ = get_resolver().url_patterns
            self._loaded = True

    def mark_for(self, request: HttpRequest, method: str) -> object:
        """Return the mark of the view that would serve `method` at the path of a request.

        `None` where none would: not found, or a method that a class-based view lacks.
        """
        # As LocaleMiddleware would: what an earlier request left active says nothing of this one.
        path = request.path_info
        language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
        try:
            with translation.override(language):
                found = get_resolver(getattr(request, "urlconf", None)).resolve(path)
        except Resolver404:
            return None
        return _mark(found.func, method)

    def mark_served(self, request: HttpRequest) -> object:
        """Return the mark of the view that has just answered, or was to when something else did."""
        match = request.resolver_match
        if match is None:  # a 404, or middleware below ours answered first: an authentication
            return self.mark_for(request, request.method or "")
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

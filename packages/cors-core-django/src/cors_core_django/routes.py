"""Which view serves a request, as Django's own resolver has it, and what it is marked with."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, get_resolver
from django.utils import translation

from cors_core.adapters import MARKS, CORSRequest, Decider, Decision, EnvironReader, mark_of
from cors_core_django.urlconf import report_unreached_marks
from cors_core_django.views import places_of_mark


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
            if MARKS.exist:
                report_unreached_marks()

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


def _mark(view: Any, method: str) -> object:
    """Return the mark of a view for a method: of its handler, its own, of its class."""
    return mark_of(*places_of_mark(view, method))

"""CORSMiddleware for Django, sync and async."""

import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cors_core.adapters import MARKS, Decision, Layer, PolicyError
from cors_core_django.settings import LAYERS, SETTING, layer_from_settings

GetResponse = Callable[[HttpRequest], Any]


class CORSMiddleware:
    """Puts the policy of the setting CORS_CORE into a Django site; stands first in MIDDLEWARE.

    :raises ImproperlyConfigured: when the site starts, with every problem of the policy.

    Runs on both of Django's handlers without a change of thread. The exceptions of views reach it
    as Django's own error responses, and get the policy's headers like all others.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        _layer(self._is_async)
        _look_for_the_app()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, or have it answered with the policy's headers."""
        layer = LAYERS.get(self._is_async) or _layer(self._is_async)
        if self._is_async:
            return self._respond_async(layer, request)
        found = layer.at_once(request) or layer.before(request)
        if isinstance(found, Decision) and found.status is not None:
            return _preflight_response(found)
        urlconf = _urlconf_of(request)
        response = self._get_response(request)
        if _urlconf_of(request) is not urlconf and MARKS.exist:
            _urlconf_came_late()
        return _with_headers(layer.after(found, request), response)

    async def _respond_async(
        self, layer: Layer[HttpRequest], request: HttpRequest
    ) -> HttpResponseBase:
        found = layer.at_once(request) or await layer.before_async(request)
        if isinstance(found, Decision) and found.status is not None:
            return _preflight_response(found)
        urlconf = _urlconf_of(request)
        response = await self._get_response(request)
        if _urlconf_of(request) is not urlconf and MARKS.exist:
            _urlconf_came_late()
        return _with_headers(await layer.after_async(found, request), response)


def _layer(is_async: bool) -> Layer[HttpRequest]:
    """Return the layer of the moment: a test may have overridden the settings."""
    try:
        return layer_from_settings(is_async)
    except PolicyError as error:
        raise ImproperlyConfigured(f"the setting {SETTING}: {error}") from error


@cache
def _look_for_the_app() -> None:
    """Log a warning, once in the life of the process, if no system check looks at the settings."""
    if apps.ready and not apps.is_installed("cors_core_django"):
        logging.getLogger("cors_core").warning(
            "INSTALLED_APPS has no 'cors_core_django', so `manage.py check` says nothing about"
            " %s, MIDDLEWARE and marks",
            SETTING,
        )


def _urlconf_of(request: HttpRequest) -> object:
    return getattr(request, "urlconf", None)


@cache
def _urlconf_came_late() -> None:
    """Log, once in the life of the process, why a preflight may find other marks than a request."""
    logging.getLogger("cors_core").warning(
        "a middleware below CORSMiddleware sets request.urlconf: it must stand above, because"
        " preflights are answered before it, by the marks of the views of ROOT_URLCONF"
    )


def _preflight_response(decision: Decision) -> HttpResponse:
    headers = dict(decision.text.answer)
    response = HttpResponse(decision.raw.body, status=decision.status, headers=headers)
    # Else Django logs a warning for each refused preflight, which costs more than all the rest: a
    # client could fill the log with requests that never reached the site.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's, unstubbed
    return response


def _with_headers(decision: Decision, response: HttpResponseBase) -> HttpResponseBase:
    headers = response.headers
    dropped, added = decision.text.changes(headers)
    for name in dropped:
        del headers[name]
    for name, value in added:
        headers[name] = value
    return response

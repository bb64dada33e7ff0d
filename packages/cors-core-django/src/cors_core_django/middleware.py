"""CORSMiddleware for Django, sync and async."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cors_core import Decision, Policy, PolicyError
from cors_core.wsgi import decide_environ
from cors_core_django.settings import SETTING, policy_from_settings

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
        _policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, or have it answered with the policy's headers."""
        # META is the same in both handlers: Django writes ASGI's headers as WSGI has them.
        decision = decide_environ(_policy(), request.META)
        if self._is_async:
            return self._respond_async(decision, request)
        if decision.status is not None:
            return _preflight_response(decision)
        return _with_headers(decision, self._get_response(request))

    async def _respond_async(self, decision: Decision, request: HttpRequest) -> HttpResponseBase:
        if decision.status is not None:
            return _preflight_response(decision)
        return _with_headers(decision, await self._get_response(request))


def _policy() -> Policy:
    """Return the policy of the moment: a test may have overridden the setting."""
    try:
        return policy_from_settings()
    except PolicyError as error:
        raise ImproperlyConfigured(f"the setting {SETTING}: {error}") from error


def _preflight_response(decision: Decision) -> HttpResponse:
    headers = dict(decision.answer)
    response = HttpResponse(decision.body_raw, status=decision.status, headers=headers)
    # Else Django logs a warning for each refused preflight, which costs more than all the rest: a
    # stranger would fill the log with requests that never reached the site.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _with_headers(decision: Decision, response: HttpResponseBase) -> HttpResponseBase:
    headers = response.headers
    dropped, added = decision.changes(headers)
    for name in dropped:
        del headers[name]
    for name, value in added:
        headers[name] = value
    return response

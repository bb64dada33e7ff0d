"""CORSMiddleware for Django, sync and async."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cors_core import MARKS, Decision, PolicyChoice, PolicyError, decide_by
from cors_core.wsgi import decide_environ, read_environ
from cors_core_django.routes import mark_asked_for, mark_served, policy_request
from cors_core_django.settings import CHOICES, SETTING, choice_from_settings

GetResponse = Callable[[HttpRequest], Any]

_ASKED = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"


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
        _choice(self._is_async)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, or have it answered with the policy's headers."""
        choice = CHOICES.get(self._is_async) or _choice(self._is_async)
        # META is the same in both handlers: Django writes ASGI's headers as WSGI has them.
        meta = request.META
        decision = None
        method, mark = meta["REQUEST_METHOD"], None
        if method == "OPTIONS" and "HTTP_ORIGIN" in meta and _ASKED in meta:
            method = meta[_ASKED]
            mark = mark_asked_for(request, method)
        if choice.fixed is not None and mark is None:
            decision = decide_environ(choice.fixed, meta)
        if self._is_async:
            return self._respond_async(request, choice, method, mark, decision)
        if decision is None:
            chosen = choice.choose(policy_request(request, method), mark)
            decision = decide_by(chosen, read_environ(meta))
        if decision.status is not None:
            return _preflight_response(decision)
        response = self._get_response(request)
        mark = mark_served(request) if MARKS.exist else None
        if mark is not None:
            chosen = choice.choose(policy_request(request, method), mark)
            decision = decide_by(chosen, read_environ(meta))
        return _with_headers(decision, response)

    async def _respond_async(
        self,
        request: HttpRequest,
        choice: PolicyChoice,
        method: str,
        mark: object,
        decision: Decision | None,
    ) -> HttpResponseBase:
        if decision is None:
            chosen = await choice.choose_async(policy_request(request, method), mark)
            decision = decide_by(chosen, read_environ(request.META))
        if decision.status is not None:
            return _preflight_response(decision)
        response = await self._get_response(request)
        mark = mark_served(request) if MARKS.exist else None
        if mark is not None:
            chosen = await choice.choose_async(policy_request(request, method), mark)
            decision = decide_by(chosen, read_environ(request.META))
        return _with_headers(decision, response)


def _choice(is_async: bool) -> PolicyChoice:
    """Return the choice of the moment: a test may have overridden the setting."""
    try:
        return choice_from_settings(is_async)
    except PolicyError as error:
        raise ImproperlyConfigured(f"the setting {SETTING}: {error}") from error


def _preflight_response(decision: Decision) -> HttpResponse:
    headers = dict(decision.answer)
    response = HttpResponse(decision.body_raw, status=decision.status, headers=headers)
    # Else Django logs a warning for each refused preflight, which costs more than all the rest: a
    # stranger would fill the log with requests that never reached the site.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's, unstubbed
    return response


def _with_headers(decision: Decision, response: HttpResponseBase) -> HttpResponseBase:
    headers = response.headers
    dropped, added = decision.changes(headers)
    for name in dropped:
        del headers[name]
    for name, value in added:
        headers[name] = value
    return response

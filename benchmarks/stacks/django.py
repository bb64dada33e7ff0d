"""A Django site with django-cors-headers and with `cors_core_django`.

Django has one settings object per process. The variants differ in MIDDLEWARE, which a handler
reads when it is built; the policies stand side by side, each read by its own middleware only.
"""

from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from benchmarks.situations import EXPOSED, HEADERS, MAX_AGE, METHODS, OPTIONS
from benchmarks.stacks.floors import ACTUAL, BODY, PREFLIGHT

TITLE = "Django site"
PEER = "django-cors-headers"
TRANSPORT = "wsgi"

_LAYERS = {
    "bare": [],
    "floor": ["benchmarks.stacks.django.floor"],
    "peer": ["corsheaders.middleware.CorsMiddleware"],
    "ours": ["cors_core_django.CORSMiddleware"],
}


def _items(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"items": []})


urlpatterns = [path("items", _items)]


def floor(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Return the floor as Django has it: a function round a function."""

    def respond(request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(BODY, headers=dict(PREFLIGHT))
        response = get_response(request)
        for name, value in ACTUAL:
            response.headers[name] = value
        return response

    return respond


def configure(origins: list[str]) -> None:
    """Put both policies into the settings."""
    if not settings.configured:
        settings.configure(
            ROOT_URLCONF="benchmarks.stacks.django",
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="a benchmark",
            MIDDLEWARE=[],
        )
        django.setup()
    policies = {
        "CORS_ALLOWED_ORIGINS": origins,
        "CORS_ALLOW_METHODS": METHODS,
        "CORS_ALLOW_HEADERS": HEADERS,
        "CORS_ALLOW_CREDENTIALS": True,
        "CORS_EXPOSE_HEADERS": EXPOSED,
        "CORS_PREFLIGHT_MAX_AGE": MAX_AGE,
        "CORS_CORE": {"allow_origins": origins, **OPTIONS},
    }
    for name, value in policies.items():
        setattr(settings, name, value)
        setting_changed.send(sender=None, setting=name, value=value, enter=True)


def variants(origins: list[str]) -> dict[str, Any]:
    """Return the site in each layer."""
    configure(origins)
    sites = {}
    for name, middleware in _LAYERS.items():
        settings.MIDDLEWARE = middleware
        sites[name] = WSGIHandler()
    return sites

"""The small app as a Django site with marked views: the ROOT_URLCONF of the cases about marks."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from cors_core import cors_exempt, cors_policy

from . import django_site
from .small_app import MARKED, OWN_HEADERS, Crash


@cors_policy(MARKED)
@require_http_methods(["GET", "PUT"])
def marked(request: HttpRequest) -> HttpResponse:
    return django_site.echo(request)


@cors_policy(MARKED)
def marked_crash(request: HttpRequest) -> HttpResponse:
    raise Crash


@cors_exempt
def exempt(request: HttpRequest) -> HttpResponse:
    return HttpResponse("app", headers=dict(OWN_HEADERS))


urlpatterns = [
    *django_site.urlpatterns,
    path("marked", marked),
    path("marked-crash", marked_crash),
    path("exempt", exempt),
]

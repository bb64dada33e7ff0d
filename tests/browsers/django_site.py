"""The Django site that is served to browsers: the small app, and redirects."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.behaviour import django_site
from tests.behaviour.small_app import wanted_headers


def redirect(request: HttpRequest) -> HttpResponse:
    headers = dict(wanted_headers(request.headers.get("X-App-Headers")))
    return HttpResponse(status=302, headers=headers)


urlpatterns = [*django_site.urlpatterns, path("redirect", redirect)]

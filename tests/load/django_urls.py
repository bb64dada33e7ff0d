"""The ROOT_URLCONF of the Django apps: every path answers."""

from django.http import HttpRequest, HttpResponse
from django.urls import re_path


def answer(request: HttpRequest) -> HttpResponse:
    # Without a length waitress closes the connection, and CommonMiddleware is not here to set one.
    return HttpResponse("app", headers={"Content-Length": "3"})


urlpatterns = [re_path(".*", answer)]

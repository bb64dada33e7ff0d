"""The small app as a Django site: the ROOT_URLCONF of the tests."""

from collections.abc import AsyncIterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from .small_app import CHUNKS, Crash, wanted_headers


def echo(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("app")
    for name, value in wanted_headers(request.headers.get("X-App-Headers")):
        # Django holds each name once.
        response[name] = f"{response[name]}, {value}" if name in response else value
    return response


def own_options(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204, headers={"Allow": "GET", "X-App": "reached"})


def handled(request: HttpRequest) -> HttpResponse:
    return HttpResponse("conflict", status=409)


def crash(request: HttpRequest) -> HttpResponse:
    raise Crash


def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in CHUNKS:
            yield chunk

    body = chunks() if isinstance(request, ASGIRequest) else iter(CHUNKS)
    return StreamingHttpResponse(body, headers={"X-App": "reached"})


urlpatterns = [
    path("", echo),
    path("own-options", own_options),
    path("get-only", require_GET(echo)),
    path("handled", handled),
    path("crash", crash),
    path("stream", stream),
]

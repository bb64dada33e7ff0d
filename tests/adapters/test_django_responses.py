"""Django: redirects, pages of errors, streams and files keep what they are, and get the headers."""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import sync_and_async_middleware

from cors_core import Policy, cors_policy
from cors_core_django import CORSMiddleware, middleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_asgi, call_wsgi

OURS = "cors_core_django.CORSMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
SITE = "tests.adapters.django_responses_site"
OTHER_SITE = f"{SITE}.other"
POLICY = Policy(allow_origins=[ORIGIN])
PUBLIC = Policy(allow_origins=["*"])

Send = Callable[[Any], Response]


class Crash(Exception):
    pass


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("app")


async def async_view(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse("app")


def crash(request: HttpRequest) -> HttpResponse:
    raise Crash


def own_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("no such page", status=404)


def own_500(request: HttpRequest) -> HttpResponse:
    return HttpResponse("out of order", status=500)


def new_marked_view() -> Any:
    def marked(request: HttpRequest) -> HttpResponse:
        return HttpResponse("app")

    return cors_policy(PUBLIC)(marked)


@sync_and_async_middleware
def chooses_urlconf(get_response: Any) -> Any:
    """Stand for a middleware that chooses the URLconf by the host."""

    def choose(request: HttpRequest) -> Any:
        if request.headers.get("Host") == "other.example":
            request.urlconf = OTHER_SITE
        return get_response(request)

    async def choose_async(request: HttpRequest) -> Any:
        return await choose(request)

    return choose_async if iscoroutinefunction(get_response) else choose


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, patterns in {
        SITE: [
            path("plain", view),
            path("async", async_view),
            path("slash/", view),
            path("crash", crash),
            path("marked", new_marked_view()),
        ],
        OTHER_SITE: [path("plain", new_marked_view())],
    }.items():
        module: Any = ModuleType(name)
        module.urlpatterns, module.handler404, module.handler500 = patterns, own_404, own_500
        monkeypatch.setitem(sys.modules, name, module)
    middleware._urlconf_came_late.cache_clear()
    with override_settings(ROOT_URLCONF=SITE, CORS_CORE=POLICY):
        yield
    middleware._urlconf_came_late.cache_clear()


def wsgi_site() -> Send:
    app = WSGIHandler()
    return lambda asked: call_wsgi(app, asked)


def asgi_site() -> Send:
    app = ASGIHandler()
    return lambda asked: call_asgi(app, asked)


both = pytest.mark.parametrize("new", [wsgi_site, asgi_site])


def allowed(response: Response) -> list[str]:
    return response.values("access-control-allow-origin")


@both
def test_a_redirect_to_the_slash_is_covered(new: Callable[[], Send]) -> None:
    with override_settings(MIDDLEWARE=[OURS, COMMON], APPEND_SLASH=True):
        send = new()
        response = send(request(path="/slash"))
        assert (response.status, response.values("location")) == (301, ["/slash/"])
        assert (allowed(response), response.values("vary")) == ([ORIGIN], ["Origin"])
        # Fetch refuses a redirect of a preflight: it gets its answer at once.
        assert send(preflight(path="/slash")).status == 200


@both
def test_the_sites_own_pages_of_errors_are_covered(new: Callable[[], Send]) -> None:
    send = new()
    for asked, status, body in (
        ("/missing", 404, b"no such page"),
        ("/crash", 500, b"out of order"),
    ):
        response = send(request(path=asked))
        assert (response.status, response.body, allowed(response)) == (status, body, [ORIGIN])


# Django's ASGI handler does not close the body of a request whose exception it propagates.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
@both
def test_exceptions_that_are_to_be_propagated_are(new: Callable[[], Send]) -> None:
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        send = new()
        for _ in range(2):
            assert isinstance(send(request(path="/crash")).raised, Crash)
        assert allowed(send(request(path="/plain"))) == [ORIGIN]
    gc.collect()


def test_djangos_client_raises_what_a_view_raises() -> None:
    with pytest.raises(Crash):
        Client().get("/crash", headers={"Origin": ORIGIN})
    response = Client(raise_request_exception=False).get("/crash", headers={"Origin": ORIGIN})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (500, ORIGIN)


@both
@pytest.mark.parametrize("asked", ["/plain", "/async"])
def test_sync_and_async_views_on_both_handlers(new: Callable[[], Send], asked: str) -> None:
    response = new()(request(path=asked))
    assert (response.body, allowed(response)) == (b"app", [ORIGIN])


def served(response: HttpResponseBase) -> Any:
    """Return what our middleware makes of a response."""
    serve: Any = CORSMiddleware(lambda request: response)
    return serve(RequestFactory().get("/", headers={"Origin": ORIGIN}))


def test_a_stream_is_neither_read_nor_replaced() -> None:
    stream = StreamingHttpResponse(pytest.fail("read") for _ in range(1))
    response = served(stream)
    assert response is stream
    assert response["Access-Control-Allow-Origin"] == ORIGIN


def test_a_file_is_neither_read_nor_closed(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(b"a,b")
    opened = file.open("rb")
    response = served(FileResponse(opened, as_attachment=True))
    assert not opened.closed
    assert response.file_to_stream is opened
    assert response["Content-Length"] == "3"
    assert response["Content-Disposition"] == 'attachment; filename="report.csv"'
    assert b"".join(response.streaming_content) == b"a,b"
    response.close()
    assert opened.closed


@both
def test_a_urlconf_that_comes_late_is_reported(
    new: Callable[[], Send], caplog: pytest.LogCaptureFixture
) -> None:
    """A preflight is answered before: by the views of ROOT_URLCONF, not by those that serve."""
    below = f"{__name__}.chooses_urlconf"
    with (
        override_settings(MIDDLEWARE=[OURS, below]),
        caplog.at_level(logging.WARNING, "cors_core"),
    ):
        send = new()
        assert allowed(send(request(path="/plain", host="an.example"))) == [ORIGIN]
        assert caplog.records == []
        assert allowed(send(preflight(path="/plain", host="other.example"))) == [ORIGIN]
        for _ in range(2):
            assert allowed(send(request(path="/plain", host="other.example"))) == ["*"]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("a middleware below CORSMiddleware sets request.urlconf")
    caplog.clear()
    with override_settings(MIDDLEWARE=[below, OURS]), caplog.at_level(logging.WARNING, "cors_core"):
        send = new()
        for asked in (preflight, request):
            assert allowed(send(asked(path="/plain", host="other.example"))) == ["*"]
    assert caplog.records == []

"""The small app as a Django site: the ROOT_URLCONF of the tests, and other URLconfs."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import include, path, register_converter
from django.utils.decorators import sync_and_async_middleware
from django.views import View
from django.views.decorators.http import require_http_methods

from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer, marked

CORS = "cors_core_django.CORSMiddleware"


class Broken:
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        raise small_app.BrokenConverter

    def to_url(self, value: str) -> str:
        return value


register_converter(Broken, "broken")


def respond(path: str, request: HttpRequest) -> HttpResponseBase:
    try:
        status, headers, chunks = answer(
            path, request.method or "", request.headers.get("X-App-Headers")
        )
    except Handled:
        return HttpResponse("conflict", status=409)
    response: HttpResponseBase
    if len(chunks) > 1:
        response = StreamingHttpResponse(
            _stream(chunks) if isinstance(request, ASGIRequest) else iter(chunks)
        )
    else:
        response = HttpResponse(b"".join(chunks), status=status)
    for name, value in headers:  # Django holds each name once
        response[name] = f"{response[name]}, {value}" if name in response else value
    return response


async def _stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def view(route: Route) -> Any:
    """Return the function or class-based view that serves a route, marked."""

    def serve(request: HttpRequest, **_: Any) -> HttpResponseBase:
        return respond(route.full_path, request)

    def handler() -> Any:
        def serve_method(self: Any, request: HttpRequest, **_: Any) -> HttpResponseBase:
            return respond(route.full_path, request)

        return serve_method

    if not route.is_class:
        methods = [*route.methods, *(["HEAD"] if "GET" in route.methods else [])]
        return marked(require_http_methods(methods)(serve), route.mark)
    handlers = {method.lower(): marked(handler(), mark) for method, mark in route.methods.items()}
    return marked(type("Resource", (View,), handlers), route.mark).as_view()


def patterns(routes: Iterable[Route]) -> list[Any]:
    made: list[Any] = []
    parts: dict[str, list[Any]] = {}
    for route in small_app.by_path(routes):
        entry = path(re.sub(r"{(\w+):(\w+)}", r"<\2:\1>", route.path[1:]), view(route))
        (parts.setdefault(route.part, []) if route.part else made).append(entry)
    return made + [path(f"{prefix[1:]}/", include(inside)) for prefix, inside in parts.items()]


class URLconf:
    """What Django takes for a module with `urlpatterns`, and can be hashed."""

    def __init__(self, **more: bool) -> None:
        self.urlpatterns = patterns(small_app.routes(**more))


urlpatterns = patterns(small_app.ROUTES)
_URLCONFS = {
    (False, False): URLconf(),
    (True, False): URLconf(marked=True),
    (True, True): URLconf(marked=True, late=True),
}


@sync_and_async_middleware
def guard(get_response: Any) -> Any:
    """Stand for an authentication that answers before Django looks for a view."""

    def answer(request: HttpRequest) -> Any:
        if request.headers.get("Authorization") == "no":
            return HttpResponse(status=401)
        return get_response(request)

    async def answer_async(request: HttpRequest) -> Any:
        response = answer(request)
        return response if isinstance(response, HttpResponse) else await response

    return answer_async if iscoroutinefunction(get_response) else answer


def _settings(
    policy: Any, *, marked: bool = False, late: bool = False, guarded: bool = False, **choice: Any
) -> Any:
    return override_settings(
        CORS_CORE={"policy": policy, **choice} if choice else policy,
        MIDDLEWARE=[CORS, f"{__name__}.guard"] if guarded else [CORS],
        ROOT_URLCONF=_URLCONFS[marked, late],
    )


def build_wsgi(policy: Any, **more: Any) -> Callable[..., Any]:
    settings = _settings(policy, **more)
    with settings:
        handler = WSGIHandler()

    def app(environ: Any, start_response: Any) -> Any:
        with settings:
            return handler(environ, start_response)

    return app


def build_asgi(policy: Any, **more: Any) -> Callable[..., Any]:
    settings = _settings(policy, **more)
    with settings:
        handler = ASGIHandler()

    async def app(*connection: Any) -> None:
        with settings:
            await handler(*connection)

    return app

"""Django: marks that a framework or a decorator hides, and the report of those without effect."""

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from types import ModuleType
from typing import Any

import pytest
from django.core import checks
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view
from ninja.operation import PathView
from rest_framework.decorators import api_view  # type: ignore[import-untyped]  # has no stubs
from rest_framework.response import Response as RestResponse  # type: ignore[import-untyped]  # has no stubs

from cors_core import Policy, cors_exempt, cors_policy
from cors_core.adapters import MARKS
from cors_core.choosing.marks import Marks
from cors_core_django import urlconf, views
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_asgi, call_wsgi

DEFAULT = Policy(allow_origins=[ORIGIN], allow_methods=["*"])
PUBLIC = Policy(allow_origins=["*"], allow_methods=["*"])
CHOICE = {"policy": DEFAULT, "policies": {"public": PUBLIC}}
SITE = "tests.adapters.django_hidden_marks_site"
REST = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

Send = Callable[[Any], Response]
Urls = Callable[[list[Any]], None]


@pytest.fixture(autouse=True)
def marks_of_this_test(monkeypatch: pytest.MonkeyPatch) -> Marks:
    """Forget the marks of the other tests in this process."""
    gc.collect()
    fresh = Marks()
    for name, module in tuple(sys.modules.items()):
        if name.startswith("cors_core") and getattr(module, "MARKS", None) is MARKS:
            monkeypatch.setattr(module, "MARKS", fresh)
    monkeypatch.setattr(urlconf, "_reported", set())
    return fresh


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Urls]:
    """Return what makes patterns the site's."""
    site = ModuleType(SITE)
    monkeypatch.setitem(sys.modules, SITE, site)

    def use(patterns: list[Any]) -> None:
        site.urlpatterns = patterns  # type: ignore[attr-defined]  # a module made here

    with override_settings(ROOT_URLCONF=SITE, CORS_CORE=CHOICE, REST_FRAMEWORK=REST):
        yield use


def send_to(handler: type[Any]) -> Send:
    app = handler()
    call: Any = call_asgi if handler is ASGIHandler else call_wsgi
    return lambda asked: call(app, asked)


both = pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])


def allowed_at(send: Send, path: str, method: str = "GET") -> list[str]:
    """Return the origin that a route allows, after a look that its preflight says the same."""
    actual = send(request(method=method, path=path)).values("access-control-allow-origin")
    asked = send(preflight(method, path=path)).values("access-control-allow-origin")
    assert asked == actual
    return actual


def warnings() -> list[Any]:
    """Return what `manage.py check` says of marks without effect: where they are."""
    found = [warning for warning in checks.run_checks() if warning.id == "cors_core.W006"]
    assert all(warning.level == checks.WARNING and warning.hint for warning in found)
    return [warning.obj for warning in found]


def new_view() -> Any:
    """Return a view of its own, for a mark stays on it."""

    def view(request: HttpRequest, **_: Any) -> HttpResponse:
        return HttpResponse("app", headers={"Access-Control-Allow-Origin": "https://own.example"})

    return view


def here(function: Any) -> str:
    return f"{__name__}.{function.__qualname__}"


def without_wraps(view: Any) -> Any:
    """Stand for a decorator that forgets functools.wraps."""

    def wrapper(request: HttpRequest) -> Any:
        return view(request)

    return wrapper


def passed_on(view: Any) -> Any:
    """Stand for a decorator that passes marks on."""

    @wraps(view)
    def wrapper(request: HttpRequest) -> Any:
        return view(request)

    return wrapper


@both
def test_a_mark_below_api_view_counts(handler: Any, urls: Urls) -> None:
    @api_view(["GET", "POST"])  # type: ignore[untyped-decorator]  # has no stubs
    @cors_policy("public")
    def below(request: Any) -> Any:
        return RestResponse({})

    @cors_policy("public")
    @api_view(["GET"])  # type: ignore[untyped-decorator]  # has no stubs
    @cors_exempt
    def above(request: Any) -> Any:
        return RestResponse({})

    @api_view(["GET"])  # type: ignore[untyped-decorator]  # has no stubs
    @cors_exempt
    def exempt(request: Any) -> Any:
        return RestResponse({}, headers={"Access-Control-Allow-Origin": "https://own.example"})

    @api_view()  # type: ignore[untyped-decorator]  # has no stubs
    def unmarked(request: Any) -> Any:
        return RestResponse({})

    urls([
        path("below", below), path("above", above), path("exempt", exempt), path("un", unmarked)
    ])  # fmt: skip
    send = send_to(handler)
    assert allowed_at(send, "/below") == allowed_at(send, "/below", "POST") == ["*"]
    assert allowed_at(send, "/above") == ["*"]
    assert allowed_at(send, "/below", "PUT") == allowed_at(send, "/un") == [ORIGIN]
    own = send(request(path="/exempt")).values("access-control-allow-origin")
    assert own == ["https://own.example"]
    assert send(preflight(path="/exempt")).values("access-control-allow-methods") == []
    # A plain OPTIONS request to an exempt view has no policy either.
    assert "origin" not in str(send(request(method="OPTIONS", path="/exempt")).values("vary"))
    # The outer of two marks counts, as everywhere; that the inner does nothing is reported.
    assert warnings() == [f"{here(test_a_mark_below_api_view_counts)}.<locals>.above"]


def new_api() -> NinjaAPI:
    api = NinjaAPI(docs_url=None, openapi_url=None)
    router = Router()

    @api.get("/things")
    @cors_policy("public")
    def things(request: HttpRequest) -> str:
        return "x"

    @cors_policy("public")
    @api.post("/things")
    def make_thing(request: HttpRequest) -> str:
        return "x"

    @api.put("/things")
    def put_thing(request: HttpRequest) -> str:
        return "x"

    @router.get("/exempt")
    @cors_exempt
    def exempt(request: HttpRequest, response: HttpResponse) -> str:
        response["Access-Control-Allow-Origin"] = "https://own.example"
        return "x"

    @router.get("/async")
    @cors_policy("public")
    async def asynchronous(request: HttpRequest) -> str:
        return "x"

    @router.get("/decorated")
    @decorate_view(lambda run: without_wraps_of_any(run))
    @cors_policy("public")
    def decorated(request: HttpRequest) -> str:
        return "x"

    api.add_router("/in", router)
    return api


def without_wraps_of_any(run: Any) -> Any:
    return lambda *args, **kwargs: run(*args, **kwargs)


@both
def test_marks_on_ninjas_operations(handler: Any, urls: Urls) -> None:
    urls([path("api/", new_api().urls)])
    send = send_to(handler)
    for method in ("GET", "POST"):
        assert allowed_at(send, "/api/things", method) == ["*"]
    assert allowed_at(send, "/api/things", "PUT") == [ORIGIN]
    # No operation: 405, the default.
    assert allowed_at(send, "/api/things", "DELETE") == [ORIGIN]
    assert allowed_at(send, "/api/in/async") == allowed_at(send, "/api/in/decorated") == ["*"]
    own = send(request(path="/api/in/exempt")).values("access-control-allow-origin")
    assert own == ["https://own.example"]
    assert send(request(path="/api/in/exempt")).body == b'"x"'
    assert warnings() == []


def test_ninjas_views_before_its_version_1_5() -> None:
    old, operation = PathView(), new_view()
    old.add_operation("/x", ["GET"], operation)
    for view in (old._sync_view, old._async_view):
        assert views.places_of_mark(view, "GET") == (operation,)
        assert views.places_of_mark(view, "PUT") == ()


@both
def test_marks_on_views_with_arguments_of_their_own(handler: Any, urls: Urls) -> None:
    marked = cors_policy("public")(new_view())
    urls([
        path("inner", partial(marked, extra=1)),
        path("outer", cors_policy("public")(partial(new_view(), extra=1))),
        path("twice", partial(partial(marked, extra=1), more=2)),
        path("class", partial(cors_policy("public")(View.as_view()))),
        path("none", partial(new_view(), extra=1)),
    ])  # fmt: skip
    send = send_to(handler)
    for route in ("/inner", "/outer", "/twice"):
        assert allowed_at(send, route) == ["*"]
    assert allowed_at(send, "/none") == [ORIGIN]
    assert warnings() == []


@both
def test_a_mark_that_a_wrapper_hides_is_reported(
    handler: Any, urls: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    @without_wraps
    @cors_exempt
    def hidden(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    name = f"{here(test_a_mark_that_a_wrapper_hides_is_reported)}.<locals>.hidden"
    urls([path("hidden", hidden)])
    send = send_to(handler)
    with caplog.at_level(logging.WARNING, "cors_core"):
        for _ in range(3):
            assert allowed_at(send, "/hidden") == [ORIGIN]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(f"no route reaches the CORS mark on {name}: it has no ")
    assert warnings() == [name]
    # Another handler of the same process, and settings that a test overrides: no more records.
    with override_settings(CORS_CORE=PUBLIC), caplog.at_level(logging.WARNING, "cors_core"):
        assert send_to(handler)(request(path="/hidden")).status == 200
    assert len(caplog.records) == 1


def test_each_mark_without_effect_has_a_warning(urls: Urls) -> None:
    @cors_policy("public")
    class Unrouted(View):
        @cors_exempt
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    @cors_policy("public")
    class Base(View):
        @cors_exempt
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        @cors_exempt
        def put(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        @cors_policy("public")
        def helper(self) -> None: ...

    class Heir(Base):
        def put(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    class OwnDispatch(View):
        @cors_policy("public")
        def dispatch(self, request: HttpRequest) -> Any:
            return super().dispatch(request)

    @method_decorator(cors_exempt, name="dispatch")
    class Decorated(View): ...

    class Instance:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    routed = Instance()
    unrouted = cors_exempt(Instance())
    urls([
        path("heir", Heir.as_view()),
        path("wrapped", passed_on(passed_on(cors_exempt(new_view())))),
        path("own", OwnDispatch.as_view()),
        path("decorated", Decorated.as_view()),
        path("instance", cors_exempt(routed)),
        path("in/", include([path("deep", cors_exempt(new_view()))])),
    ])  # fmt: skip
    prefix = f"{here(test_each_mark_without_effect_has_a_warning)}.<locals>."
    assert [name.removeprefix(prefix) for name in warnings()] == [
        "Unrouted.get", "Unrouted", "Base.put", "Base.helper", "Instance"
    ]  # fmt: skip
    assert callable(unrouted)  # kept until here, because marks know their endpoints weakly


def test_a_mark_that_another_overrules_has_a_warning(urls: Urls) -> None:
    inner = cors_exempt(new_view())
    urls([path("x", cors_policy("public")(passed_on(inner)))])
    assert warnings() == [here(inner)]


class Proxy:
    """Stand for a proxy of what is there in a request only."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError


def test_only_the_sites_own_modules_are_looked_at(urls: Urls) -> None:
    """An app of another framework in the same process has marks that Django cannot know of."""

    def marked_in(module: str) -> Any:
        view = new_view()
        view.__module__ = view.__qualname__ = module
        return cors_exempt(view)

    elsewhere = marked_in("another_framework.app")
    almost = marked_in("cors_core_djangos")
    installed = marked_in("cors_core_django.api.views")
    beside, imported, enclosed = map(marked_in, ("site.views", "site.api", "site.old"))
    module = ModuleType("site.api")
    unmarked = new_view()
    unmarked.__module__ = "site.views"
    enclosing = without_wraps(enclosed)
    urls([path("beside", unmarked), path("enclosing", enclosing)])
    sys.modules[SITE].api = module  # type: ignore[attr-defined]  # as `from site import api` does
    sys.modules[SITE].number = 1  # type: ignore[attr-defined]  # of no module
    sys.modules[SITE].proxy = Proxy()  # type: ignore[attr-defined]  # which raises
    assert warnings() == [
        f"{name}.{name}"
        for name in ("cors_core_django.api.views", "site.views", "site.api", "site.old")
    ]
    assert [installed, beside, imported, elsewhere, almost]  # alive until here


def test_a_site_without_a_urlconf_has_nothing_to_report() -> None:
    lost = cors_exempt(new_view())
    with override_settings(ROOT_URLCONF=None):
        assert warnings() == []
    assert lost


def test_an_unknown_name_on_a_hidden_place_is_an_error(urls: Urls) -> None:
    @api_view(["GET"])  # type: ignore[untyped-decorator]  # has no stubs
    @cors_policy("publik")
    def rest(request: Any) -> Any:
        return RestResponse({})

    api = NinjaAPI(docs_url=None, openapi_url=None)

    @api.get("/x")
    @cors_policy("hidden")
    def operation(request: HttpRequest) -> str:
        return "x"

    given = cors_policy("given")(new_view())
    urls([path("rest", rest), path("api/", api.urls), path("partial", partial(given, extra=1))])
    found = [error for error in checks.run_checks() if error.id == "cors_core.E002"]
    prefix = f"{here(test_an_unknown_name_on_a_hidden_place_is_an_error)}.<locals>."
    assert [(str(error.obj).removeprefix(prefix), error.msg.split()[1]) for error in found] == [
        ("rest", "'publik'"), ("operation", "'hidden'"), (here(given), "'given'")
    ]  # fmt: skip


def test_a_decorator_that_marks_in_each_request_takes_no_memory(
    urls: Urls, marks_of_this_test: Marks
) -> None:
    @method_decorator(cors_policy("public"), name="dispatch")
    class Decorated(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    urls([path("decorated", Decorated.as_view())])
    send = send_to(WSGIHandler)
    before = len(marks_of_this_test.endpoints())
    for _ in range(10):
        assert allowed_at(send, "/decorated") == ["*"]
    gc.collect()
    assert len(marks_of_this_test.endpoints()) == before

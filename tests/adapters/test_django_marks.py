"""Marks and choices in Django: what the behaviour table does not say."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.conf.urls.i18n import i18n_patterns
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator, sync_and_async_middleware
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.decorators import action  # type: ignore[import-untyped]  # has no stubs
from rest_framework.response import Response as RestResponse  # type: ignore[import-untyped]  # has no stubs
from rest_framework.views import APIView  # type: ignore[import-untyped]  # has no stubs
from rest_framework.viewsets import ViewSet  # type: ignore[import-untyped]  # has no stubs

from cors_core import (
    OriginLookup,
    Policy,
    PolicyRequest,
    ReloadablePolicy,
    cors_exempt,
    cors_policy,
)
from cors_core.adapters import MARKS
from cors_core_django import CORSMiddleware
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_asgi, call_wsgi

OURS = "cors_core_django.CORSMiddleware"
SITE = "tests.adapters.django_routes_site"
OTHER_SITE = f"{SITE}.other"
DEFAULT = Policy(allow_origins=[ORIGIN], allow_methods=["*"])
PUBLIC = Policy(allow_origins=["*"], allow_methods=["*"])
CLOSED = Policy()
CHOICE = {"policy": DEFAULT, "policies": {"public": PUBLIC}}

Send = Callable[[Any], Response]


def view(request: HttpRequest, **_: Any) -> HttpResponse:
    return HttpResponse("app", headers={"Access-Control-Allow-Origin": "https://own.example"})


def new_view() -> Any:
    """Return a view of its own, for a mark stays on it."""

    def another(request: HttpRequest, **_: Any) -> HttpResponse:
        return view(request)

    return another


@cors_policy("public")
async def async_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("app")


class Things(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("app")

    @cors_exempt
    def put(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("app")


@cors_policy("public")
class Marked(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return view(request)


@method_decorator(cors_policy("public"), name="dispatch")
class Dispatched(Things):
    http_method_names = ("get", "put")


class Open:
    """What the REST framework needs to go without Django's own users."""

    authentication_classes: tuple[Any, ...] = ()
    permission_classes: tuple[Any, ...] = ()


class Users(Open, ViewSet):  # type: ignore[misc]  # the framework has no types
    @cors_policy("public")
    def list(self, request: Any) -> Any:
        return RestResponse({})

    def create(self, request: Any) -> Any:
        return RestResponse({})

    @action(detail=False, methods=["post"])  # type: ignore[untyped-decorator]  # has no stubs
    @cors_exempt
    def publish(self, request: Any) -> Any:
        return RestResponse({})


@cors_policy("public")
class Rest(Open, APIView):  # type: ignore[misc]  # has no stubs
    def get(self, request: Any) -> Any:
        return RestResponse({})


class Odd:
    """A view that is no function, and has attributes of the same names as those of class views."""

    cls = "first"
    actions = "none"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("app")


@sync_and_async_middleware
def other_site(get_response: Any) -> Any:
    """Stand for a middleware that chooses the URLconf by the host."""

    def choose(request: HttpRequest) -> Any:
        if request.headers.get("Host") == "other.example":
            request.urlconf = OTHER_SITE
        return get_response(request)

    async def choose_async(request: HttpRequest) -> Any:
        return await choose(request)

    return choose_async if iscoroutinefunction(get_response) else choose


def new_site(name: str, patterns: list[Any]) -> ModuleType:
    site = ModuleType(name)
    site.urlpatterns = patterns  # type: ignore[attr-defined]  # a module made here
    sys.modules[name] = site
    return site


def urlpatterns() -> list[Any]:
    return [
        path("plain", view),
        path("marked", cors_policy("public")(new_view())),
        path("wrapped", csrf_exempt(cors_policy(PUBLIC)(new_view()))),
        path("async", async_view),
        path("exempt-result", cors_exempt(Marked.as_view())),
        path("result", cors_policy("public")(Things.as_view())),
        path("dispatched", Dispatched.as_view()),
        path("users", Users.as_view({"get": "list", "post": "create"})),
        path("users/publish", Users.as_view({"post": "publish"})),
        path("rest", Rest.as_view()),
        path("odd", Odd()),
        path("in/<slug:slug>/", include([path("deep/", cors_policy("public")(new_view()))])),
        re_path(r"^caf\u00e9/(?P<number>\d+)$", cors_policy("public")(new_view())),
        *i18n_patterns(
            path("words", cors_policy("public")(new_view())), prefix_default_language=False
        ),
    ]


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    new_site(SITE, urlpatterns())
    new_site(OTHER_SITE, [path("plain", cors_policy("public")(new_view()))])
    rest = {"UNAUTHENTICATED_USER": None, "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer"]}  # fmt: skip
    with override_settings(ROOT_URLCONF=SITE, CORS_CORE=CHOICE, REST_FRAMEWORK=rest):
        yield
    del sys.modules[SITE], sys.modules[OTHER_SITE]


def wsgi_site() -> Send:
    app = WSGIHandler()
    return lambda asked: call_wsgi(app, asked)


def asgi_site() -> Send:
    app = ASGIHandler()
    return lambda asked: call_asgi(app, asked)


both = pytest.mark.parametrize("new", [wsgi_site, asgi_site])


def allowed(response: Response) -> list[str]:
    return response.values("access-control-allow-origin")


def allowed_at(send: Send, path: str, method: str = "GET", **headers: str) -> list[str]:
    """Return the origin that a route allows, after a look that its preflight says the same."""
    actual = allowed(send(request(method=method, path=path, **headers)))
    assert allowed(send(preflight(method, path=path, **headers))) == actual
    return actual


@both
def test_function_views(new: Callable[[], Send]) -> None:
    send = new()
    for marked in ("/marked", "/wrapped", "/async", "/in/a-b/deep/"):
        assert allowed_at(send, marked) == ["*"]
    for unmarked in ("/odd", "/in/a b/deep/"):
        assert allowed_at(send, unmarked) == [ORIGIN]
    # WSGI has the path's bytes in Latin-1, ASGI their text.
    cafe = "/café/1" if new is asgi_site else "/café/1".encode().decode("latin-1")
    assert allowed_at(send, cafe) == ["*"]


@both
def test_marks_where_a_class_is_routed(new: Callable[[], Send]) -> None:
    send = new()
    for route in ("/result", "/dispatched"):
        assert allowed_at(send, route) == ["*"]
        assert allowed_at(send, route, "PUT") == []
    for method in ("HEAD", "POST"):
        assert allowed_at(send, "/dispatched", method) == [ORIGIN], "not in http_method_names"
    exempt = send(request(path="/exempt-result"))
    assert allowed(exempt) == ["https://own.example"], "it beats the mark of the class"
    assert exempt.values("vary") == []


@both
def test_the_404_of_a_marked_view_is_its_own(new: Callable[[], Send]) -> None:
    @cors_policy("public")
    def missing(request: HttpRequest) -> HttpResponse:
        raise Http404

    new_site(SITE, [path("missing", missing)])
    response = new()(request(path="/missing"))
    assert (response.status, allowed(response)) == (404, ["*"])


@both
def test_the_rest_frameworks_views(new: Callable[[], Send]) -> None:
    send = new()
    assert allowed_at(send, "/users") == allowed_at(send, "/users", "HEAD") == ["*"]
    assert allowed_at(send, "/users", "POST") == [ORIGIN]
    assert allowed_at(send, "/users", "PUT") == [ORIGIN]
    assert allowed_at(send, "/users/publish", "POST") == []
    assert allowed_at(send, "/users/publish") == [ORIGIN]
    assert allowed_at(send, "/rest") == ["*"]
    assert allowed_at(send, "/rest", "PUT") == [ORIGIN]
    assert send(request(path="/users")).status == 200


@both
def test_the_urlconf_of_a_middleware_above(new: Callable[[], Send]) -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.other_site", OURS]):
        send = new()
        assert allowed_at(send, "/plain", host="other.example") == ["*"]
        assert allowed_at(send, "/plain", host="a.example") == [ORIGIN]


@both
def test_languages_in_the_path(new: Callable[[], Send]) -> None:
    from django.utils import translation

    locale = "django.middleware.locale.LocaleMiddleware"
    with override_settings(MIDDLEWARE=[OURS, locale], LANGUAGE_CODE="en"):
        send = new()
        for left_active in ("en", "de"):
            with translation.override(left_active):
                for known in ("/words", "/de/words"):
                    assert allowed(send(preflight(path=known))) == ["*"]
                    assert translation.get_language() == left_active
                assert allowed_at(send, "/words") == allowed_at(send, "/de/words") == ["*"]
                assert allowed_at(send, "/xx/words") == [ORIGIN]


@both
def test_views_are_loaded_by_the_first_preflight(
    new: Callable[[], Send], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(ModuleType):
        @property
        def urlpatterns(self) -> list[Any]:
            monkeypatch.setattr(MARKS, "exist", True)
            return urlpatterns()

    monkeypatch.setitem(sys.modules, f"{SITE}.late", Late(f"{SITE}.late"))
    for asked in (preflight(path="/marked"), request(path="/marked")):
        monkeypatch.setattr(MARKS, "exist", False)
        with override_settings(ROOT_URLCONF=f"{SITE}.late"):
            assert allowed(new()(asked)) == ["*"]


@both
@pytest.mark.usefixtures("no_marks")
def test_without_marks_in_the_process_none_is_looked_for(new: Callable[[], Send]) -> None:
    assert allowed_at(new(), "/marked") == [ORIGIN]


@both
def test_paths_are_the_ones_that_django_reads(new: Callable[[], Send]) -> None:
    setting = {"allow_origins": [ORIGIN], "paths": [("/é€/", PUBLIC)]}
    with override_settings(CORS_CORE=setting):
        path = "/é€/x" if new is asgi_site else "/é€/x".encode().decode("latin-1")
        assert allowed_at(new(), path) == ["*"]


@both
def test_the_script_name_is_part_of_the_path(new: Callable[[], Send]) -> None:
    setting = {"policy": DEFAULT, "policies": {"public": PUBLIC}, "paths": [("/mount/x", CLOSED)]}
    with override_settings(CORS_CORE=setting, FORCE_SCRIPT_NAME="/mount"):
        prefix = "/mount" if new is asgi_site else ""
        assert allowed_at(new(), f"{prefix}/x") == []
        assert allowed_at(new(), f"{prefix}/marked") == ["*"]


@both
def test_policies_that_are_chosen_while_serving(new: Callable[[], Send]) -> None:
    holder = ReloadablePolicy(CLOSED)
    seen: list[PolicyRequest] = []

    def by_host(asked: PolicyRequest) -> Policy | None:
        seen.append(asked)
        return PUBLIC if asked.host == "a.example" else None

    for policy in (holder, by_host):
        with override_settings(CORS_CORE=policy):
            send = new()
            assert allowed_at(send, "/plain", "PUT", host="b.example") == []
            holder.replace(PUBLIC)
            assert allowed_at(send, "/plain", "PUT", host="a.example") == ["*"]
    assert [asked[:4] for asked in seen[:2]] == [("b.example", "/plain", "PUT", ORIGIN)] * 2


async def choose_async(asked: PolicyRequest) -> Policy | None:
    await asyncio.sleep(0)
    return PUBLIC if asked.path == "/plain" else None


async def look_up_async(origin: str) -> bool:
    await asyncio.sleep(0)
    return origin == ORIGIN


def test_what_is_async_is_awaited_under_asgi_and_refused_under_wsgi() -> None:
    looked_up = Policy(allow_origins=OriginLookup(look_up_async))
    settings: list[tuple[Any, list[str]]] = [
        (choose_async, ["*"]),
        ({"policy": choose_async}, ["*"]),
        (looked_up, [ORIGIN]),
        ({"allow_origins": OriginLookup(look_up_async)}, [ORIGIN]),
        ({"paths": [("/plain", looked_up)]}, [ORIGIN]),
    ]
    for setting, expected in settings:
        with override_settings(CORS_CORE=setting):
            send = asgi_site()
            assert allowed_at(send, "/plain") == expected
            assert allowed(send(request(OTHER_ORIGIN, path="/missing"))) == []
            assert [error for error in checks.run_checks() if error.id == "cors_core.E001"] == []
            with pytest.raises(ImproperlyConfigured, match="this adapter cannot await"):
                WSGIHandler()


@both
def test_async_marks(new: Callable[[], Send], caplog: pytest.LogCaptureFixture) -> None:
    new_site(SITE, [path("plain", cors_policy(choose_async)(new_view()))])
    with override_settings(ROOT_URLCONF=SITE), caplog.at_level(logging.ERROR, "cors_core"):
        assert allowed_at(new(), "/plain") == ([] if new is wsgi_site else ["*"])
    assert len(caplog.records) == (new is wsgi_site)


def test_override_settings_takes_effect_at_once() -> None:
    for new in (wsgi_site, asgi_site):
        send = new()
        for setting in (PUBLIC, {"paths": [("/", PUBLIC)]}, ReloadablePolicy(PUBLIC)):
            assert allowed_at(send, "/plain") == [ORIGIN]
            with override_settings(CORS_CORE=setting):
                assert allowed_at(send, "/plain") == ["*"]


@pytest.mark.parametrize(
    ("setting", "finding"),
    [
        ({"paths": [("/", "publik")]}, "paths[0] 'publik' is no name in policies"),
        ({"policies": {"a": 1}}, "policies['a'] 1 is no policy"),
    ],
)
def test_a_bad_choice_stops_the_start(setting: Any, finding: str) -> None:
    with override_settings(CORS_CORE=setting):
        for handler in (WSGIHandler, ASGIHandler):
            with pytest.raises(ImproperlyConfigured) as raised:
                handler()
            assert finding in str(raised.value)
        found = [error.msg for error in checks.run_checks() if error.id == "cors_core.E001"]
        assert found == [finding]
        assert unknown_names() == []


def unknown_names() -> list[tuple[Any, str]]:
    found = [error for error in checks.run_checks() if error.id == "cors_core.E002"]
    assert all(error.level == checks.ERROR and error.hint for error in found)
    return [(error.obj, error.msg) for error in found]


def test_a_check_error_for_each_unknown_name() -> None:
    assert unknown_names() == []

    @cors_policy("publik")
    class Named(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        @cors_policy("hidden")
        def put(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    named = f"{__name__}.{Named.__qualname__}"
    odd: Any = cors_policy("odd")(Odd())
    patterns = [
        path("named", Named.as_view()),
        path("again", Named.as_view()),
        path("in/", include([path("in/", include([path("odd", odd)]))])),
        path("known", async_view),
        path("actions", Users.as_view({"post": "create"})),
    ]
    new_site(f"{SITE}.named", patterns)
    reason = "is no name in policies"
    with override_settings(ROOT_URLCONF=f"{SITE}.named"):
        assert unknown_names() == [
            (f"{named}", f"cors_policy 'publik' {reason}"),
            (f"{named}.put", f"cors_policy 'hidden' {reason}"),
            (f"{__name__}.Odd", f"cors_policy 'odd' {reason}"),
        ]
    with override_settings(ROOT_URLCONF=None):
        assert unknown_names() == []


def test_no_change_of_thread_with_a_mark() -> None:
    threads: list[int] = []

    async def look_up(origin: str) -> bool:
        threads.append(threading.get_ident())
        return True

    async def answer(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return HttpResponse()

    async def serve() -> Any:
        asked = RequestFactory().get("/marked", headers={"Origin": ORIGIN})
        return await CORSMiddleware(answer)(asked)  # type: ignore[misc]  # the async side

    policies = {"public": Policy(allow_origins=OriginLookup(look_up))}
    with override_settings(CORS_CORE={"policies": policies}):
        assert asyncio.run(serve())["Access-Control-Allow-Origin"] == ORIGIN
    assert threads == [threading.get_ident()] * 2

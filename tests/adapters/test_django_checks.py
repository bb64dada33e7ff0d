"""Django: what `manage.py check` says of a site that is set up wrongly, or unwisely."""

import logging
import sys
from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from cors_core import (
    EXEMPT,
    OriginLookup,
    Policy,
    PolicyRequest,
    ReloadablePolicy,
    cors_exempt,
    cors_policy,
)
from cors_core_django import CORSMiddleware, middleware
from tests.behaviour.case import ORIGIN

OURS = "cors_core_django.CORSMiddleware"
SITE = "tests.adapters.django_checks_site"
POLICY = Policy(allow_origins=[ORIGIN])
NOBODY = Policy()


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Give a site without views, and no marks of the other tests."""
    module = ModuleType(SITE)
    module.urlpatterns = []  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, SITE, module)
    with override_settings(ROOT_URLCONF=SITE, CORS_CORE=POLICY):
        yield module


def found(**arguments: Any) -> list[tuple[str, Any]]:
    """Return the ids of our checks' findings, and where they are."""
    return [(str(message.id)[10:], message.obj) for message in all_found(**arguments)]


def all_found(**arguments: Any) -> list[checks.CheckMessage]:
    messages = checks.run_checks(**arguments)
    return [message for message in messages if str(message.id).startswith("cors_core.")]


class Ours(CORSMiddleware):
    """A subclass of ours."""


class CustomCorsMiddleware:
    """Stand for the hand-written middleware of many a site."""


class HeadersMiddleware(CustomCorsMiddleware):
    """Stand for a subclass of another package's CORS middleware."""


def unknown(get_response: Any) -> Any:
    """Stand for a middleware that nothing is known of."""
    return get_response


here = f"{__name__}.".__add__


@pytest.mark.parametrize("ours", [OURS, "cors_core_django.middleware.CORSMiddleware", here("Ours")])
def test_a_subclass_of_ours_is_ours(ours: str) -> None:
    with override_settings(MIDDLEWARE=[ours]):
        assert found() == []
    with override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", ours]):
        assert found() == [("W002", None)]


def test_ours_twice_is_a_warning() -> None:
    with override_settings(MIDDLEWARE=[OURS, here("Ours")]):
        (warning,) = all_found()
    assert (warning.id, warning.level) == ("cors_core.W004", checks.WARNING)
    assert warning.msg == f"MIDDLEWARE has {OURS} 2 times"


@pytest.mark.parametrize(
    "other",
    [
        "corsheaders.middleware.CorsMiddleware",
        here("CustomCorsMiddleware"),
        here("HeadersMiddleware"),
    ],
)
def test_another_cors_middleware_is_a_warning_wherever_it_stands(other: str) -> None:
    for order in ([OURS, other], [other, OURS]):
        with override_settings(MIDDLEWARE=order):
            (warning,) = all_found()
        assert (warning.id, warning.level) == ("cors_core.W003", checks.WARNING)
        assert warning.msg == f"{other} and {OURS} are both in MIDDLEWARE"


@pytest.mark.parametrize(
    "harmless",
    [
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.gzip.GZipMiddleware",
    ],
)
def test_what_never_answers_may_stand_above(harmless: str) -> None:
    with override_settings(MIDDLEWARE=[harmless, OURS]):
        assert found() == []


def test_what_is_unknown_above_ours_is_named() -> None:
    with override_settings(MIDDLEWARE=[here("unknown"), OURS, here("unknown")]):
        (info,) = all_found()
    assert (info.id, info.level) == ("cors_core.I003", checks.INFO)
    assert info.msg.startswith(f"{here('unknown')} stands above {OURS}")
    assert info.hint == f"put '{OURS}' above it if it ever answers"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("CORS_ALLOWED_ORIGINS", [ORIGIN], "did you mean 'allow_origins'?"),
        ("CORS_ALLOW_ALL_ORIGINS", True, "write allow_origins=['*'], without credentials"),
        ("CORS_ALLOW_ALL_ORIGINS", False, "remove it: a policy allows what its options list"),
        ("CORS_ALLOW_HEADERS", ["x-a"], "write 'allow_headers'"),
        ("CORS_ALLOWED_ORIGIN_REGEXES", [r"https://\w+\.example"], "write one regex of them all"),
        ("CORS_URLS_REGEX", "^/api/", "write paths=[('/api/', policy)]"),
    ],
)
def test_a_setting_of_django_cors_headers_is_a_warning(name: str, value: Any, hint: str) -> None:
    with override_settings(**{name: value}):
        (warning,) = all_found()
        assert (warning.id, warning.level, warning.obj) == ("cors_core.W005", 30, name)
        assert warning.msg == f"{name} is a setting of django-cors-headers, and has no effect"
        assert (warning.hint or "").startswith(hint)
        # While both are there, the settings are the other's.
        with override_settings(MIDDLEWARE=[OURS, "corsheaders.middleware.CorsMiddleware"]):
            assert found() == [("W003", None)]


def test_settings_of_the_site_itself_are_no_leftovers() -> None:
    with override_settings(CORS_SITES=[ORIGIN], CORS_ORIGINS_OF_STAGING=[]):
        assert found() == []


@pytest.mark.peers
def test_all_settings_of_django_cors_headers_are_known() -> None:
    # By name, because the sessions that check types and run the suite have no peers.
    conf = import_module("corsheaders.conf")
    names = {name for name in vars(conf.Settings) if name.isupper()}
    for name in names:
        with override_settings(**{name: None}):
            assert found() == [("W005", name)]
    assert len(names) == 10


def look_up(origin: str) -> bool:
    return True


async def look_up_async(origin: str) -> bool:
    return True


def choose(asked: PolicyRequest) -> Policy:
    return POLICY


async def choose_async(asked: PolicyRequest) -> Policy:
    return POLICY


class Chooser:
    async def __call__(self, asked: PolicyRequest) -> Policy:
        return POLICY


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"allow_origins": OriginLookup(look_up)}, [("W007", "CORS_CORE")]),
        ({"allow_origins": [ORIGIN, OriginLookup(look_up)]}, [("W007", "CORS_CORE")]),
        (Policy(allow_origins=OriginLookup(look_up)), [("W007", "CORS_CORE")]),
        (ReloadablePolicy(Policy(allow_origins=OriginLookup(look_up))), [("W007", "CORS_CORE")]),
        ({"allow_origins": OriginLookup(look_up_async)}, []),
        (choose, [("I002", "CORS_CORE")]),
        ({"policy": POLICY, "policies": {"a": choose}}, [("I002", "policies['a']")]),
        ({"policy": POLICY, "paths": [("/a", "b"), ("/", choose)], "policies": {"b": POLICY}},
         [("I002", "paths[1]")]),
        (choose_async, []),
        (Chooser(), []),
        ({"policy": POLICY, "paths": [("/", EXEMPT)]}, []),
    ],
)  # fmt: skip
def test_what_is_sync_is_told_where_asgi_serves(setting: Any, expected: Any) -> None:
    with override_settings(CORS_CORE=setting):
        assert found() == []
        with override_settings(ASGI_APPLICATION="site.asgi.application"):
            messages = all_found()
    assert [(str(message.id)[10:], message.obj) for message in messages] == expected
    assert all(message.hint for message in messages)


def new_view() -> Any:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return view


@pytest.mark.parametrize(
    ("setting", "warned"),
    [
        ({}, True),
        ({"allow_origins": []}, True),
        (ReloadablePolicy(NOBODY), True),
        ({"policies": {"closed": NOBODY}, "paths": [("/a", "closed"), ("/", NOBODY)]}, True),
        ({"policies": {"open": POLICY}}, False),
        ({"paths": [("/", POLICY)]}, False),
        ({"paths": [("/", EXEMPT)]}, False),
        ({"allow_origin_regex": r"https://\w+\.example\.com"}, False),
        ({"allow_origins": OriginLookup(look_up)}, False),
        (choose, False),
        (POLICY, False),
    ],
)
def test_a_site_that_allows_nobody_is_warned(setting: Any, warned: bool) -> None:
    with override_settings(CORS_CORE=setting):
        assert found() == ([("W008", "CORS_CORE")] if warned else [])
        with override_settings(ROOT_URLCONF=None):
            assert found() == ([("W008", "CORS_CORE")] if warned else [])


@pytest.mark.parametrize(
    ("marks", "warned"),
    [([NOBODY], True), (["closed"], True), ([NOBODY, POLICY], False), ([EXEMPT], False)],
)
def test_a_mark_may_be_what_allows_somebody(site: Any, marks: list[Any], warned: bool) -> None:
    views = [cors_exempt(view) if mark is EXEMPT else cors_policy(mark)(view)
             for mark in marks for view in [new_view()]]  # fmt: skip
    site.urlpatterns = [path(f"{index}", view) for index, view in enumerate(views)]
    with override_settings(CORS_CORE={"policies": {"closed": NOBODY}}):
        assert found() == ([("W008", "CORS_CORE")] if warned else [])


UNWISE: Any = {"allow_origins": ["http://app.example"], "allow_credentials": True, "max_age": 900}


def test_advice_is_given_before_deployment_only() -> None:
    setting = {"policy": POLICY, "paths": [("/", ReloadablePolicy(Policy(**UNWISE)))]}
    with override_settings(CORS_CORE=setting):
        assert found() == []
        messages = all_found(include_deployment_checks=True)
    assert [(message.id, message.level, message.obj) for message in messages] == [
        ("cors_core.I001", checks.INFO, "paths[0]")
    ] * 2
    assert messages[0].msg.startswith("allow_origins[0] 'http://app.example' is not encrypted")
    assert messages[1].msg.startswith("max_age 900 is cut to 600 by WebKit")


def test_nothing_is_advised_on_what_is_refused() -> None:
    with override_settings(CORS_CORE={"max_age": -1}, ASGI_APPLICATION="site.asgi.application"):
        assert found(include_deployment_checks=True) == [("E001", "CORS_CORE")]


def test_the_command_shows_it() -> None:
    output = StringIO()
    with override_settings(
        CORS_CORE=UNWISE, CORS_ALLOW_ALL_ORIGINS=True, ASGI_APPLICATION="site.asgi.application"
    ):
        call_command("check", "--deploy", stdout=output, stderr=output)
    shown = output.getvalue()
    assert "CORS_ALLOW_ALL_ORIGINS: (cors_core.W005) CORS_ALLOW_ALL_ORIGINS is a setting" in shown
    assert "HINT: write allow_origins=['*'], without credentials; the options of the pol" in shown
    assert "CORS_CORE: (cors_core.I001) allow_origins[0] 'http://app.example' is not enc" in shown
    with override_settings(CORS_CORE={"allow_orgins": []}):
        with pytest.raises(SystemCheckError) as raised:
            call_command("check", "--deploy", stdout=output, stderr=output)
        assert "(cors_core.E001) allow_orgins [] is no option" in str(raised.value)


@pytest.mark.parametrize("option", ["allow_origins", "paths"])
def test_an_iterator_is_refused_because_two_handlers_read_it(option: str) -> None:
    """It would be empty for the second: no origins, or paths that the default decides."""
    values: dict[str, list[Any]] = {"allow_origins": [ORIGIN], "paths": [("/", POLICY)]}
    with override_settings(CORS_CORE={option: iter(values[option])}):
        (error,) = all_found()
        assert error.id == "cors_core.E001"
        assert error.msg.endswith("is an iterator")
        assert error.hint == "write a list: an iterator can be read only once"
        for handler in (WSGIHandler, ASGIHandler):
            with pytest.raises(ImproperlyConfigured, match="is an iterator"):
                handler()
    with override_settings(CORS_CORE={option: values[option]}):
        assert found() == []
        for handler in (WSGIHandler, ASGIHandler):
            handler()


@pytest.fixture
def new_process() -> Iterator[None]:
    middleware._look_for_the_app.cache_clear()
    yield
    middleware._look_for_the_app.cache_clear()


@pytest.mark.usefixtures("new_process")
def test_without_the_app_one_warning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(INSTALLED_APPS=[]), caplog.at_level(logging.WARNING, "cors_core"):
        for _ in range(2):
            WSGIHandler()
            ASGIHandler()
            Client().get("/")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("INSTALLED_APPS has no 'cors_core_django', so `manage")


@pytest.mark.usefixtures("new_process")
def test_with_the_app_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "cors_core"):
        WSGIHandler()
    assert caplog.records == []


@pytest.mark.usefixtures("new_process")
def test_without_djangos_registry_nothing_is_looked_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "ready", False)
    monkeypatch.setattr(apps, "apps_ready", False)
    with override_settings(CORS_CORE=POLICY), caplog.at_level(logging.WARNING, "cors_core"):
        CORSMiddleware(lambda request: HttpResponse())
    assert caplog.records == []

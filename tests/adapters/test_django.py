"""Django: settings, system checks, both handlers, pages of errors."""

import asyncio
import logging
import threading
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils.decorators import sync_and_async_middleware

from cors_core import Policy
from cors_core_django import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import call_asgi, call_wsgi

OURS = "cors_core_django.CORSMiddleware"
POLICY = Policy(allow_origins=[ORIGIN])


def messages() -> list[checks.CheckMessage]:
    """Return what `manage.py check` says of our setting and middleware.

    Not of marks without effect: the module of the site has the views of other URLconfs too.
    """
    return [
        message
        for message in checks.run_checks()
        if str(message.id).startswith("cors_core.") and message.id != "cors_core.W006"
    ]


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
@pytest.mark.parametrize(
    ("setting", "match"),
    [
        ({"allow_origins": ["https://a.example/"]}, "a browser sends 'https://a.example'"),
        ({"allow_orgins": []}, "did you mean 'allow_origins'"),
        ("*", "is of type str; set CORS_CORE ="),
        (None, "CORS_CORE None is not set; set CORS_CORE ="),
    ],
)
def test_a_bad_policy_stops_the_start(handler: Any, setting: Any, match: str) -> None:
    with (
        override_settings(CORS_CORE=setting),
        pytest.raises(ImproperlyConfigured, match=f"the setting CORS_CORE: .*{match}"),
    ):
        handler()


def test_the_setting_may_be_missing_or_a_policy() -> None:
    from django.conf import settings

    with override_settings():
        del settings.CORS_CORE
        with pytest.raises(ImproperlyConfigured, match="is not set"):
            WSGIHandler()
    with override_settings(CORS_CORE=POLICY):
        response = Client().get("/", headers={"Origin": ORIGIN})
    assert response["Access-Control-Allow-Origin"] == ORIGIN


def test_override_settings_takes_effect_at_once() -> None:
    client = Client(headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in client.get("/")
    with override_settings(CORS_CORE={"allow_origins": [ORIGIN]}):
        assert client.get("/")["Access-Control-Allow-Origin"] == ORIGIN
        with override_settings(CORS_CORE={"allow_origins": ["*"]}):
            assert client.get("/")["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in client.get("/")


def test_a_good_site_has_nothing_to_check() -> None:
    assert messages() == []


def test_a_check_error_for_each_problem() -> None:
    setting = {"allow_origins": ["https://a.example/"], "max_age": -1}
    with override_settings(CORS_CORE=setting):
        first, second = messages()
    assert (first.id, first.level) == ("cors_core.E001", checks.ERROR)
    assert first.msg == "allow_origins[0] 'https://a.example/' has a path"
    assert first.hint == "a browser sends 'https://a.example'"
    assert second.msg == "max_age -1 is negative"


class Common(CommonMiddleware):
    """A subclass of a middleware that can answer."""


@pytest.mark.parametrize(
    "above",
    [
        "django.middleware.common.CommonMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "tests.adapters.test_django.Common",
    ],
)
def test_a_warning_for_what_can_answer_above_ours(above: str) -> None:
    with override_settings(MIDDLEWARE=[above, OURS]):
        (warning,) = messages()
    assert (warning.id, warning.level) == ("cors_core.W002", checks.WARNING)
    assert warning.msg.startswith(f"{above} stands above {OURS}")
    assert warning.hint == f"put '{OURS}' above it"
    with override_settings(MIDDLEWARE=[OURS, above]):
        assert messages() == []


def test_security_middleware_answers_only_to_redirect() -> None:
    security = "django.middleware.security.SecurityMiddleware"
    with override_settings(MIDDLEWARE=[security, OURS]):
        assert messages() == []
    with override_settings(MIDDLEWARE=[security, OURS], SECURE_SSL_REDIRECT=True):
        (warning,) = messages()
    assert warning.msg.startswith(security)


def test_whitenoise_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "whitenoise.middleware.WhiteNoiseMiddleware"
    monkeypatch.setattr("cors_core_django.order.import_string", lambda path: sync_only)
    with override_settings(MIDDLEWARE=[name, OURS]):
        (warning,) = messages()
    assert warning.msg.startswith(name)


def test_a_middleware_that_cannot_be_imported_is_djangos_business() -> None:
    with override_settings(MIDDLEWARE=["missing.Middleware", OURS]):
        assert messages() == []


def test_ours_is_missing_or_has_a_rival() -> None:
    with override_settings(MIDDLEWARE=[]):
        (warning,) = messages()
    assert (warning.id, warning.hint) == ("cors_core.W001", f"put '{OURS}' first")
    with override_settings(MIDDLEWARE=[OURS, "corsheaders.middleware.CorsMiddleware"]):
        (warning,) = messages()
    assert warning.id == "cors_core.W003"
    with override_settings(MIDDLEWARE=["cors_core_django.middleware.CORSMiddleware"]):
        assert messages() == []


def sync_only(get_response: Any) -> Any:
    return lambda request: get_response(request)


def test_no_change_of_thread() -> None:
    threads: list[int] = []

    async def view(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return HttpResponse("x")

    async def serve() -> HttpResponse:
        middleware: Any = CORSMiddleware(view)  # awaitable, for the view is async
        response: HttpResponse = await middleware(
            RequestFactory().get("/", headers={"Origin": ORIGIN})
        )
        return response

    with override_settings(CORS_CORE=POLICY):
        response = asyncio.run(serve())
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert threads == [threading.get_ident()]


def test_django_adapts_nothing_round_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "django.request")
    logger = logging.getLogger("django.request")
    level = logger.level
    logger.setLevel("DEBUG")
    try:
        with override_settings(DEBUG=True):
            ASGIHandler()
            WSGIHandler()
    finally:
        logger.setLevel(level)
    assert "adapted for middleware cors_core_django" not in caplog.text


def test_the_debug_page_and_the_apps_own() -> None:
    with override_settings(CORS_CORE=POLICY, DEBUG=True):
        response = call_wsgi(WSGIHandler(), request(path="/crash"))
        assert b"Traceback" in response.body
        assert response.values("access-control-allow-origin") == [ORIGIN]
        response = call_asgi(ASGIHandler(), request(path="/crash"))
        assert b"Traceback" in response.body
        assert response.values("access-control-allow-origin") == [ORIGIN]


@sync_and_async_middleware
def login_required(get_response: Any) -> Any:
    """Stand for an authentication middleware below ours."""
    return lambda request: HttpResponse(status=401)


def test_a_preflight_is_answered_before_authentication() -> None:
    below = "tests.adapters.test_django.login_required"
    with override_settings(CORS_CORE=POLICY, MIDDLEWARE=[OURS, below]):
        app = WSGIHandler()
        assert call_wsgi(app, preflight()).body == b"OK"
        response = call_wsgi(app, request())
    assert response.status == 401
    assert response.values("access-control-allow-origin") == [ORIGIN]


def test_the_async_client_of_django() -> None:
    async def get() -> Any:
        return await AsyncClient().get("/", headers={"Origin": ORIGIN})

    with override_settings(CORS_CORE=POLICY):
        assert asyncio.run(get())["Access-Control-Allow-Origin"] == ORIGIN

"""The same small app in the frameworks that have both interfaces, each with its adapter."""

from typing import Any

import django
import falcon
import falcon.asgi
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

import cors_core_falcon
from tests.servers.shared import POLICY, Crash


def _django_plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("app")


def _django_crash(request: HttpRequest) -> HttpResponse:
    raise Crash(request.GET["token"])


urlpatterns = [path("", _django_plain), path("crash", _django_crash)]

settings.configure(
    ALLOWED_HOSTS=["*"],
    CORS_CORE=POLICY,
    MIDDLEWARE=["cors_core_django.CORSMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the tests",
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "loggers": {
            "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}
        },
    },
)
django.setup()


class _Resource:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = "app"


class _CrashResource:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise Crash(req.get_param("token"))


class _AsyncResource:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.text = "app"


class _AsyncCrashResource:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        raise Crash(req.get_param("token"))


def _falcon() -> Any:
    app = falcon.App(middleware=[cors_core_falcon.CORSMiddleware(policy=POLICY)])
    app.add_route("/", _Resource())
    app.add_route("/crash", _CrashResource())
    return app


def _falcon_async() -> Any:
    app = falcon.asgi.App(middleware=[cors_core_falcon.CORSMiddleware(policy=POLICY)])
    app.add_route("/", _AsyncResource())
    app.add_route("/crash", _AsyncCrashResource())
    return app


django_wsgi = WSGIHandler()
django_asgi = ASGIHandler()
falcon_wsgi = _falcon()
falcon_asgi = _falcon_async()

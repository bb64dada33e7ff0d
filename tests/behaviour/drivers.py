"""How each adapter is put round the same small app.

A driver is a function from a policy, and what else the `build` of an app takes, to a function from
a Request to a Response. A new framework is a file in `apps` and a line here.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from cors_core import Policy

from .apps import (
    bottle,
    django,
    falcon,
    fastapi,
    flask,
    litestar,
    plain,
    pyramid,
    quart,
    sanic,
    starlette,
)
from .core_driver import core
from .transports import Request, Response, Send, call_asgi, call_wsgi

Driver = Callable[..., Send]


def driver(call: Callable[[Any, Request], Response], build: Callable[..., Any]) -> Driver:
    """Return the driver of the apps that `build` makes and `call` sends requests to."""

    @lru_cache
    def built(policy: Policy) -> Any:
        return build(policy)

    def drive(policy: Any, **more: Any) -> Send:
        # Most cases differ in their request only, and many of these apps are slow to build.
        alike = isinstance(policy, Policy) and not more
        return partial(call, built(policy) if alike else build(policy, **more))

    return drive


DRIVERS: dict[str, Driver] = {
    "core": core,
    "asgi": driver(call_asgi, plain.build_asgi),
    "wsgi": driver(call_wsgi, plain.build_wsgi),
    "starlette": driver(call_asgi, starlette.build),
    "fastapi": driver(call_asgi, fastapi.build),
    "flask": driver(call_wsgi, flask.build),
    "django-wsgi": driver(call_wsgi, django.build_wsgi),
    "django-asgi": driver(call_asgi, django.build_asgi),
    "falcon-wsgi": driver(call_wsgi, falcon.build_wsgi),
    "falcon-asgi": driver(call_asgi, falcon.build_asgi),
    "litestar": driver(call_asgi, litestar.build),
    "quart": driver(call_asgi, quart.build),
    "sanic": driver(call_asgi, sanic.build),
    "bottle": driver(call_wsgi, bottle.build),
    "pyramid": driver(call_wsgi, pyramid.build),
}
WITHOUT_ROUTES = {"asgi", "wsgi", "litestar", "quart", "sanic", "bottle", "pyramid"}
"""The drivers whose adapter knows no router, and so no routes that could be marked."""

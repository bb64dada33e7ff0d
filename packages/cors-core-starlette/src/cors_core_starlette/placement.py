"""Where CORSMiddleware stands in an app: beside what, and whether the app is just building it."""

from typing import Any, Final
from weakref import WeakSet

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware as StarlettesOwn
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Router

from cors_core.adapters import logger
from cors_core_starlette.routes import layers_of

_NEVER_ANSWERS = {
    # They change or watch the answers of others, and have none of their own.
    "asgi_correlation_id.middleware.CorrelationIdMiddleware",
    "elasticapm.contrib.starlette.ElasticAPM",
    "opentelemetry.instrumentation.asgi.OpenTelemetryMiddleware",
    "sentry_sdk.integrations.asgi.SentryAsgiMiddleware",
    "starlette.middleware.gzip.GZipMiddleware",
    "starlette.middleware.opentelemetry.OpenTelemetryMiddleware",
    "starlette.middleware.sessions.SessionMiddleware",
    "uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware",
    # Answers only requests to a host that is not ours, of which a page need not know more. Its
    # redirect to `www.` is one of these.
    "starlette.middleware.trustedhost.TrustedHostMiddleware",
}
"""Middleware that may stand outside CORSMiddleware. All others may answer a preflight.

HTTPSRedirectMiddleware is none of them: browsers do not follow the redirect of a preflight.
https://fetch.spec.whatwg.org/#cors-preflight-fetch
"""


_looked_at: Final[WeakSet[Starlette]] = WeakSet()
"""Apps whose stack was looked at, because several of ours may stand in one."""


def is_built_by_starlette(app: object) -> bool:
    """Say whether a middleware round `app` is being built by Starlette, as its app starts to serve.

    It is too late to raise then: a server takes that for an app without a lifespan. Elsewhere it
    is the caller's own code, also that of a Mount, Router or Route with `middleware`.
    """
    innermost = app
    for innermost in layers_of(app):
        if isinstance(innermost, ExceptionMiddleware):
            return True
        if isinstance(innermost, Starlette | Router | type):
            return False
    # Middleware that hides its app is in doubt within a stack; a Route's function never is.
    package = getattr(innermost, "__module__", "").partition(".")[0]
    return package not in ("starlette", "fastapi")


def warn_of_placement(owner: object, wrapped: object, ours: type) -> None:
    """Log what in an app keeps `ours` from deciding alone and first. Once for each app.

    :param owner: the app that runs the middleware, if any.
    :param wrapped: what the middleware was put round, maybe the whole app by hand.
    """
    inside = list(layers_of(wrapped))
    by_hand = 1 + sum(isinstance(layer, ours) for layer in inside)
    apps = {id(layer): by_hand for layer in inside if isinstance(layer, Starlette)}
    for app in (*inside, owner):
        if isinstance(app, Starlette) and app not in _looked_at:
            _looked_at.add(app)
            _warn_of_stack(app.user_middleware, ours, apps.get(id(app), 0))
            if id(app) not in apps and getattr(app, "max_body_size", None) is not None:
                logger.warning(
                    "max_body_size is checked outside CORSMiddleware, and its 413 has no CORS"
                    " headers; write app = CORSMiddleware(app, ...) in place of add_middleware"
                )


def _warn_of_stack(stack: list[Middleware], ours: type, by_hand: int) -> None:
    """Log what is wrong with a stack, outside of which `by_hand` more of ours stand."""
    if any(_is_a(entry, StarlettesOwn) for entry in stack):
        logger.warning(
            "Starlette's CORSMiddleware stands beside cors-core's, and may allow origins that this"
            " one refuses; remove it"
        )
    places = [place for place, entry in enumerate(stack) if _is_a(entry, ours)]
    if len(places) + by_hand > 1:
        logger.warning(
            "CORSMiddleware is added %d times, and the outermost alone has an effect; keep one, and"
            " choose between policies by cors_policy or paths=[...]",
            len(places) + by_hand,
        )
    if by_hand or not places:
        return
    names = [_name(entry) for entry in stack[: places[0]] if not _is_a(entry, StarlettesOwn)]
    if answering := [name for name in names if name not in _NEVER_ANSWERS]:
        logger.warning(
            "CORSMiddleware is not the outermost middleware: an answer of %s, to a preflight too,"
            " has no CORS headers; call add_middleware(CORSMiddleware, ...) last, after every"
            " @app.middleware, or list it first in middleware=[...]",
            ", ".join(answering),
        )


def _is_a(entry: Middleware, kind: type) -> bool:
    return isinstance(entry.cls, type) and issubclass(entry.cls, kind)


def _name(entry: Middleware) -> str:
    """Return the full name of a middleware: a class, or a function of `@app.middleware`."""
    named: Any = entry.kwargs.get("dispatch", entry.cls)
    return f"{named.__module__}.{getattr(named, '__qualname__', type(named).__qualname__)}"

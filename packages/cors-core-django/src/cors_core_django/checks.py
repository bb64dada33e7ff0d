"""What `manage.py check` says about CORS_CORE and the order of MIDDLEWARE."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from cors_core import PolicyError
from cors_core_django.settings import policy_from_settings

OURS = "cors_core_django.CORSMiddleware"
OURS_IN_FULL = "cors_core_django.middleware.CORSMiddleware"


def _always() -> bool:
    return True


_CAN_ANSWER: dict[str, Callable[[], bool]] = {
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware": _always,
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware": _always,
    "django.middleware.cache.FetchFromCacheMiddleware": _always,
    "django.middleware.cache.CacheMiddleware": _always,
    "django.middleware.common.CommonMiddleware": _always,
    "django.middleware.csrf.CsrfViewMiddleware": _always,
    "django.middleware.http.ConditionalGetMiddleware": _always,
    "django.middleware.locale.LocaleMiddleware": _always,
    "django.middleware.security.SecurityMiddleware": lambda: bool(settings.SECURE_SSL_REDIRECT),
    "whitenoise.middleware.WhiteNoiseMiddleware": _always,
}
"""Middleware that answers by itself, or rewrites an answer, and when it does."""

_OTHER_CORS = "corsheaders.middleware.CorsMiddleware"


@checks.register(checks.Tags.security)
def check_policy(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for each problem of the policy in CORS_CORE."""
    try:
        policy_from_settings()
    except PolicyError as error:
        return [
            checks.Error(
                problem.finding,
                hint=problem.fix,
                obj="CORS_CORE",
                id="cors_core.E001",
            )
            for problem in error.problems
        ]
    return []


@checks.register(checks.Tags.security)
def check_order(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each middleware that can answer in place of ours, or beside it."""
    paths = list(settings.MIDDLEWARE)
    ours = next((i for i, path in enumerate(paths) if path in (OURS, OURS_IN_FULL)), None)
    if ours is None:
        hint = f"put {OURS!r} first"
        return [checks.Warning("MIDDLEWARE has no CORS middleware", hint=hint, id="cors_core.W001")]
    warnings: list[checks.CheckMessage] = [
        checks.Warning(
            f"{path} stands above {OURS} in MIDDLEWARE and can answer without CORS headers",
            hint=f"put {OURS!r} above it",
            id="cors_core.W002",
        )
        for path in paths[:ours]
        if _can_answer(path)
    ]
    if _OTHER_CORS in paths:
        message = f"{_OTHER_CORS} and {OURS} are both in MIDDLEWARE"
        hint = "remove the other: one policy decides"
        warnings.append(checks.Warning(message, hint=hint, id="cors_core.W003"))
    return warnings


def _can_answer(path: str) -> bool:
    """Say whether the middleware at `path`, or one that it inherits from, can answer."""
    try:
        middleware = import_string(path)
    except ImportError:
        return False  # Django itself says so when it starts
    bases = middleware.__mro__ if isinstance(middleware, type) else ()
    names = {path, *(f"{base.__module__}.{base.__qualname__}" for base in bases)}
    return any(name in names and can() for name, can in _CAN_ANSWER.items())

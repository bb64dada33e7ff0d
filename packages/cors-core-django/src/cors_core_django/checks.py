"""What `manage.py check` says about CORS_CORE, marks of views and the order of MIDDLEWARE."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from cors_core.adapters import PolicyError, Problem
from cors_core_django.settings import SETTING, layer_from_settings
from cors_core_django.urlconf import marks_of_site, unreached_marks

# What a handler that cannot await refuses, it refuses when it starts: nothing here says which one
# is going to serve.
_AWAITS = True

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
    """Return an error for each problem of the setting CORS_CORE."""
    try:
        layer_from_settings(_AWAITS)
    except PolicyError as error:
        return [_error(problem, SETTING, "E001") for problem in error.problems]
    return []


@checks.register(checks.Tags.urls)
def check_marks(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for each view whose mark names a policy that CORS_CORE does not have."""
    if not getattr(settings, "ROOT_URLCONF", None) or check_policy(app_configs):
        return []
    choice = layer_from_settings(_AWAITS).choice
    errors = {
        (where, problem.finding): _error(problem, where, "E002")
        for where, mark in marks_of_site()
        if (problem := choice.problem_of(mark, "cors_policy"))
    }
    return list(errors.values())


@checks.register(checks.Tags.urls)
def check_marks_are_reached(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return a warning for each mark that no view of the site carries."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    hint = (
        "mark the view as it stands in the URLconf, or use functools.wraps in what wraps it; if a"
        " middleware sets request.urlconf to one that has the view, silence cors_core.W006"
    )
    return [
        checks.Warning(
            "no route of ROOT_URLCONF reaches this mark, which has no effect",
            hint=hint,
            obj=name,
            id="cors_core.W006",
        )
        for name in unreached_marks()
    ]


def _error(problem: Problem, where: str, number: str) -> checks.Error:
    return checks.Error(problem.finding, hint=problem.fix, obj=where, id=f"cors_core.{number}")


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

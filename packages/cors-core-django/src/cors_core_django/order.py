"""What `manage.py check` says about MIDDLEWARE: ours missing, not first, twice, beside another."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from cors_core_django.middleware import CORSMiddleware
from cors_core_django.settings import SETTING

OURS = "cors_core_django.CORSMiddleware"
_OURS = (OURS, "cors_core_django.middleware.CORSMiddleware")


def _always() -> bool:
    return True


def _never() -> bool:
    return False


_CAN_ANSWER: dict[str, Callable[[], bool]] = {
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware": _always,
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware": _always,
    # Answers 400 when the session was deleted while the view ran.
    "django.contrib.sessions.middleware.SessionMiddleware": _always,
    "django.middleware.cache.FetchFromCacheMiddleware": _always,
    "django.middleware.cache.CacheMiddleware": _always,
    "django.middleware.common.CommonMiddleware": _always,
    "django.middleware.http.ConditionalGetMiddleware": _always,
    "django.middleware.locale.LocaleMiddleware": _always,
    "django.middleware.security.SecurityMiddleware": lambda: bool(settings.SECURE_SSL_REDIRECT),
    "whitenoise.middleware.WhiteNoiseMiddleware": _always,
    # What a middleware's process_view answers passes through all others, wherever it stands: that
    # of CsrfViewMiddleware and of LoginRequiredMiddleware too.
    "django.contrib.admindocs.middleware.XViewMiddleware": _never,
    "django.contrib.auth.middleware.AuthenticationMiddleware": _never,
    "django.contrib.auth.middleware.LoginRequiredMiddleware": _never,
    "django.contrib.auth.middleware.RemoteUserMiddleware": _never,
    "django.contrib.messages.middleware.MessageMiddleware": _never,
    "django.contrib.sites.middleware.CurrentSiteMiddleware": _never,
    "django.middleware.cache.UpdateCacheMiddleware": _never,
    "django.middleware.clickjacking.XFrameOptionsMiddleware": _never,
    "django.middleware.common.BrokenLinkEmailsMiddleware": _never,
    "django.middleware.csp.ContentSecurityPolicyMiddleware": _never,
    "django.middleware.csrf.CsrfViewMiddleware": _never,
    "django.middleware.gzip.GZipMiddleware": _never,
    # Chooses the URLconf, which preflights need as well.
    "django_hosts.middleware.HostsRequestMiddleware": _never,
}
"""Middleware that is known, and when it answers by itself or rewrites an answer."""


@checks.register(checks.Tags.security)
def check_order(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each middleware that can answer in place of ours, or beside it."""
    paths = list(settings.MIDDLEWARE)
    ours = [index for index, path in enumerate(paths) if _is_ours(path)]
    if not ours:
        hint = f"put {OURS!r} first"
        return [checks.Warning("MIDDLEWARE has no CORS middleware", hint=hint, id="cors_core.W001")]
    above = [path for path in paths[: ours[0]] if not _is_other_cors(path)]
    found = [message for path in above for message in _on_what_stands_above(path)]
    for path in _other_cors():
        message = f"{path} and {OURS} are both in MIDDLEWARE"
        hint = "remove the other: one policy decides"
        found.append(checks.Warning(message, hint=hint, id="cors_core.W003"))
    if len(ours) > 1:
        message = f"MIDDLEWARE has {OURS} {len(ours)} times"
        hint = f"keep the first: policies by path or view are options of {SETTING}"
        found.append(checks.Warning(message, hint=hint, id="cors_core.W004"))
    return found


def has_other_cors() -> bool:
    """Say whether MIDDLEWARE has another CORS middleware than ours."""
    return bool(_other_cors())


def _other_cors() -> list[str]:
    return [path for path in settings.MIDDLEWARE if _is_other_cors(path)]


def _on_what_stands_above(path: str) -> list[checks.CheckMessage]:
    can = _can_answer(path)
    hint = f"put {OURS!r} above it"
    if can is None:
        message = f"{path} stands above {OURS} in MIDDLEWARE: what it answers has no CORS headers"
        return [checks.Info(message, hint=f"{hint} if it ever answers", id="cors_core.I003")]
    if can:
        message = f"{path} stands above {OURS} in MIDDLEWARE and can answer without CORS headers"
        return [checks.Warning(message, hint=hint, id="cors_core.W002")]
    return []


def _is_ours(path: str) -> bool:
    return path in _OURS or CORSMiddleware in _bases(_imported(path))


def _is_other_cors(path: str) -> bool:
    """Say whether the name of a middleware, or of one that it inherits from, speaks of CORS."""
    names = [path.rpartition(".")[2], *(base.__name__ for base in _bases(_imported(path)))]
    return not _is_ours(path) and any("cors" in name.lower() for name in names)


def _can_answer(path: str) -> bool | None:
    """Say whether the middleware at a path can answer; `None` where it is not known."""
    middleware = _imported(path)
    if middleware is None:
        return False
    names = {path, *(f"{base.__module__}.{base.__qualname__}" for base in _bases(middleware))}
    known = [can() for name, can in _CAN_ANSWER.items() if name in names]
    return any(known) if known else None


def _imported(path: str) -> Any:
    try:
        return import_string(path)
    except Exception:  # noqa: BLE001  # Django reports it when it starts
        return None


def _bases(middleware: Any) -> tuple[type, ...]:
    return middleware.__mro__ if isinstance(middleware, type) else ()

"""What `manage.py check` advises on a CORS_CORE that is valid: unwise options, or a wrong place."""

from collections.abc import Iterator, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core import checks

from cors_core.adapters import PolicyOptions, not_an_option
from cors_core_django.order import has_other_cors
from cors_core_django.settings import SETTING, sources_from_settings
from cors_core_django.urlconf import marks_of_site

_OF_DJANGO_CORS_HEADERS = (
    "CORS_ALLOWED_ORIGINS",
    "CORS_ALLOWED_ORIGIN_REGEXES",
    "CORS_ALLOW_ALL_ORIGINS",
    "CORS_ALLOW_CREDENTIALS",
    "CORS_ALLOW_HEADERS",
    "CORS_ALLOW_METHODS",
    "CORS_ALLOW_PRIVATE_NETWORK",
    "CORS_EXPOSE_HEADERS",
    "CORS_ORIGIN_ALLOW_ALL",
    "CORS_ORIGIN_REGEX_WHITELIST",
    "CORS_ORIGIN_WHITELIST",
    "CORS_PREFLIGHT_MAX_AGE",
    "CORS_URLS_REGEX",
)

_BLOCKS = (
    "the callable is sync, and under ASGI it runs in the event loop: while it waits, so do all"
    " requests; and Django's ORM raises there, which refuses the request"
)
_IN_THREADS = (
    "its OriginLookup asks a sync function, which under ASGI runs in threads whose database"
    " connections Django neither closes nor renews"
)


@checks.register(checks.Tags.security)
def check_leftover_settings(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return a warning for each setting of django-cors-headers, once that is removed."""
    if has_other_cors():
        return []
    return [
        checks.Warning(
            f"{name} is a setting of django-cors-headers, and has no effect",
            hint=f"{_fix(name)}; the options of the policy stand in {SETTING}",
            obj=name,
            id="cors_core.W005",
        )
        for name in _OF_DJANGO_CORS_HEADERS
        if hasattr(settings, name)
    ]


def _fix(name: str) -> str:
    option = name.removeprefix("CORS_").lower()
    if option in PolicyOptions.__annotations__:
        return f"write {option!r}"
    return not_an_option(name, getattr(settings, name), PolicyOptions.__annotations__).fix


@checks.register(checks.Tags.urls)
def check_somebody_is_allowed(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return a warning if no policy of the site, nor any mark, allows an origin."""
    # A name stands for one of the policies, which come as well.
    sources = [source for _, source in sources_from_settings() if not isinstance(source, str)]
    if getattr(settings, "ROOT_URLCONF", None):
        sources += [mark for _, mark in marks_of_site() if not isinstance(mark, str)]
    if not sources or not all(_is_policy(source) and source.allows_nobody for source in sources):
        return []
    hint = "list in allow_origins the origins whose pages may read this site"
    message = f"{SETTING} allows no origin: every CORS request is refused"
    return [checks.Warning(message, hint=hint, obj=SETTING, id="cors_core.W008")]


@checks.register(checks.Tags.security)
def check_sync_under_asgi(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return what to know of sync lookups and callables, if the site is served by ASGI."""
    if not getattr(settings, "ASGI_APPLICATION", None):
        return []
    return [
        message for where, source in sources_from_settings() for message in _sync(where, source)
    ]


def _sync(where: str, source: Any) -> Iterator[checks.CheckMessage]:
    if _is_policy(source):
        if any(getattr(origin, "is_async", True) is False for origin in source.allow_origins):
            hint = (
                "write an async function, such as `await Site.objects.filter(...).aexists()`; else"
                " call django.db.close_old_connections() before its query"
            )
            yield checks.Warning(_IN_THREADS, hint=hint, obj=where, id="cors_core.W007")
    elif callable(source) and not (
        iscoroutinefunction(source) or iscoroutinefunction(type(source).__call__)
    ):
        hint = "write an async function, unless it only picks a policy that is in memory"
        yield checks.Info(_BLOCKS, hint=hint, obj=where, id="cors_core.I002")


@checks.register(checks.Tags.security, deploy=True)
def check_advice(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what the policies allow though it is unwise; with `--deploy`, as it stands there."""
    return [
        checks.Info(problem.finding, hint=problem.fix, obj=where, id="cors_core.I001")
        for where, source in sources_from_settings()
        if _is_policy(source)
        for problem in source.advice
    ]


def _is_policy(source: Any) -> bool:
    return hasattr(source, "advice")

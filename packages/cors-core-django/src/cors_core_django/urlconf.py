"""All views of the site, as its URLconf has them, and the marks that none of them carries."""

import logging
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from django.apps import apps
from django.urls import URLPattern, get_resolver

from cors_core.adapters import MARKS, mark_of
from cors_core_django.views import (
    enclosed_in,
    marked_in,
    methods_of,
    name_of,
    places_of_mark,
    unwrapped,
)

_reported: set[str] = set()


def marks_of_site() -> Iterator[tuple[str, object]]:
    """Return where the marks of all views of the site stand, and the marks; some more than once."""
    for view in _views():
        for method in methods_of(view):
            for place in places_of_mark(view, method):
                mark = mark_of(place)
                if mark is not None:
                    yield name_of(place), mark


def unreached_marks() -> list[str]:
    """Return the names of what is marked in the site's own modules without any effect.

    That is: no view of ROOT_URLCONF has the mark. Other modules are those of another app in the
    same process, perhaps of another framework.
    """
    reached = {id(found) for view in _views() for found in marked_in(view)}
    lost = [endpoint for endpoint in MARKS.endpoints() if id(endpoint) not in reached]
    if not lost:
        return []
    modules = set(_modules())
    return list(dict.fromkeys(name_of(found) for found in lost if _is_in(found, modules)))


def report_unreached_marks() -> None:
    """Log the marks without effect, each once in the life of the process."""
    names = [name for name in unreached_marks() if name not in _reported]
    if names:
        _reported.update(names)
        logging.getLogger("cors_core").warning(
            "no route reaches the CORS mark on %s: it has no effect; mark the view as it stands in"
            " the URLconf, or use functools.wraps in what wraps it",
            ", ".join(names),
        )


def _entries() -> Iterator[Any]:
    """Return the resolvers and patterns of ROOT_URLCONF, in their order."""
    pending: list[Any] = [get_resolver()]
    while pending:
        entry = pending.pop()
        yield entry
        if not isinstance(entry, URLPattern):
            pending += reversed(entry.url_patterns)


def _views() -> Iterator[Any]:
    return (entry.callback for entry in _entries() if isinstance(entry, URLPattern))


def _modules() -> Iterator[str]:
    """Return the modules of the views and URLconfs, and those whose contents the URLconfs name."""
    for entry in _entries():
        if isinstance(entry, URLPattern):
            for function in unwrapped(entry.callback):
                yield from map(_module_of, (function, *enclosed_in(function).values()))
        elif isinstance(entry.urlconf_module, ModuleType):
            yield from map(_module_of, (entry.urlconf_module, *vars(entry.urlconf_module).values()))


def _module_of(value: object) -> str:
    """Return the name of a module, or of the module of a function, a class or an instance."""
    try:
        name = getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", None)
    except Exception:  # noqa: BLE001  # a proxy in a URLconf, of something that is not there yet
        return ""
    return name if isinstance(name, str) else ""


def _is_in(endpoint: object, modules: set[str]) -> bool:
    module = _module_of(endpoint)
    packages = (f"{config.name}." for config in apps.app_configs.values())
    return module in modules or any(f"{module}.".startswith(package) for package in packages)

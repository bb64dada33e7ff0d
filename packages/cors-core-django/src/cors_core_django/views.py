"""What a view consists of, and where its mark may stand: functions, classes, and what hides them.

The REST framework's `api_view` and django-ninja put a function into a view of their own, without
its mark. Nothing here knows of URLconfs.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from cors_core.adapters import mark_of


def places_of_mark(view: Any, method: str) -> tuple[object, ...]:
    """Return what may carry the mark of a view for a method; what comes first counts.

    Empty where the view does not serve the method.
    """
    view_class = class_of(view)
    if view_class is not None:
        handler = _handler(view, view_class, method.lower())
        if handler is None:
            return ()
        function = _function_of_api_view(view_class)
        return (handler, view, view_class) if function is None else (view, function)
    operations = _ninja_operations(view)
    if operations is not None:
        return tuple(found.view_func for found in operations if method in found.methods)[:1]
    return (view, *places_of_mark(view.func, method)) if isinstance(view, partial) else (view,)


def methods_of(view: Any) -> Iterable[str]:
    """Return the methods by which the places of a view's mark may differ: at least one."""
    view_class = class_of(view)
    if view_class is not None:
        return [method.upper() for method in view_class.http_method_names]
    operations = _ninja_operations(view)
    if operations is not None:
        return [method for operation in operations for method in operation.methods]
    return methods_of(view.func) if isinstance(view, partial) else ("GET",)


def class_of(view: Any) -> Any:
    """Return the class behind a view: Django's name for it, or that of the REST framework."""
    view_class = getattr(view, "view_class", getattr(view, "cls", None))
    return view_class if hasattr(view_class, "http_method_names") else None


def marked_in(view: Any) -> Iterator[object]:
    """Return all functions and classes that were marked with what the adapter finds at a view."""
    for method in methods_of(view):
        marked = [place for place in places_of_mark(view, method) if mark_of(place) is not None]
        for place in marked[:1]:
            yield from (found for found in _origins_of(place) if mark_of(found) is mark_of(place))


def name_of(view: Any) -> str:
    """Return the full name of a view or of what carries its mark, by its class if it has one."""
    while isinstance(view, partial):
        view = view.func
    named = class_of(view) or view
    named = named if hasattr(named, "__qualname__") else type(named)
    return f"{named.__module__}.{named.__qualname__}"


def unwrapped(function: Any) -> list[Any]:
    """Return a function, what it wraps by `functools.wraps`, and so on."""
    found: dict[int, Any] = {}
    while function is not None and id(function) not in found:
        found[id(function)] = function
        function = getattr(function, "__wrapped__", None)
    return list(found.values())


def enclosed_in(function: Any) -> dict[str, Any]:
    """Return what a closure holds, by the names that it has there."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    found = {}
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=False):
        with suppress(ValueError):  # nothing was ever put there
            found[name] = cell.cell_contents
    return found


def _origins_of(place: Any) -> Iterator[object]:
    """Return what the mark of a place may have been put on, before it was copied or inherited."""
    yield from place.__mro__ if isinstance(place, type) else unwrapped(place)
    # `as_view` copies the attributes of `dispatch`.
    yield from unwrapped(getattr(class_of(place), "dispatch", None))


def _handler(view: Any, view_class: Any, method: str) -> object:
    if method not in view_class.http_method_names:
        return None
    # A viewset's actions: {"get": "list"}.
    actions = getattr(view, "actions", None) or {}
    handler = getattr(view_class, actions.get(method, method), None)
    # Django and the REST framework alike have GET serve HEAD.
    return _handler(view, view_class, "get") if handler is None and method == "head" else handler


@lru_cache(maxsize=1000)  # every request to a class-based view comes here
def _function_of_api_view(view_class: Any) -> Any:
    """Return the function that `rest_framework.decorators.api_view` made a class of."""
    for method in view_class.http_method_names:
        handler = getattr(view_class, method, None)
        if getattr(handler, "__module__", None) == "rest_framework.decorators":
            return enclosed_in(handler).get("func")
    return None


def _ninja_operations(view: Any) -> Any:
    """Return the operations of a django-ninja view, which it chooses from by the method."""
    # `unwrapped` takes longer than all the rest, and nearly no view is wrapped.
    for function in unwrapped(view) if hasattr(view, "__wrapped__") else (view,):
        if getattr(function, "__module__", None) == "ninja.operation":
            # Before django-ninja 1.5 the view is a method of what a closure holds today.
            holder = getattr(function, "__self__", None) or enclosed_in(function).get("self")
            return getattr(holder, "operations", None)
    return None

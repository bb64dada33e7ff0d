"""Marks on endpoints: which policy a route wants. The adapters read them; nothing here routes."""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import Any, Final, TypeVar
from weakref import ref

from cors_core.errors import PolicyError, Problem

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])

ATTRIBUTE: Final = "__cors_core_policy__"


class Exemption(Enum):
    """The mark of an endpoint that no policy applies to."""

    EXEMPT = "exempt"


EXEMPT: Final = Exemption.EXEMPT


class Marks:
    """The endpoints of this process that were ever marked; if none, none need be looked for."""

    __slots__ = ("_endpoints", "exist")

    def __init__(self) -> None:
        self.exist = False
        self._endpoints: list[ref[Any]] = []

    def add(self, endpoint: object) -> None:
        """Remember an endpoint while it lives; one that takes no weak reference is left out."""
        self.exist = True
        with suppress(TypeError):
            # The dead are removed, because some decorators mark a new function in each request:
            # Django's method_decorator does.
            self._endpoints.append(ref(endpoint, self._endpoints.remove))

    def endpoints(self) -> list[object]:
        """Return the marked endpoints that are still alive, in the order of marking."""
        # Of a copy: another thread may mark one, or the last reference to one may go, meanwhile.
        alive = [reference() for reference in tuple(self._endpoints)]
        return [endpoint for endpoint in alive if endpoint is not None]


MARKS: Final = Marks()

marks_exist: Final = partial(getattr, MARKS, "exist")
"""Says whether any endpoint is marked, with no frame of Python: `marked` of most routes."""


def cors_policy(policy: Any) -> Callable[[_Endpoint], _Endpoint]:
    """Return a decorator that has `policy` decide for one endpoint: a function, method or class.

    The policy is a Policy, a ReloadablePolicy, a callable of a PolicyRequest, or the name of one
    in the adapter's `policies`. The decorator only marks, so its place among others is free.

    :raises PolicyError: for anything else.

    >>> @cors_policy("public")
    ... def endpoint(): ...
    """
    known = isinstance(policy, str) or hasattr(policy, "decide") or hasattr(policy, "current")
    if not (known or callable(policy)):
        fix = "give a Policy, or the name of one in the adapter's policies"
        raise PolicyError((Problem("cors_policy", policy, "is no policy and no name", fix),))

    def mark(endpoint: _Endpoint) -> _Endpoint:
        return _marked(endpoint, policy)

    return mark


def cors_exempt(endpoint: _Endpoint) -> _Endpoint:
    """Have no policy apply to an endpoint: it answers preflights itself, and its headers are kept.

    A browser refuses all the same what the endpoint's own headers do not allow.
    """
    return _marked(endpoint, EXEMPT)


def mark_of(*endpoints: object) -> Any:
    """Return the mark of the first endpoint that has one, else `None`."""
    for endpoint in endpoints:
        mark = getattr(endpoint, ATTRIBUTE, None)
        if mark is not None:
            return mark[0]
    return None


def _marked(endpoint: _Endpoint, mark: object) -> _Endpoint:
    # In a tuple: a callable that hung on a class by itself would be a method of its instances.
    setattr(endpoint, ATTRIBUTE, (mark,))
    MARKS.add(endpoint)
    return endpoint

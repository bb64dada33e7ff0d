"""What an adapter looks at once: as it is built, at its app's start-up, or at the first request.

What is found by then in the app only warns: the policy is valid, but not used as it seems to be.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from cors_core.choosing.choice import PolicyChoice
from cors_core.choosing.marks import ATTRIBUTE, MARKS
from cors_core.errors import PolicyError, Problem
from cors_core.failures import logger
from cors_core.layer import Layer, Undecided
from cors_core.messages import Decision
from cors_core.options.unknown import positional_arguments

_Request = TypeVar("_Request")

_MOST_NAMED: Final = 10
_settled: Final[dict[int, object]] = {}
"""The marks that an app has reached, or that were reported, by their ids."""


def check_app(app: object, kind: str) -> None:
    """Check that a middleware was given an app, before its options are read.

    :param kind: the interface with its article: `"an ASGI"`.
    :raises PolicyError: for what cannot be called, such as a list of origins in the app's place.
    """
    if not callable(app):
        options = "policy=policy" if hasattr(app, "decide") else "allow_origins=[...]"
        fix = f"write CORSMiddleware(app, {options})"
        raise PolicyError((Problem("app", app, f"is not {kind} app", fix),))


def build_choice(
    callee: str, positional: tuple[object, ...], build: Callable[[], PolicyChoice]
) -> PolicyChoice:
    """Return the choice that `build` returns, if all options of `callee` were given by name.

    :raises PolicyError: with the problems that `build` finds, and that of positional arguments.
    """
    if not positional:
        return build()
    problems: tuple[Problem, ...] = ()
    try:
        build()
    except PolicyError as error:
        problems = error.problems
    raise PolicyError((*problems, positional_arguments(callee, positional)))


def at_first_request(
    layer: Layer[_Request], look: Callable[[_Request], object]
) -> Callable[[_Request], None]:
    """Have `look` called with the first request that `layer` decides, and with no other.

    Until then, `layer.at_once` is replaced, so that later requests pay nothing. What `look` raises
    is logged: no request fails because the set-up could not be examined. Returns a function that
    does it earlier instead, for an adapter that learns of its app's start-up.
    """
    decide_at_once = layer.at_once
    pending = [look]

    def look_once(request: _Request) -> None:
        layer.at_once = decide_at_once
        try:
            pending.pop()(request)
        except IndexError:  # it is done, maybe by another thread
            pass
        except Exception:  # noqa: BLE001  # logged; requests do not depend on it
            logger.exception("the set-up of CORS could not be examined")

    def first(request: _Request) -> Decision | Undecided | None:
        look_once(request)
        return decide_at_once(request)

    layer.at_once = first
    return look_once


def warn_of_unreached_marks(read: Iterable[object], app: str) -> None:
    """Log the marked endpoints of this process whose marks an app does not read.

    :param read: all that the app's routes lead to, of which its adapter reads marks.
    :param app: what to call the app in the message.

    A copy that `functools.wraps` makes of a marked function carries the same mark. Each mark is
    reported once, and not at all after another app has reached it.
    """
    for endpoint in read:
        mark = _mark(endpoint)
        if mark is not None:
            _settled[id(mark)] = mark  # kept, because the id of what is gone is given again
    unreached = []
    for endpoint in MARKS.endpoints():
        mark = _mark(endpoint)
        if id(mark) not in _settled:
            _settled[id(mark)] = mark
            unreached.append(_name(endpoint))
    if unreached:
        more = len(unreached) - _MOST_NAMED
        logger.warning(
            "cors_policy or cors_exempt has no effect on %s, because no route of %s is given that;"
            " mark what the route is given, and use functools.wraps in every decorator between them"
            " (if another app serves it, nothing is wrong)",
            ", ".join(unreached[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else ""),
            app,
        )


def _mark(endpoint: object) -> object:
    return getattr(endpoint, ATTRIBUTE, None)


def _name(endpoint: object) -> str:
    """Return the full name of a function or class, or of the class of any other object."""
    named = endpoint if hasattr(endpoint, "__qualname__") else type(endpoint)
    return f"{named.__module__}.{named.__qualname__}"

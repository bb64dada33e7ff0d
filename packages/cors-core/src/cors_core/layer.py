"""What every adapter does with a request, whatever its framework and protocol: `Layer`.

An adapter asks it before the app runs, and answers a preflight with the decision. Where the mark of
an endpoint may count, most requests are undecided then: the adapter asks again once the app has
answered. An adapter that cannot await uses `before` and `after`, the others their async forms.

Nothing here knows how a request is read (`asgi`, `wsgi`), nor which policy there is (`choosing`).
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from cors_core.choosing.choice import CLOSED, PolicyChoice
from cors_core.decide import Decider
from cors_core.failures import FailureLog
from cors_core.messages import CORSRequest, Decision

Request = TypeVar("Request")
"""A request as the framework has it: a scope, an environ, an object."""
_Request = TypeVar("_Request", contravariant=True)


class Reader(Protocol[_Request]):
    """Reads a framework's requests."""

    def method(self, request: _Request, /) -> str:
        """Return the request's method."""

    def read(self, request: _Request, /) -> CORSRequest:
        """Return all that decides a request."""

    def decide(self, decider: Decider, request: _Request, /) -> Decision | None:
        """Return what `decider` decides, or `None` where an OriginLookup must be awaited for it.

        It is `decider.decide_at_once(self.read(request))`, or the same by a shorter way.
        """


class Routes(Protocol[_Request]):
    """A framework's routes, asked for the marks of their endpoints.

    Where the router raises, so may these: `Layer` then closes the request, and logs the cause.
    """

    def marked(self) -> bool:
        """Say whether any endpoint is marked, or may be."""

    def mark_for(self, request: _Request, method: str, /) -> object:
        """Return the mark of the endpoint that would serve `method` there; `None` for none."""

    def mark_served(self, request: _Request, /) -> object:
        """Return the mark of the endpoint that has just answered; `None` for none."""


class Undecided(NamedTuple):
    """Stands for the decision on a request whose endpoint is still to be found."""

    source: object
    """What decides if the endpoint turns out to have no mark; held since the request began."""
    status: None = None
    """As of a Decision that leaves the answer to the app."""
    decided: Literal[False] = False


class Layer(Generic[Request]):
    """Decides on the requests of one app.

    :param choice: which policy applies.
    :param reader: how a request is read.
    :param routes: where marks are found; `None` where a framework has no routes.
    """

    def __init__(
        self,
        choice: PolicyChoice,
        reader: Reader[Request],
        routes: Routes[Request] | None = None,
    ) -> None:
        self.choice = choice
        self._routes = routes
        self._mark_served: Callable[[Request], object]
        self._mark_served = _nothing if routes is None else routes.mark_served
        self._method = reader.method
        self._read = reader.read
        self._decide = reader.decide
        self._failures = FailureLog()
        self._undecided = Undecided(choice.default)
        self.at_once: Callable[[Request], Decision | Undecided | None]
        """Returns the result of `before` where one policy decides all requests, else `None`.

        A short way for most requests: `layer.at_once(request) or layer.before(request)`.
        """
        if choice.fixed is None:
            self.at_once = _nothing
        elif routes is None:
            self.at_once = partial(reader.decide, choice.fixed)
        else:
            self.at_once = partial(self._unless_marked, choice.fixed, routes)

    def before(self, request: Request) -> Decision | Undecided:
        """Return the decision on a request that the app has not seen, unless a mark may count."""
        asked, source = self._source_before(request)
        if asked is None:
            return Undecided(source)
        return self.choice.choose(source, asked).decide(asked)

    async def before_async(self, request: Request) -> Decision | Undecided:
        """Do as `before`, where the choice may have to be awaited."""
        asked, source = self._source_before(request)
        if asked is None:
            return Undecided(source)
        decider = await self.choice.choose_async(source, asked)
        return await decider.decide_async(asked)

    def after(self, found: Decision | Undecided, request: Request) -> Decision:
        """Return the decision on a request that the app has answered.

        :param found: what `before` returned: if it was decided then, this is the decision.
        """
        if isinstance(found, Decision):
            return found
        source = self._source_after(found, request)
        asked = self._read(request)
        return self.choice.choose(source, asked).decide(asked)

    async def after_async(self, found: Decision | Undecided, request: Request) -> Decision:
        """Do as `after`, where the choice may have to be awaited."""
        if isinstance(found, Decision):
            return found
        decision = self.after_or_awaitable(found, request)
        return decision if isinstance(decision, Decision) else await decision

    def after_or_awaitable(
        self, found: Undecided, request: Request
    ) -> Decision | Awaitable[Decision]:
        """Return the result of `after_async` itself where nothing need be awaited for it."""
        source = self._source_after(found, request)
        decider = self.choice.decider_at_once(source)
        decision = self._decide(decider, request) if decider else None
        return decision or self._awaited(source, request)

    async def _awaited(self, source: object, request: Request) -> Decision:
        asked = self._read(request)
        decider = await self.choice.choose_async(source, asked)
        return await decider.decide_async(asked)

    def _unless_marked(
        self, fixed: Decider, routes: Routes[Request], request: Request
    ) -> Decision | Undecided | None:
        if routes.marked():
            return None if self._method(request) == "OPTIONS" else self._undecided
        return self._decide(fixed, request)

    def _source_before(self, request: Request) -> tuple[CORSRequest | None, object]:
        """Return what is asked, or `None` for what must wait for a mark, and the source."""
        asked = self._read(request)
        source = self.choice.source_for(asked.path)
        routes = self._routes
        if routes is None or not routes.marked():
            return asked, source
        if not asked.is_preflight:
            return None, source
        try:
            mark = routes.mark_for(request, asked.served_method)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return asked, self._closed(error)
        return asked, source if mark is None else mark

    def _source_after(self, found: Undecided, request: Request) -> object:
        try:
            mark = self._mark_served(request)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return self._closed(error)
        return found.source if mark is None else mark

    def _closed(self, error: Exception) -> Decider:
        self._failures.report("no endpoint could be found, the request is refused", cause=error)
        return CLOSED


def _nothing(request: object) -> None:
    """Know nothing at once."""

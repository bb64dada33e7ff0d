"""OriginLookup: origins that a database, or whatever a function asks, allows."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from inspect import iscoroutine, iscoroutinefunction
from threading import Lock
from typing import TYPE_CHECKING

from cors_core.errors import PolicyError, Problem
from cors_core.failures import FailureLog

if TYPE_CHECKING:
    import asyncio

Lookup = Callable[[str], bool] | Callable[[str], Awaitable[bool]]
Clock = Callable[[], float]

_FAILED = object()

_MOST_TRIES = 3
"""Lookups that one request waits for at most, if each is invalidated while it is asked."""


class OriginLookup:
    """Asks a function whether an origin is allowed, and remembers its answers for a while.

    :param lookup: `lookup(origin) -> bool`, sync or async; asked for well-formed origins only that
        no static entry allows. An async one serves ASGI apps only. Whatever fails is a no.
    :param ttl: seconds that a yes is remembered.
    :param max_entries: answers remembered of each kind; past it the least recently used goes.
    :param negative_ttl: seconds that a no is remembered; 0 for not at all.
    :raises PolicyError: for numbers that make no sense, and for a lookup that cannot be called.

    >>> origins = OriginLookup(lambda origin: origin == "https://a.example")
    >>> origins.allows("https://a.example")
    True

    Yes and no are remembered apart, so that a flood of random origins, all of them no, neither
    grows the memory nor drives out one yes. However many requests wait for an origin, it is asked
    about once.
    """

    def __init__(
        self,
        lookup: Lookup,
        *,
        ttl: float = 60,
        max_entries: int = 10_000,
        negative_ttl: float = 10,
        clock: Clock = time.monotonic,
    ) -> None:
        _check(lookup, ttl, max_entries, negative_ttl)
        self._lookup = lookup
        self.is_async = iscoroutinefunction(lookup) or iscoroutinefunction(
            getattr(lookup, "__call__", None)  # noqa: B004  # an object with an async __call__
        )
        self._lock = Lock()
        self._allowed = _Answers(ttl, max_entries, clock)
        self._refused = _Answers(negative_ttl, max_entries, clock)
        self._asked: dict[str, Future[bool]] = {}
        self._asked_async: dict[tuple[int, str], asyncio.Task[bool]] = {}
        self._failures = FailureLog()

    def remembered(self, origin: str) -> bool | None:
        """Return the answer that is still good, or `None`.

        Every request of these origins comes here, so it takes no lock: each step is one of a dict.
        """
        # `in` first, for it is no call: nearly all origins are in one of the two, or in none.
        if origin in self._allowed.until and self._allowed.has(origin):
            return True
        return False if origin in self._refused.until and self._refused.has(origin) else None

    def allows(self, origin: str) -> bool:
        """Say whether `origin` is allowed, asking if that is not remembered. Never raises.

        An async lookup cannot be asked here: this says what `ask`, just before, found. That may
        have expired in the instant between, and must not make a no of a yes.
        """
        with self._lock:
            if self.is_async:
                return origin in self._allowed.until
            answer = self.remembered(origin)
            if answer is not None:
                return answer
            asked = self._asked.get(origin)
            mine = asked is None
            if asked is None:
                asked = self._asked[origin] = Future()
        if mine:
            allowed = False
            try:
                allowed = self._answer(origin, asked)
            finally:  # also when the server stops this thread: others wait for the result
                asked.set_result(allowed)
        return asked.result()

    async def ask(self, origin: str) -> bool:
        """Say whether `origin` is allowed, awaiting an async lookup if need be. Never raises."""
        if not self.is_async:
            return self.allows(origin)
        import asyncio

        key = (id(asyncio.get_running_loop()), origin)
        for _ in range(_MOST_TRIES):
            with self._lock:
                answer = self.remembered(origin)
                if answer is not None:
                    return answer
                task = self._asked_async.get(key)
                if task is None or task.done():  # done, yet here: cancelled before it began
                    task = asyncio.ensure_future(self._answer_async(key))
                    self._asked_async[key] = task
            # Shielded: the request that asked first may go away while others still wait.
            if not await asyncio.shield(task):
                return False
            if self.allows(origin):
                return True
            # It was invalidated meanwhile.
        return False

    def invalidate(self, origin: str | None = None) -> None:
        """Forget the answer for `origin`, or all.

        What is asked just now is not remembered either: whoever comes from now on asks anew.
        """
        with self._lock:
            self._allowed.forget(origin)
            self._refused.forget(origin)
            if origin is None:
                self._asked.clear()
                self._asked_async.clear()
                return
            self._asked.pop(origin, None)
            for key in [key for key in self._asked_async if key[1] == origin]:
                del self._asked_async[key]

    def _answer(self, origin: str, mine: "Future[bool]") -> bool:
        answer: object = _FAILED
        try:
            answer = self._lookup(origin)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails is a no
            self._failed(origin, error)
        finally:
            answer = self._checked(origin, answer)
            with self._lock:
                if self._asked.get(origin) is mine:
                    del self._asked[origin]
                    self._remember(origin, answer)
        return answer is True

    async def _answer_async(self, key: tuple[int, str]) -> bool:
        import asyncio

        origin = key[1]
        answer: object = _FAILED
        task = asyncio.current_task()
        try:
            answer = await self._lookup(origin)  # type: ignore[misc]  # is_async says so
        except asyncio.CancelledError as error:
            if task is None or task.cancelling():  # the server stops
                raise
            self._failed(origin, error)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails is a no
            self._failed(origin, error)
        finally:
            answer = self._checked(origin, answer)
            with self._lock:
                if self._asked_async.get(key) is task:
                    del self._asked_async[key]
                    self._remember(origin, answer)
        return answer is True

    def _checked(self, origin: str, answer: object) -> object:
        if not isinstance(answer, bool) and answer is not _FAILED:
            self._failed(origin, TypeError(f"lookup returned {answer!r}, not True or False"))
            if iscoroutine(answer):
                answer.close()  # else Python warns that nobody awaited it
            return _FAILED
        return answer

    def _remember(self, origin: str, answer: object) -> None:
        if answer is True:
            self._allowed.put(origin)
            return
        self._allowed.forget(origin)
        if answer is False:
            self._refused.put(origin)

    def _failed(self, origin: str, error: BaseException) -> None:
        message = "the lookup of an allowed origin failed for %r, which is refused"
        self._failures.report(message, origin, cause=error)


class _Answers:
    """Origins with the same answer, each until it expires; the least recently used goes first."""

    def __init__(self, ttl: float, most: int, clock: Clock) -> None:
        self._ttl = ttl
        self._most = most
        self._clock = clock
        self.until: OrderedDict[str, float] = OrderedDict()
        """What is held, expired or not."""

    def has(self, origin: str) -> bool:
        until = self.until.get(origin)
        if until is None or until <= self._clock():
            return False
        try:
            self.until.move_to_end(origin)
        except KeyError:  # another thread has just dropped it
            return False
        return True

    def put(self, origin: str) -> None:
        if self._ttl <= 0:
            return
        self.until[origin] = self._clock() + self._ttl
        self.until.move_to_end(origin)
        if len(self.until) > self._most:
            self.until.popitem(last=False)

    def forget(self, origin: str | None) -> None:
        if origin is None:
            self.until.clear()
        else:
            self.until.pop(origin, None)


def _check(lookup: object, ttl: float, max_entries: int, negative_ttl: float) -> None:
    problems: list[Problem] = []
    if not callable(lookup):
        problems.append(
            Problem("lookup", lookup, "cannot be called", "give a function of an origin")
        )
    if not ttl > 0:
        problems.append(Problem("ttl", ttl, "remembers nothing", "use seconds above 0"))
    if not negative_ttl >= 0:
        problems.append(
            Problem("negative_ttl", negative_ttl, "is negative", "use 0 or more seconds")
        )
    if isinstance(max_entries, bool) or not isinstance(max_entries, int) or max_entries < 1:
        problems.append(Problem("max_entries", max_entries, "has no room", "use 1 or more"))
    if problems:
        raise PolicyError(tuple(problems))

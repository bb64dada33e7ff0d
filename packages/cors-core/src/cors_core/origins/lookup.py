"""OriginLookup: origins that a database, or whatever a function asks, allows.

What it remembers is in `remembered`, what is in flight in `questions`, who waits how in `asking`.
"""

import time

from cors_core.errors import PolicyError, Problem
from cors_core.origins.asking import ask_in_event_loop, ask_in_thread
from cors_core.origins.questions import Lookup, Questions
from cors_core.origins.remembered import Clock, Memory

_LONGEST_TIMEOUT = 3_600
"""Seconds. More is a mistake (milliseconds, perhaps), and past some point the system refuses it."""

_LONGEST_INT = 2**63
"""Seconds as an int, which must not overflow when a clock's float is added."""


class OriginLookup:
    """Asks a function whether an origin is allowed, and remembers its answers for a while.

    :param lookup: `lookup(origin) -> bool`, sync or async; asked for well-formed origins only that
        no static entry allows. An async one serves ASGI apps only.
    :param ttl: seconds that a yes is remembered.
    :param max_entries: answers remembered of each kind; past it the least recently used goes.
    :param negative_ttl: seconds that a no is remembered; 0 for not at all.
    :param timeout: seconds that a request waits for a lookup.
    :param max_in_flight: lookups that may run at once, and threads that may wait for them.
    :param stale_if_error: seconds that a yes still counts after its `ttl` while the lookup fails;
        0 for not at all.
    :param clock: what tells the time in seconds, for tests of what is remembered.
    :raises PolicyError: with every Problem: numbers that make no sense, what cannot be called.

    >>> origins = OriginLookup(lambda origin: origin == "https://a.example")
    >>> origins.allows("https://a.example")
    True

    *What is remembered.* Yes and no are remembered apart, so that a flood of random origins, all
    of them no, neither grows the memory nor displaces one yes.

    *What is shared.* However many requests wait for an origin, it is asked about once: once by all
    threads together, and once by each event loop. When all requests that wait for an async lookup
    were cancelled, so is the lookup.

    *What fails.* The lookup fails if it raises, returns anything but True or False, or takes
    longer than `timeout`. Then an origin that was allowed until its answer expired stays allowed,
    for up to `stale_if_error` seconds; any other is refused. For a second, other requests of that
    origin get the same without asking. The same holds, for one request, if there is no room for
    another lookup. It is logged, each of the two at most once a minute, and counted.

    *Sync lookups.* A thread cannot be stopped. A WSGI request that runs a lookup waits until it
    ends; only those that wait for that one give up after `timeout`. From async code it runs in one
    of a few threads of its own, and the request gives up after `timeout`. In both cases a lookup
    that overruns keeps its place among `max_in_flight` until it ends, so give the database's driver
    a time limit as well.

    *Invalidation.* A request uses the answer that it waited for. One that was asked before an
    `invalidate` is not remembered, and requests that come afterwards ask anew.

    Works under asyncio and trio, with threads, and in processes that fork.
    """

    def __init__(
        self,
        lookup: Lookup,
        *,
        ttl: float = 60,
        max_entries: int = 10_000,
        negative_ttl: float = 10,
        timeout: float = 5,
        max_in_flight: int = 100,
        stale_if_error: float = 300,
        clock: Clock = time.monotonic,
    ) -> None:
        from inspect import (
            iscoroutinefunction,  # late: heavy, and only what looks origins up needs it
        )

        problems = [
            *_callable_problems("lookup", lookup, "give a function of an origin"),
            *_seconds_problems("ttl", ttl, zero="remembers nothing"),
            *_count_problems("max_entries", max_entries),
            *_seconds_problems("negative_ttl", negative_ttl),
            *_seconds_problems("timeout", timeout, zero="leaves no time", most=_LONGEST_TIMEOUT),
            *_count_problems("max_in_flight", max_in_flight),
            *_seconds_problems("stale_if_error", stale_if_error),
            *_callable_problems("clock", clock, "give a function that returns seconds"),
        ]
        if problems:
            raise PolicyError(tuple(problems))
        self.is_async = iscoroutinefunction(lookup) or iscoroutinefunction(
            getattr(lookup, "__call__", None)  # noqa: B004  # an object with an async __call__
        )
        memory = Memory(
            ttl=ttl,
            negative_ttl=negative_ttl,
            stale_if_error=stale_if_error,
            max_entries=max_entries,
            clock=clock,
        )
        self._allowed = memory.allowed
        self._refused = memory.refused
        self._questions = Questions(
            lookup, memory, is_async=self.is_async, timeout=timeout, max_in_flight=max_in_flight
        )

    def remembered(self, origin: str) -> bool | None:
        """Return the answer that is still good, or `None`.

        Every request of these origins comes here, so it takes no lock: each step is one of a dict.
        """
        # `in` first, for it is no call: nearly all origins are in one of the two, or in none.
        if origin in self._allowed.until and self._allowed.has(origin):
            return True
        return False if origin in self._refused.until and self._refused.has(origin) else None

    def allows(self, origin: str) -> bool:
        """Say whether `origin` is allowed, asking a sync lookup if need be. Never raises.

        An async lookup cannot be asked here: all but what is remembered is refused. Use the answer
        of `ask` for the request that awaited it.
        """
        answer = self.remembered(origin)
        if answer is not None:
            return answer
        if self.is_async:
            return self._questions.known(origin) is True
        return ask_in_thread(self._questions, origin)

    async def ask(self, origin: str) -> bool:
        """Say whether `origin` is allowed, asking the lookup if need be. Never raises.

        The answer is for the request that awaits it, which is not to look for it again: it may
        have been invalidated, displaced or expired since.
        """
        answer = self.remembered(origin)
        return await ask_in_event_loop(self._questions, origin) if answer is None else answer

    def invalidate(self, origin: str | None = None) -> None:
        """Forget the answer for `origin`, or all, also as what counts while the lookup fails.

        What is asked just now is not remembered either: requests from now on ask anew.
        """
        self._questions.invalidate(origin)

    def counts(self) -> dict[str, int]:
        """Return numbers for a metric: of lookups `in_flight`, and of what went wrong so far.

        `failures` counts the lookups that raised, timed out or returned no bool; `over_limit`, the
        requests for which there was no room to ask.

        >>> OriginLookup(lambda origin: True).counts()
        {'in_flight': 0, 'failures': 0, 'over_limit': 0}
        """
        return self._questions.counts()


def _callable_problems(option: str, value: object, fix: str) -> list[Problem]:
    return [] if callable(value) else [Problem(option, value, "cannot be called", fix)]


def _seconds_problems(
    option: str, value: object, *, zero: str | None = None, most: float = float("inf")
) -> list[Problem]:
    """Return what is wrong with a number of seconds; `zero` is what is wrong with 0.

    Infinity is fine unless there is a limit: an answer may be good until it is invalidated.
    """
    fix = "use seconds above 0" if zero else "use 0 or more seconds"
    if most < float("inf"):
        fix += f", at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # NaN
        reason = "is no number"
    elif value < 0:
        reason = "is negative"
    elif value == 0 and zero:
        reason = zero
    elif value > most or (isinstance(value, int) and value > _LONGEST_INT):
        reason = "is too long"
    else:
        return []
    return [Problem(option, value, reason, fix)]


def _count_problems(option: str, value: object) -> list[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        return [Problem(option, value, "is no whole number", "use 1 or more")]
    return [] if value >= 1 else [Problem(option, value, "has no room", "use 1 or more")]

"""The lookups in flight: shared by the requests that wait for them, and limited in number.

How threads and event loops wait is in `asking`; what is remembered, in `remembered`.
"""

import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeVar, cast
from weakref import WeakSet, WeakValueDictionary

from cors_core.origins.remembered import Memory

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from cors_core.failures import FailureLog

Lookup = Callable[[str], bool] | Callable[[str], Awaitable[bool]]

_MOST_THREADS: Final = 8
"""Threads that run a sync lookup on behalf of event loops."""


class Question:
    """One lookup in flight. Requests of the same thread pool or event loop share it.

    It is kept alive by whatever runs it (a thread's stack, the timer of an event loop), not by the
    Questions: what was in flight on an event loop that was closed goes away with that loop.
    """

    __slots__ = ("__weakref__", "answer", "key", "origin", "overdue")

    def __init__(self, runner: object, origin: str) -> None:
        self.key = (id(runner), origin)
        self.origin = origin
        self.answer = False
        """What the requests that waited are told once the lookup has ended."""
        self.overdue = False
        """Whether it has run for longer than it may, and nobody is to wait for it any more."""


QuestionType = TypeVar("QuestionType", bound=Question)


class Questions:
    """Which origins are being asked about, with the rules for all who ask.

    No lookup, no logging handler and no import runs while the lock is held.
    """

    def __init__(
        self, lookup: Lookup, memory: Memory, *, is_async: bool, timeout: float, max_in_flight: int
    ) -> None:
        self.lookup = lookup
        self.is_async = is_async
        self.timeout = timeout
        self.memory = memory
        self._max_in_flight = max_in_flight
        self._failures = 0
        self._over_limit = 0
        self._logs: dict[str, FailureLog] = {}
        self.reset()
        _INSTANCES.add(self)

    def reset(self) -> None:
        """Have nothing in flight, as in a forked child: it has no thread of its parent's but one.

        What is remembered holds there too.
        """
        # Reentrant because a garbage collection or a signal handler may come back to this object,
        # in the same thread, in the middle of any of the blocks below.
        self._lock = RLock()
        self._asked: WeakValueDictionary[tuple[int, str], Question] = WeakValueDictionary()
        self._running: WeakSet[Question] = WeakSet()
        self._following = 0
        self._executor: ThreadPoolExecutor | None = None

    def enter(self, question: QuestionType) -> QuestionType | bool:
        """Put a question, unless it is answered or in flight already.

        Return `question` if the caller is to run it, or the same one that is in flight to wait
        for, or the answer.
        """
        with self._lock:
            answer = self.memory.known(question.origin)
            if answer is not None:
                return answer
            same = self._asked.get(question.key)
            if same is not None:
                # The key has its runner, and each kind of runner has one type of question.
                return self.memory.stale(same.origin) if same.overdue else cast(QuestionType, same)
            if len(self._running) < self._max_in_flight:
                self._asked[question.key] = question
                self._running.add(question)
                return question
        return self.refuse(question.origin)

    def known(self, origin: str) -> bool | None:
        """Return the answer that needs no lookup, or `None`."""
        with self._lock:
            return self.memory.known(origin)

    def follow(self) -> bool:
        """Say whether one more thread may wait for another's lookup; if so, `unfollow` it."""
        with self._lock:
            if self._following >= self._max_in_flight:
                return False
            self._following += 1
            return True

    def unfollow(self) -> None:
        """Count one waiting thread less."""
        with self._lock:
            self._following -= 1

    def run(self, question: Question) -> bool:
        """Ask a sync lookup in this thread, and return the answer for those who wait."""
        outcome: object
        try:
            outcome = self.lookup(question.origin)
        except BaseException as error:
            if not isinstance(error, Exception) and not _is_cancellation(error):
                self.end(question)
                raise  # the server stops this thread
            outcome = error
        return self.conclude(question, outcome)

    def conclude(self, question: Question, outcome: object) -> bool:
        """End a question with what its lookup returned or raised; return the answer to use.

        It is remembered unless it was invalidated meanwhile.
        """
        error = None if isinstance(outcome, bool) else _error_of(outcome)
        with self._lock:
            current = self._asked.get(question.key) is question
            self.end(question)
            if error is None:
                if current:
                    self.memory.remember(question.origin, outcome is True)
                return outcome is True
            answer = self._fail(question, current)
        self._report_failure(question.origin, answer, error)
        return answer

    def time_out(self, question: Question) -> bool:
        """Give up waiting for a lookup that has not ended; return the answer to use."""
        with self._lock:
            if question.overdue:
                return self.memory.stale(question.origin)
            question.overdue = True
            answer = self._fail(question, self._asked.get(question.key) is question)
        error = TimeoutError(f"no answer within {self.timeout:g} seconds")
        self._report_failure(question.origin, answer, error)
        return answer

    def refuse(self, origin: str) -> bool:
        """Return the answer to use if there is no room for one more lookup, or one more waiter."""
        with self._lock:
            self._over_limit += 1
            answer = self.memory.stale(origin)
        message = "too many lookups of allowed origins at once (max_in_flight=%d) to ask about %r"
        self._report(message, self._max_in_flight, origin)
        return answer

    def forget(self, question: Question) -> None:
        """Have later requests ask anew, and the answer of this question not remembered."""
        with self._lock:
            if self._asked.get(question.key) is question:
                del self._asked[question.key]

    def end(self, question: Question) -> None:
        """Give back the room of a lookup that runs no more."""
        with self._lock:
            self.forget(question)
            self._running.discard(question)

    def invalidate(self, origin: str | None) -> None:
        """Forget what is remembered, and do not remember what is being asked now."""
        with self._lock:
            self.memory.forget(origin)
            for key in [key for key in self._asked if origin in (None, key[1])]:
                self._asked.pop(key, None)

    def counts(self) -> dict[str, int]:
        """Return what OriginLookup.counts does."""
        with self._lock:
            return {
                "in_flight": len(self._running),
                "failures": self._failures,
                "over_limit": self._over_limit,
            }

    def executor(self) -> "ThreadPoolExecutor":
        """Return the threads that run a sync lookup on behalf of event loops."""
        # Not the loop's own executor: a slow database must not keep the app's work from running.
        from concurrent.futures import ThreadPoolExecutor

        with self._lock:
            if self._executor is None:
                threads = min(_MOST_THREADS, self._max_in_flight)
                self._executor = ThreadPoolExecutor(threads, "cors-core-lookup")
            return self._executor

    def _fail(self, question: Question, current: bool) -> bool:
        self._failures += 1
        if current:
            self.memory.fail(question.origin)
        return self.memory.stale(question.origin)

    def _report_failure(self, origin: str, answer: bool, error: BaseException) -> None:
        outcome = "stays allowed for now" if answer else "is refused"
        message = "the lookup of an allowed origin failed for %r, which %s"
        self._report(message, origin, outcome, error=error)

    def _report(self, message: str, *values: object, error: BaseException | None = None) -> None:
        from cors_core.failures import FailureLog

        log = self._logs.setdefault(message, FailureLog())
        with suppress(Exception):  # a broken logging handler must not break the request as well
            log.report(message, *values, cause=error)


def _is_cancellation(error: BaseException) -> bool:
    """Say whether it is asyncio's CancelledError, as of a sync lookup that runs a loop itself."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _error_of(outcome: object) -> BaseException:
    """Return what a lookup raised, or what is wrong with what it returned."""
    if isinstance(outcome, BaseException):
        return outcome
    if isinstance(outcome, Coroutine):
        outcome.close()  # else Python warns that nobody awaited it
    return TypeError(f"lookup returned {outcome!r}, not True or False")


_INSTANCES: WeakSet[Questions] = WeakSet()
"""All that there are, weakly: to be told of a fork keeps none of them alive."""


def _reset_all() -> None:
    for questions in [*_INSTANCES]:  # pragma: no cover  # in forked children, which measure nothing
        questions.reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no fork
    os.register_at_fork(after_in_child=_reset_all)

"""OriginLookup on event loops: time-outs, cancellations, loops that end, sync lookups."""

import asyncio
import contextvars
import gc
import threading
import time
import types
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from cors_core import OriginLookup
from tests.core.lookups import A, B, Clock, Database, SlowDatabase, ask, wait_until

LONG = 60.0
"""Seconds that no test waits."""


class Gate:
    """An async lookup that answers, fails or is cancelled when the test says so."""

    def __init__(self, answer: bool | BaseException = True) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.open = asyncio.Event()

    async def lookup(self, origin: str) -> bool:
        self.asked.append(origin)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled.append(origin)
            raise
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


async def until(condition: Callable[[], bool]) -> None:
    """Wait for other tasks and threads."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # threads set no asyncio.Event
            await asyncio.sleep(0.001)


async def cancel(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# What requests wait for, and what they use.


def test_an_answer_that_is_invalidated_all_the_time_counts_for_those_who_waited() -> None:
    async def serve() -> None:
        async def query(origin: str) -> bool:
            for _ in range(3):
                await asyncio.sleep(0)
                lookup.invalidate()
            return True

        lookup = OriginLookup(query)
        answers = await asyncio.gather(*[lookup.ask(A) for _ in range(100)])
        assert answers == [True] * 100
        assert lookup.remembered(A) is None, "what was asked before is not remembered"

    asyncio.run(serve())


def test_an_answer_that_others_displace_counts_for_those_who_waited() -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup, max_entries=100, max_in_flight=1000)
        asked = asyncio.gather(*[lookup.ask(f"https://x{n}.example") for n in range(1000)])
        await until(lambda: len(gate.asked) == 1000)
        gate.open.set()
        assert await asked == [True] * 1000

    asyncio.run(serve())


def test_the_answer_of_a_lookup_that_remembers_nothing() -> None:
    clock = Clock()

    async def query(origin: str) -> bool:
        return True

    def passing() -> float:
        clock.now += 1
        return clock.now

    lookup = OriginLookup(query, ttl=0.5, clock=passing)
    assert ask(lookup, A)
    assert lookup.remembered(A) is None
    assert not lookup.allows(A), "an async answer that has expired is not used"


# Cancellation.


def test_a_lookup_that_nobody_waits_for_any_more_is_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup)
        first, second = (asyncio.create_task(lookup.ask(A)) for _ in range(2))
        await until(lambda: gate.asked == [A])
        await cancel(first)
        await asyncio.sleep(0)
        assert gate.cancelled == []
        third = asyncio.create_task(lookup.ask(A))
        await asyncio.sleep(0)
        await cancel(second, third)
        await until(lambda: gate.cancelled == [A])
        await until(lambda: lookup.counts()["in_flight"] == 0)
        assert lookup.counts()["failures"] == 0
        gate.open.set()
        assert await lookup.ask(A), "asked anew, for it did not fail"
        assert gate.asked == [A, A]

    asyncio.run(serve())
    assert not caplog.records


def test_a_request_that_comes_while_an_abandoned_lookup_ends_asks_anew() -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup)
        first = asyncio.create_task(lookup.ask(A))
        await until(lambda: gate.asked == [A])
        first.cancel()
        second = asyncio.create_task(lookup.ask(A))
        await until(lambda: gate.asked == [A, A])
        gate.open.set()
        assert await second
        await cancel_done(first)

    async def cancel_done(task: "asyncio.Task[bool]") -> None:
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())


def test_a_request_that_goes_away_before_the_lookup_began() -> None:
    async def serve() -> None:
        database = Database(A)
        lookup = OriginLookup(database.lookup_async)
        first = asyncio.create_task(lookup.ask(A))
        await asyncio.sleep(0)
        await cancel(first)
        await until(lambda: lookup.counts()["in_flight"] == 0)
        assert await lookup.ask(A)
        assert database.asked == [A]

    asyncio.run(serve())


def test_a_lookup_that_raises_cancelled_error_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def query(origin: str) -> bool:
        raise asyncio.CancelledError

    lookup = OriginLookup(query)
    assert not ask(lookup, A)
    assert lookup.counts()["failures"] == 1
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is asyncio.CancelledError


def test_a_lookup_that_is_stopped_from_outside_leaves_nobody_waiting() -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup)
        mine = asyncio.current_task()
        waiting = asyncio.create_task(lookup.ask(A))
        await until(lambda: gate.asked == [A])
        for task in asyncio.all_tasks() - {mine, waiting}:
            task.cancel()
        assert not await waiting
        gate.open.set()
        assert await lookup.ask(A)

    asyncio.run(serve())


def test_a_server_that_stops_during_a_lookup(caplog: pytest.LogCaptureFixture) -> None:
    lookup: OriginLookup
    waiting: list[asyncio.Task[bool]] = []

    async def serve() -> None:
        nonlocal lookup
        gate = Gate()
        lookup = OriginLookup(gate.lookup)
        waiting.append(asyncio.create_task(lookup.ask(A)))
        await until(lambda: gate.asked == [A])

    asyncio.run(serve())
    assert waiting[0].cancelled()
    assert lookup.counts() == {"in_flight": 0, "failures": 0, "over_limit": 0}
    assert not caplog.records


def test_an_exit_that_a_lookup_asks_for() -> None:
    async def query(origin: str) -> bool:
        raise SystemExit(3)

    lookup = OriginLookup(query)
    with pytest.raises(SystemExit):
        ask(lookup, A)
    assert lookup.counts()["in_flight"] == 0


# Time.


def test_a_lookup_that_takes_too_long(caplog: pytest.LogCaptureFixture) -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup, timeout=0.01)
        assert await asyncio.gather(*[lookup.ask(A) for _ in range(10)]) == [False] * 10
        await until(lambda: gate.cancelled == [A])
        await until(lambda: lookup.counts()["in_flight"] == 0)
        assert lookup.counts()["failures"] == 1
        assert not await lookup.ask(A)
        assert gate.asked == [A], "not again within the same second"

    asyncio.run(serve())
    assert "TimeoutError: no answer within 0.01 seconds" in caplog.text


def test_an_answer_in_the_last_moment_counts() -> None:
    async def query(origin: str) -> bool:
        await asyncio.sleep(0)
        time.sleep(0.02)  # noqa: ASYNC251  # so that the loop finds both due at the same time
        await asyncio.sleep(0)
        return True

    lookup = OriginLookup(query, timeout=0.01)
    assert ask(lookup, A)
    assert lookup.counts()["failures"] == 0


def test_a_lookup_that_takes_too_long_and_cannot_be_cancelled() -> None:
    async def serve() -> None:
        end, clock = asyncio.Event(), Clock()
        asked = []

        async def query(origin: str) -> bool:
            asked.append(origin)
            while not end.is_set():
                with suppress(asyncio.CancelledError):
                    await end.wait()
            return True

        lookup = OriginLookup(query, timeout=0.01, max_in_flight=1, clock=clock)
        assert not await lookup.ask(A)
        clock.now += 2
        assert not await lookup.ask(A)
        assert asked == [A], "it runs still"
        assert not await lookup.ask(B)
        assert lookup.counts() == {"in_flight": 1, "failures": 1, "over_limit": 1}
        end.set()
        await until(lambda: lookup.counts()["in_flight"] == 0)
        assert await lookup.ask(A), "its answer came late, but it is one"
        assert asked == [A]

    asyncio.run(serve())


def test_a_yes_does_not_stand_in_for_ever_for_a_lookup_that_never_ends() -> None:
    database, clock = SlowDatabase(A), Clock()
    lookup = OriginLookup(database.lookup, timeout=0.01, stale_if_error=100, clock=clock)

    async def serve() -> None:
        database.open.set()
        assert await lookup.ask(A)
        database.open.clear()
        clock.now += 60
        assert await lookup.ask(A)
        clock.now += 99
        assert await lookup.ask(A)
        clock.now += 1
        assert not await lookup.ask(A)
        assert database.asked == [A, A]

    try:
        asyncio.run(serve())
    finally:
        database.open.set()


def test_lookups_in_flight_are_limited() -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup, max_in_flight=2)
        waiting = [asyncio.create_task(lookup.ask(origin)) for origin in (A, A, A, B)]
        await until(lambda: gate.asked == [A, B])
        for number in range(10):
            assert not await lookup.ask(f"https://x{number}.example")
        assert lookup.counts() == {"in_flight": 2, "failures": 0, "over_limit": 10}
        gate.open.set()
        assert await asyncio.gather(*waiting) == [True] * 4
        assert await lookup.ask("https://x0.example")

    asyncio.run(serve())


# While the lookup fails.


@pytest.mark.parametrize("is_async", [False, True])
class TestStaleIfError:
    """A yes that has expired counts while the lookup fails, but not too long, and no other."""

    def make(self, is_async: bool, stale_if_error: float = 300) -> OriginLookup:
        self.clock = Clock()
        self.answers: dict[str, object] = {A: True}

        def query(origin: str) -> Any:
            answer = self.answers.get(origin, False)
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def query_async(origin: str) -> Any:
            return query(origin)

        return OriginLookup(
            query_async if is_async else query, clock=self.clock, stale_if_error=stale_if_error
        )

    def test_it_lasts_so_long(self, is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
        lookup = self.make(is_async, stale_if_error=100)
        assert ask(lookup, A)
        self.answers[A] = ConnectionError("restarting")
        self.clock.now += 60
        assert ask(lookup, A)
        assert lookup.allows(A), "within the second after the failure"
        self.clock.now += 99.9
        assert ask(lookup, A)
        self.clock.now += 0.1
        assert not ask(lookup, A)
        self.answers[A] = True
        self.clock.now += 1
        assert ask(lookup, A)
        (record,) = caplog.records
        assert record.getMessage().endswith(f"{A!r}, which stays allowed for now")

    def test_not_at_all(self, is_async: bool) -> None:
        lookup = self.make(is_async, stale_if_error=0)
        assert ask(lookup, A)
        self.answers[A] = ConnectionError()
        self.clock.now += 60
        assert not ask(lookup, A)

    def test_a_no_never_becomes_a_yes(self, is_async: bool) -> None:
        lookup = self.make(is_async)
        assert ask(lookup, A)
        self.clock.now += 60
        self.answers[A] = False
        assert not ask(lookup, A)
        self.answers[A] = ConnectionError()
        self.clock.now += 10
        assert not ask(lookup, A)
        assert not ask(lookup, B)

    def test_an_invalidated_yes_is_forgotten_for_good(self, is_async: bool) -> None:
        lookup = self.make(is_async)
        for origin in (None, A):
            self.answers[A] = True
            self.clock.now += 60
            assert ask(lookup, A)
            self.answers[A] = ConnectionError()
            self.clock.now += 60
            assert ask(lookup, A)
            lookup.invalidate(origin)
            assert not ask(lookup, A)

    def test_a_yes_invalidated_while_the_lookup_fails(self, is_async: bool) -> None:
        lookup = self.make(is_async)
        assert ask(lookup, A)
        self.clock.now += 60

        class Failing:
            def __bool__(self) -> bool:
                raise AssertionError("nobody looks at it")

            def __repr__(self) -> str:
                lookup.invalidate(A)  # what fails is shown in the log
                return "nothing"

        self.answers[A] = Failing()
        assert not ask(lookup, A)


# Loops.


def eager_by_hand(loop: Any, coroutine: Any, **options: Any) -> Any:
    """Begin a task at once, as Python 3.12 and later can."""

    @types.coroutine
    def rest(value: Any) -> Any:
        try:
            while True:
                try:
                    sent = yield value
                except BaseException as error:
                    value = coroutine.throw(error)
                else:
                    value = coroutine.send(sent)
        except StopIteration as stop:
            return stop.value

    try:
        first = coroutine.send(None)
    except StopIteration as stop:
        done = loop.create_future()
        done.set_result(stop.value)
        return done
    return asyncio.Task(rest(first), loop=loop, **options)


EAGER: Any = getattr(asyncio, "eager_task_factory", eager_by_hand)


def test_eager_tasks_and_a_lookup_that_awaits_nothing() -> None:
    answers: list[bool] = []

    async def query(origin: str) -> bool:
        return origin != B

    async def serve() -> None:
        asyncio.get_running_loop().set_task_factory(EAGER)
        lookup = OriginLookup(query, max_in_flight=1)
        answers.extend(await asyncio.gather(*[lookup.ask(o) for o in (A, B, A)]))
        answers.extend([await lookup.ask(f"https://x{number}.example") for number in range(10)])
        assert lookup.counts() == {"in_flight": 0, "failures": 0, "over_limit": 0}
        waits = OriginLookup(Database(A).lookup_async)
        answers.extend(await asyncio.gather(*[waits.ask(o) for o in (A, A)]))

    # In a thread that can be left behind: where it deadlocks, the test fails instead of hanging.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    thread.join(10)
    assert answers == [True, False, True] + [True] * 10 + [True] * 2


@pytest.mark.parametrize("is_async", [False, True])
def test_a_loop_that_is_closed_during_a_lookup_is_freed(is_async: bool) -> None:
    database = SlowDatabase(A)

    async def never(origin: str) -> bool:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    lookup = OriginLookup(never if is_async else database.lookup, timeout=LONG)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)  # of tasks destroyed while pending
    waiting = loop.create_task(lookup.ask(A))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert lookup.counts()["in_flight"] == 1
    gone = weakref.ref(loop)
    loop.close()
    del loop, waiting
    database.open.set()  # a thread cannot be stopped: its loop is freed when it ends
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    assert lookup.counts()["in_flight"] == 0
    assert lookup.remembered(A) is (None if is_async else True)


# Sync lookups.


def test_a_sync_lookup_does_not_stop_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    database = SlowDatabase(A)

    async def serve() -> None:
        lookup = OriginLookup(database.lookup)
        asked = asyncio.gather(*[lookup.ask(A) for _ in range(1000)])
        await until(lambda: database.asked == [A])
        database.open.set()
        assert await asked == [True] * 1000

    asyncio.run(serve())
    assert database.asked == [A]


def test_a_sync_lookup_that_takes_too_long_keeps_its_place() -> None:
    database, clock = SlowDatabase(A), Clock()

    async def serve() -> None:
        lookup = OriginLookup(database.lookup, timeout=0.05, max_in_flight=20, clock=clock)
        origins = [f"https://x{number}.example" for number in range(20)]
        assert await asyncio.gather(*map(lookup.ask, origins)) == [False] * 20
        # Those that waited for a thread are not asked any more; the others run on.
        started = len(database.asked)
        assert 1 <= started < 20
        await until(lambda: lookup.counts()["in_flight"] == started)
        clock.now += 2
        assert not await lookup.ask(database.asked[0])
        database.open.set()
        await until(lambda: lookup.counts()["in_flight"] == 0)
        assert len(database.asked) == started
        assert await lookup.ask(A)

    asyncio.run(serve())


def test_a_sync_lookup_that_nobody_waits_for_any_more_is_remembered() -> None:
    database = SlowDatabase(A)

    async def serve() -> None:
        lookup = OriginLookup(database.lookup)
        waiting = asyncio.create_task(lookup.ask(A))
        await until(lambda: database.asked == [A])
        await cancel(waiting)
        again = asyncio.create_task(lookup.ask(A))
        await asyncio.sleep(0)
        database.open.set()
        assert await again

    asyncio.run(serve())
    assert database.asked == [A]


def test_a_sync_lookup_sees_the_context_of_the_request() -> None:
    tenant = contextvars.ContextVar("tenant", default="")

    async def serve() -> bool:
        tenant.set("acme")
        return await OriginLookup(lambda origin: tenant.get() == "acme").ask(A)

    assert asyncio.run(serve())


def test_an_exit_that_a_sync_lookup_asks_for_does_not_end_the_server() -> None:
    def query(origin: str) -> bool:
        raise SystemExit

    lookup = OriginLookup(query)
    assert not ask(lookup, A)
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}


def test_a_sync_lookup_that_raises_stop_iteration() -> None:
    def query(origin: str) -> bool:
        return next(iter([]))

    lookup = OriginLookup(query, timeout=LONG)
    assert not ask(lookup, A)
    assert lookup.counts()["failures"] == 1


def test_a_sync_lookup_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(*_: object) -> None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    lookup = OriginLookup(Database(A).lookup)
    assert not ask(lookup, A)
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}


# Neither asyncio nor trio.


def run_alone(awaitable: Awaitable[bool]) -> bool:
    """Run what awaits nothing, without an event loop."""
    try:
        awaitable.__await__().send(None)
    except StopIteration as stop:
        return bool(stop.value)
    raise AssertionError("it waits")


@pytest.mark.parametrize("is_async", [False, True])
def test_where_no_event_loop_runs(is_async: bool) -> None:
    async def query_async(origin: str) -> bool:
        return query(origin)

    def query(origin: str) -> bool:
        if origin == B:
            raise ConnectionError
        return True

    lookup = OriginLookup(query_async if is_async else query)
    for _ in range(2):
        assert run_alone(lookup.ask(A))
        assert not run_alone(lookup.ask(B))
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}


def test_an_exit_where_no_event_loop_runs() -> None:
    async def query(origin: str) -> bool:
        raise SystemExit

    lookup = OriginLookup(query)
    with pytest.raises(SystemExit):
        run_alone(lookup.ask(A))
    assert lookup.counts()["in_flight"] == 0

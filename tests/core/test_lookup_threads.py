"""OriginLookup among threads and forked children: one slow or failing lookup stops nobody else."""

import asyncio
import gc
import logging
import os
import select
import signal
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cors_core import OriginLookup
from tests.core.lookups import A, B, C, Clock, Database, SlowDatabase, wait_until

LONG = 60.0
"""Seconds that no test waits."""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def test_a_slow_origin_does_not_hold_the_threads_that_wait_for_it(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup, timeout=0.05)
    try:
        first = pool.submit(lookup.allows, A)
        wait_until(lambda: database.asked == [A])
        others = [pool.submit(lookup.allows, A) for _ in range(7)]
        assert [future.result(10) for future in others] == [False] * 7
        assert not lookup.allows(A)
        assert not first.done()
        assert lookup.counts() == {"in_flight": 1, "failures": 1, "over_limit": 0}
    finally:
        database.open.set()
    assert first.result(10), "the answer came late, but it came"
    assert lookup.allows(A)
    assert database.asked == [A]
    assert lookup.counts()["in_flight"] == 0
    (record,) = caplog.records
    assert "TimeoutError: no answer within 0.05 seconds" in caplog.text
    assert "which is refused" in record.getMessage()


def test_a_lookup_that_has_overrun_is_not_asked_again_until_it_ends(
    pool: ThreadPoolExecutor,
) -> None:
    database, clock = SlowDatabase(), Clock()
    lookup = OriginLookup(database.lookup, timeout=0.01, clock=clock)
    try:
        pool.submit(lookup.allows, A)
        wait_until(lambda: database.asked == [A])
        for _ in range(3):
            assert not lookup.allows(A)
            clock.now += 2  # more than a failure is remembered
        assert lookup.counts()["failures"] == 1
    finally:
        database.open.set()
    wait_until(lambda: lookup.counts()["in_flight"] == 0)
    assert database.asked == [A]


def test_a_yes_stands_in_for_a_lookup_that_is_slow(pool: ThreadPoolExecutor) -> None:
    database, clock = SlowDatabase(A), Clock()
    lookup = OriginLookup(database.lookup, timeout=0.01, clock=clock)
    database.open.set()
    assert lookup.allows(A)
    database.open.clear()
    clock.now += 60
    try:
        pool.submit(lookup.allows, A)
        wait_until(lambda: database.asked == [A, A])
        assert lookup.allows(A)
        clock.now += 10
        assert lookup.allows(A)
        clock.now += 290
        assert not lookup.allows(A)
    finally:
        database.open.set()


def test_threads_that_wait_are_limited(pool: ThreadPoolExecutor) -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup, timeout=LONG, max_in_flight=2)
    try:
        asked = [pool.submit(lookup.allows, A) for _ in range(10)]
        # One runs the lookup, two wait for it: the others are refused instead of kept waiting.
        wait_until(lambda: sum(future.done() for future in asked) == 7)
        assert lookup.counts() == {"in_flight": 1, "failures": 0, "over_limit": 7}
    finally:
        database.open.set()
    assert sorted(future.result(10) for future in asked) == [False] * 7 + [True] * 3
    assert database.asked == [A]


def test_lookups_in_flight_are_limited(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    database = SlowDatabase(A, B, C)
    lookup = OriginLookup(database.lookup, max_in_flight=2, clock=clock)
    database.open.set()
    assert lookup.allows(C)
    database.open.clear()
    clock.now += 60
    try:
        for origin in (A, B):
            pool.submit(lookup.allows, origin)
        wait_until(lambda: lookup.counts()["in_flight"] == 2)
        for number in range(50):
            assert not lookup.allows(f"https://x{number}.example")
        assert lookup.allows(C), "a flood must not shut out who was allowed just before"
        assert lookup.counts() == {"in_flight": 2, "failures": 0, "over_limit": 51}
    finally:
        database.open.set()
    wait_until(lambda: lookup.counts()["in_flight"] == 0)
    assert not lookup.allows("https://x1.example"), "asked now"
    assert database.asked[-1] == "https://x1.example"
    (record,) = caplog.records
    assert record.getMessage() == (
        "too many lookups of allowed origins at once (max_in_flight=2) "
        "to ask about 'https://x0.example'"
    )


def test_a_thread_that_is_stopped_leaves_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    asked, stop = threading.Event(), threading.Event()

    def query(origin: str) -> bool:
        asked.set()
        assert stop.wait(10)
        raise SystemExit

    lookup = OriginLookup(query, timeout=LONG)
    stopped = pool.submit(lookup.allows, A)
    assert asked.wait(10)
    waiting = pool.submit(lookup.allows, A)
    stop.set()
    assert not waiting.result(10) if waiting.exception(10) is None else waiting.exception()
    with pytest.raises(SystemExit):
        stopped.result(10)
    assert lookup.counts()["in_flight"] == 0
    assert lookup.remembered(A) is None


def test_a_sync_lookup_whose_own_event_loop_is_cancelled_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def query(origin: str) -> bool:
        raise asyncio.CancelledError

    lookup = OriginLookup(query)
    assert not lookup.allows(A)
    assert lookup.counts()["failures"] == 1
    assert len(caplog.records) == 1


def test_a_clock_and_a_logging_handler_that_come_back_stop_nobody() -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            answers.append(lookup.allows(A))
            lookup.invalidate()
            raise OSError("disk full")

    def clock() -> float:
        if invalidates:
            lookup.invalidate()
        return 0.0

    def query(origin: str) -> bool:
        raise ConnectionError

    answers: list[bool] = []
    invalidates: list[bool] = []
    lookup = OriginLookup(query, clock=clock)
    logger, handler = logging.getLogger("cors_core"), Handler()
    logger.addHandler(handler)
    try:
        assert not lookup.allows(A)
        invalidates.append(True)
        assert not lookup.allows(B)
    finally:
        logger.removeHandler(handler)
    assert answers == [False]


def test_it_is_freed_with_its_threads() -> None:
    threads: list[threading.Thread] = []

    def query(origin: str) -> bool:
        threads.append(threading.current_thread())
        return True

    lookup = OriginLookup(query)
    assert asyncio.run(lookup.ask(A))
    gone = weakref.ref(lookup)
    del lookup
    gc.collect()
    assert gone() is None
    (thread,) = threads
    thread.join(10)
    assert not thread.is_alive()


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_child(check: Callable[[], bool]) -> bool:
    """Fork, and return what `check` returns in the child; a child that hangs is killed."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 and later warn of a fork beside other threads, which is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.write(writer, b"yes" if check() else b"no")
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], 10)
        if not ready:
            os.kill(child, signal.SIGKILL)
            pytest.fail("the child hangs")
        return os.read(reader, 3) == b"yes"
    finally:
        os.close(reader)
        os.waitpid(child, 0)


@needs_fork
def test_a_child_forked_during_a_lookup_asks_anew(pool: ThreadPoolExecutor) -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup, timeout=LONG, max_in_flight=1)
    try:
        waiting = [pool.submit(lookup.allows, A) for _ in range(2)]
        wait_until(lambda: lookup.counts()["in_flight"] == 1)

        def check() -> bool:
            database.open.set()
            return lookup.allows(A) and lookup.counts()["in_flight"] == 0

        assert in_child(check)
    finally:
        database.open.set()
    assert all(future.result(10) for future in waiting)


@needs_fork
def test_a_child_forked_while_a_thread_holds_the_lock(pool: ThreadPoolExecutor) -> None:
    entered, leave = threading.Event(), threading.Event()
    parent = os.getpid()

    def clock() -> float:
        # A lookup looks at the clock while it holds its lock, for one.
        if threading.current_thread() is not threading.main_thread() and os.getpid() == parent:
            entered.set()
            assert leave.wait(10)
        return 0.0

    lookup = OriginLookup(Database(A).lookup, clock=clock)
    try:
        blocked = pool.submit(lookup.allows, A)
        assert entered.wait(10)
        assert in_child(lambda: lookup.allows(A))
    finally:
        leave.set()
    assert blocked.result(10)


@needs_fork
def test_a_child_remembers_what_its_parent_did_and_has_threads_of_its_own() -> None:
    database = Database(A, B)
    lookup = OriginLookup(database.lookup)
    assert asyncio.run(lookup.ask(A))

    def check() -> bool:
        return lookup.remembered(A) is True and asyncio.run(lookup.ask(B))

    assert in_child(check)
    assert database.asked == [A]

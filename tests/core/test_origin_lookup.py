"""OriginLookup: what is asked, remembered, shared, invalidated; and policies that have one."""

import asyncio
import functools
import gc
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cors_core import CORSRequest, OriginLookup, Policy, PolicyError
from cors_core.policy import decider_of
from tests.core.lookups import A, B, C, Clock, Database, SlowDatabase, ask, wait_until


def decided(policy: Policy, origin: str) -> bool:
    """Say whether an adapter that can await allows `origin`."""
    decision = asyncio.run(decider_of(policy).decide_async(CORSRequest("GET", origin)))
    return decision.allowed


@pytest.fixture(params=["lookup", "lookup_async"])
def flavour(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_answers_are_remembered_for_their_time(flavour: str) -> None:
    database, clock = Database(A), Clock()
    lookup = OriginLookup(getattr(database, flavour), clock=clock)
    for _ in range(3):
        assert ask(lookup, A)
        assert not ask(lookup, B)
    assert database.asked == [A, B]
    assert (lookup.remembered(A), lookup.remembered(B)) == (True, False)
    clock.now += 9.9
    assert lookup.remembered(B) is False
    clock.now += 0.1
    assert (lookup.remembered(A), lookup.remembered(B)) == (True, None)
    clock.now += 49.9
    assert ask(lookup, A)
    assert database.asked == [A, B]
    clock.now += 0.1
    assert lookup.remembered(A) is None
    database.allowed = {B}
    assert not ask(lookup, A)
    assert ask(lookup, B)
    assert database.asked == [A, B, A, B]


def test_no_memory_of_a_no(flavour: str) -> None:
    database = Database()
    lookup = OriginLookup(getattr(database, flavour), negative_ttl=0)
    assert not ask(lookup, A)
    assert not ask(lookup, A)
    assert database.asked == [A, A]


def test_allows_asks_a_sync_lookup_only() -> None:
    database, clock = Database(A), Clock()
    assert OriginLookup(database.lookup).allows(A)
    assert not OriginLookup(database.lookup).allows(B)
    asynchronous = OriginLookup(database.lookup_async, clock=clock)
    assert not asynchronous.allows(A)
    assert database.asked == [A, B]
    assert ask(asynchronous, A)
    assert asynchronous.allows(A)
    clock.now += 60
    assert not asynchronous.allows(A), "an expired answer was used"


def test_which_lookup_is_async() -> None:
    class Callable:
        async def __call__(self, origin: str) -> bool:
            return True

    database = Database()
    assert OriginLookup(database.lookup_async).is_async
    assert OriginLookup(functools.partial(database.lookup_async)).is_async
    assert OriginLookup(Callable()).is_async
    assert not OriginLookup(database.lookup).is_async
    assert not OriginLookup(lambda _: True).is_async


def test_the_least_recently_used_goes(flavour: str) -> None:
    lookup = OriginLookup(getattr(Database(A, B, C), flavour), max_entries=2)
    for origin in (A, B, A, C):
        assert ask(lookup, origin)
    assert [lookup.remembered(origin) for origin in (A, B, C)] == [True, None, True]


def test_a_flood_displaces_no_yes_and_grows_no_memory() -> None:
    down = False

    def query(origin: str) -> bool:
        if down:
            raise ConnectionError
        return origin == A

    lookup = OriginLookup(query, max_entries=100)
    policy = Policy(allow_origins=lookup)
    assert policy.decide(CORSRequest("GET", A)).allowed

    def flood(start: int) -> None:
        for number in range(start, start + 5000):
            unknown = f"https://x{number}.example"
            assert not policy.decide(CORSRequest("GET", unknown)).allowed
            assert policy.decide(CORSRequest("OPTIONS", unknown, "GET")).status == 400

    flood(0)
    down = True
    flood(5000)  # failures are remembered too, in a memory of their own
    down = False
    gc.collect()
    tracemalloc.start()
    try:
        flood(10_000)
        down = True
        flood(15_000)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 100_000
    assert lookup.counts()["in_flight"] == 0
    assert lookup.remembered(A)


def test_malformed_origins_are_never_asked_about() -> None:
    def query(origin: str) -> bool:
        raise AssertionError(origin)

    lookup = OriginLookup(query)
    policy = Policy(allow_origins=lookup)
    for origin in ("", "null", "nonsense", f"{A}/", "HTTPS://X.example", "https://" + "a" * 9000):
        assert not policy.decide(CORSRequest("GET", origin)).allowed
        assert policy.decide(CORSRequest("OPTIONS", origin, "GET")).status == 400
        assert not decided(policy, origin)
    assert lookup.counts()["failures"] == 0


def test_threads_share_one_lookup() -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup)
    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(lookup.allows, origin) for origin in (A, B) * 20]
        wait_until(lambda: len(database.asked) == 2)
        time.sleep(0.02)
        database.open.set()
        assert [future.result() for future in asked] == [True, False] * 20
    assert sorted(database.asked) == [A, B]


@pytest.mark.parametrize("round_", range(5))
def test_nobody_asks_between_an_answer_and_its_memory(round_: int) -> None:
    database = Database(A)
    lookup = OriginLookup(database.lookup)
    barrier = threading.Barrier(16)

    def serve() -> bool:
        barrier.wait()
        return all(lookup.allows(A) for _ in range(50))

    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(serve) for _ in range(16)]
        assert all(future.result() for future in futures)
    assert database.asked == [A]


def test_an_answer_that_another_thread_drops_meanwhile() -> None:
    clock = Clock()
    lookup = OriginLookup(Database(A).lookup, clock=lambda: clock())
    assert lookup.allows(A)

    class Dropping(Clock):
        def __call__(self) -> float:
            lookup.invalidate(A)  # between the two steps of a look at the memory
            return self.now

    clock = Dropping()
    assert lookup.remembered(A) is None


def test_tasks_share_one_lookup() -> None:
    database = Database(A)
    lookup = OriginLookup(database.lookup_async)

    async def serve() -> list[bool]:
        return await asyncio.gather(*[lookup.ask(origin) for origin in (A, B) * 500])

    assert asyncio.run(serve()) == [True, False] * 500
    assert database.asked == [A, B]
    assert lookup.counts()["in_flight"] == 0


@pytest.mark.parametrize("origin", [A, B])
def test_an_answer_that_another_thread_remembers_in_between(flavour: str, origin: str) -> None:
    database = Database(A)
    times = [0.0, 60.0, 0.0]  # as if the answer that had expired were there again
    lookup = OriginLookup(getattr(database, flavour), clock=lambda: times.pop(0))
    assert ask(lookup, origin) is ask(lookup, origin) is (origin == A)
    assert (database.asked, times) == ([origin], [])


def test_each_event_loop_asks_for_itself() -> None:
    database = Database(A)
    lookup = OriginLookup(database.lookup_async)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, lookup, A) for _ in range(8)]
        assert all(future.result() for future in asked)
    assert 1 <= len(database.asked) <= 8
    assert ask(lookup, A)


def test_the_first_that_waits_may_go_away() -> None:
    database = Database(A)
    lookup = OriginLookup(database.lookup_async)

    async def serve() -> None:
        first = asyncio.create_task(lookup.ask(A))
        second = asyncio.create_task(lookup.ask(A))
        await asyncio.sleep(0)
        first.cancel()
        assert await second
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(serve())
    assert database.asked == [A]


def test_invalidate() -> None:
    database = Database(A, B)
    lookup = OriginLookup(database.lookup)
    for origin in (A, B, C):
        lookup.allows(origin)
    lookup.invalidate(A)
    lookup.invalidate("https://unknown.example")
    assert [lookup.remembered(origin) for origin in (A, B, C)] == [None, True, False]
    lookup.invalidate(C)
    assert lookup.remembered(C) is None
    lookup.invalidate()
    assert lookup.remembered(B) is None


@pytest.mark.parametrize("origin", [A, None])
def test_invalidate_while_threads_ask(origin: str | None) -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup)
    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(lookup.allows, A)
        wait_until(lambda: len(database.asked) == 1)
        database.allowed.clear()
        lookup.invalidate(origin)
        after = pool.submit(lookup.allows, A)
        wait_until(lambda: len(database.asked) == 2)
        database.open.set()
        assert before.result()
        assert not after.result()
    assert lookup.remembered(A) is False
    assert lookup.counts()["in_flight"] == 0


@pytest.mark.parametrize("origin", [A, None])
def test_invalidate_while_tasks_ask(origin: str | None) -> None:
    asked = 0
    gate = asyncio.Event()
    allowed = {A, B}

    async def query(origin: str) -> bool:
        nonlocal asked
        asked += origin == A
        answer = origin in allowed
        await gate.wait()
        return answer

    lookup = OriginLookup(query)

    async def serve() -> None:
        before = asyncio.create_task(lookup.ask(A))
        other = asyncio.create_task(lookup.ask(B))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        allowed.discard(A)
        lookup.invalidate(origin)
        after = asyncio.create_task(lookup.ask(A))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.set()
        assert await other
        assert not await after
        assert await before, "a request uses the answer that it waited for"

    asyncio.run(serve())
    assert asked == 2
    assert lookup.remembered(A) is False
    assert lookup.remembered(B) is (True if origin else None)
    assert lookup.counts()["in_flight"] == 0


def failing(result: Any) -> Any:
    def query(origin: str) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return query


@pytest.mark.parametrize(
    "result",
    [ZeroDivisionError("down"), TimeoutError(), None, 1, "yes", [True], object()],
    ids=lambda result: type(result).__name__,
)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_fails_is_a_no_logged_once(
    is_async: bool, result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    query = failing(result)

    async def query_async(origin: str) -> Any:
        return query(origin)

    lookup = OriginLookup(query_async if is_async else query)
    for origin in (A, A, B):
        assert not ask(lookup, origin)
        assert lookup.remembered(origin) is None
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the lookup of an allowed origin failed for {A!r}, which is refused"
    )
    assert record.exc_info
    assert record.exc_info[0] is (type(result) if isinstance(result, Exception) else TypeError)


def test_a_coroutine_nobody_awaits_is_a_no(caplog: pytest.LogCaptureFixture) -> None:
    database = Database(A)
    lookup = OriginLookup(lambda origin: database.lookup_async(origin))
    assert not lookup.allows(A)
    assert len(caplog.records) == 1


def test_a_lookup_that_failed_is_asked_again_after_a_second(flavour: str) -> None:
    database, clock = Database(A), Clock()
    broken = [True]

    def query(origin: str) -> bool:
        database.asked.append(origin)
        if broken:
            raise ConnectionError
        return True

    async def query_async(origin: str) -> bool:
        return query(origin)

    lookup = OriginLookup(query if flavour == "lookup" else query_async, clock=clock)
    for _ in range(3):
        assert not ask(lookup, A)
        clock.now += 0.3
    broken.clear()
    assert not ask(lookup, A)
    assert database.asked == [A]
    clock.now += 0.2
    assert ask(lookup, A)
    assert database.asked == [A, A]


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"lookup": "https://a.example"}, "lookup 'https://a.example' cannot be called"),
        ({"clock": 3}, "clock 3 cannot be called"),
        ({"ttl": 0}, "ttl 0 remembers nothing"),
        ({"ttl": NAN}, "ttl nan is no number"),
        ({"ttl": "60"}, "ttl '60' is no number"),
        ({"ttl": True}, "ttl True is no number"),
        ({"ttl": None}, "ttl None is no number"),
        ({"ttl": -1.5}, "ttl -1.5 is negative"),
        ({"ttl": 10**400}, "ttl 1000"),
        ({"negative_ttl": -1}, "negative_ttl -1 is negative"),
        ({"negative_ttl": -INFINITE}, "negative_ttl -inf is negative"),
        ({"stale_if_error": -1}, "stale_if_error -1 is negative"),
        ({"stale_if_error": False}, "stale_if_error False is no number"),
        ({"timeout": 0}, "timeout 0 leaves no time"),
        ({"timeout": INFINITE}, "timeout inf is too long"),
        ({"timeout": 5000}, "timeout 5000 is too long"),
        ({"timeout": None}, "timeout None is no number"),
        ({"max_entries": 0}, "max_entries 0 has no room"),
        ({"max_entries": True}, "max_entries True is no whole number"),
        ({"max_entries": 1.5}, "max_entries 1.5 is no whole number"),
        ({"max_entries": INFINITE}, "max_entries inf is no whole number"),
        ({"max_in_flight": 0}, "max_in_flight 0 has no room"),
        ({"max_in_flight": "100"}, "max_in_flight '100' is no whole number"),
    ],
)
def test_what_makes_no_sense(given: Any, finding: str) -> None:
    with pytest.raises(PolicyError) as caught:
        OriginLookup(**({"lookup": Database().lookup} | given))
    (problem,) = caught.value.problems
    assert problem.finding.startswith(finding)
    assert problem.fix.startswith(("use ", "give "))


def test_all_that_makes_no_sense_is_reported_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        OriginLookup(
            None,  # type: ignore[arg-type]  # what is tested
            ttl=0, max_entries=0, negative_ttl=-1, timeout=0, max_in_flight=0, stale_if_error=-1,
            clock=None,  # type: ignore[arg-type]  # what is tested
        )  # fmt: skip
    assert [problem.option for problem in caught.value.problems] == [
        "lookup", "ttl", "max_entries", "negative_ttl", "timeout", "max_in_flight",
        "stale_if_error", "clock",
    ]  # fmt: skip


def test_answers_that_are_good_until_they_are_invalidated(flavour: str) -> None:
    database, clock = Database(A), Clock()
    lookup = OriginLookup(
        getattr(database, flavour), ttl=INFINITE, negative_ttl=INFINITE, clock=clock
    )
    for _ in range(2):
        assert ask(lookup, A)
        assert not ask(lookup, B)
        clock.now += 10**9
    assert database.asked == [A, B]
    lookup.invalidate()
    assert ask(lookup, A)


def test_a_policy_asks_about_what_it_does_not_list() -> None:
    database = Database(A, "https://sub.static.example", "https://b.example:444")
    lookup = OriginLookup(database.lookup)
    static: list[Any] = [
        "https://*.static.example",
        lookup,
        "http://localhost:*",
    ]
    policy = Policy(allow_origins=static, allow_methods=["PUT"], allow_credentials=True)
    for origin in ("https://sub.static.example", "http://localhost:1"):
        assert policy.decide(CORSRequest("GET", origin)).allowed
        assert policy.decide(CORSRequest("OPTIONS", origin, "PUT")).allowed
        decided(policy, origin)
    assert database.asked == []
    preflight = policy.decide(CORSRequest("OPTIONS", A, "PUT"))
    assert (preflight.status, dict(preflight.headers)["Access-Control-Allow-Origin"]) == (200, A)
    actual = policy.decide(CORSRequest("GET", A))
    assert dict(actual.headers) == {
        "Access-Control-Allow-Origin": A,
        "Access-Control-Allow-Credentials": "true",
    }
    assert actual.vary == ("Origin",)
    assert policy.decide(CORSRequest("GET", A)) is actual
    assert policy.decide(CORSRequest("OPTIONS", A, "PUT")) is preflight
    assert policy.decide(CORSRequest("GET")).headers == ()
    assert database.asked == [A]
    # What was once a yes is not one for ever: neither decision is served from memory.
    database.allowed.clear()
    lookup.invalidate(A)
    assert not policy.decide(CORSRequest("GET", A)).allowed
    lookup.invalidate(A)
    assert policy.decide(CORSRequest("OPTIONS", A, "PUT")).status == 400


def test_a_policy_by_itself() -> None:
    lookup = OriginLookup(Database(A).lookup)
    policy = Policy(allow_origins=lookup)
    assert policy.allow_origins == (lookup,)
    assert policy == Policy(allow_origins=[lookup])
    assert hash(policy) == hash(Policy(allow_origins=(lookup,)))
    assert policy != Policy(allow_origins=OriginLookup(Database(A).lookup))
    assert decided(policy, A)
    assert not decided(Policy(allow_origins=[A]), B)


def test_two_lookups_are_refused() -> None:
    lookups = [OriginLookup(Database().lookup), OriginLookup(Database().lookup)]
    with pytest.raises(PolicyError, match="stands beside another OriginLookup; ask both in one"):
        Policy(allow_origins=lookups)


def test_a_lookup_beside_everybody() -> None:
    with pytest.raises(PolicyError):
        Policy(allow_origins=["*", OriginLookup(Database().lookup)], allow_credentials=True)

"""OriginLookup: what is asked, remembered, shared, invalidated; and policies that have one."""

import asyncio
import functools
import gc
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cors_core import CORSRequest, OriginLookup, Policy, PolicyError
from cors_core.adapters import PolicyChoice

A, B, C = (f"https://{name}.example" for name in "abc")


class Clock:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Database:
    """Allowed origins, and what was asked about them: sync as `lookup`, async as `lookup_async`."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = set(allowed)
        self.asked: list[str] = []

    def lookup(self, origin: str) -> bool:
        self.asked.append(origin)
        return origin in self.allowed

    async def lookup_async(self, origin: str) -> bool:
        await asyncio.sleep(0)
        return self.lookup(origin)


Ask = Callable[[OriginLookup, str], bool]


@pytest.fixture(params=["lookup", "lookup_async"])
def flavour(request: pytest.FixtureRequest) -> Any:
    return request.param


def ask(lookup: OriginLookup, origin: str) -> bool:
    """Ask as an ASGI adapter does, which serves both flavours."""
    return asyncio.run(lookup.ask(origin))


def decided(policy: Policy, origin: str) -> bool:
    """Say whether an adapter that can await allows `origin`."""
    decider = asyncio.run(PolicyChoice(policy, awaits=True).choose_async(policy, REQUEST))
    return asyncio.run(decider.decide_async(CORSRequest("GET", origin))).allowed


REQUEST = CORSRequest("GET")


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
    database = Database(A)
    assert OriginLookup(database.lookup).allows(A)
    assert not OriginLookup(database.lookup).allows(B)
    asynchronous = OriginLookup(database.lookup_async)
    assert not asynchronous.allows(A)
    assert database.asked == [A, B]
    assert ask(asynchronous, A)
    assert asynchronous.allows(A)


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


def test_a_flood_drives_out_no_yes_and_grows_no_memory() -> None:
    lookup = OriginLookup(Database(A).lookup, max_entries=100)
    lookup._lookup = lambda origin: origin == A  # one that keeps no list itself
    policy = Policy(allow_origins=lookup)
    assert policy.decide(CORSRequest("GET", A)).allowed

    def flood(start: int) -> None:
        for number in range(start, start + 5000):
            stranger = f"https://x{number}.example"
            assert not policy.decide(CORSRequest("GET", stranger)).allowed
            assert policy.decide(CORSRequest("OPTIONS", stranger, "GET")).status == 400

    flood(0)
    gc.collect()
    tracemalloc.start()
    try:
        flood(5000)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 100_000
    assert len(lookup._refused.until) == 100
    assert lookup._asked == {}
    assert lookup.remembered(A)
    # Malformed ones are never asked about, whatever the flood.
    lookup._lookup = lambda origin: True
    for origin in ("", "null", "nonsense", f"{A}/", "HTTPS://X.example", "https://" + "a" * 9000):
        assert not policy.decide(CORSRequest("GET", origin)).allowed
        assert policy.decide(CORSRequest("OPTIONS", origin, "GET")).status == 400
        assert not policy.decide(CORSRequest("GET", origin)).allowed
        decided(policy, origin)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for other threads."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class SlowDatabase(Database):
    """Answers when `open` is set; each lookup with what was allowed when it began."""

    def __init__(self, *allowed: str) -> None:
        super().__init__(*allowed)
        self.open = threading.Event()

    def lookup(self, origin: str) -> bool:
        answer = super().lookup(origin)
        assert self.open.wait(10)
        return answer


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
    assert lookup._asked_async == {}


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


def test_a_lookup_that_is_itself_cancelled_is_a_no(caplog: pytest.LogCaptureFixture) -> None:
    async def lookup(origin: str) -> bool:
        raise asyncio.CancelledError

    origins = OriginLookup(lookup)
    assert not ask(origins, A)
    assert len(caplog.records) == 1
    assert origins.remembered(A) is None


def test_a_server_that_stops_cancels_the_lookup(caplog: pytest.LogCaptureFixture) -> None:
    async def lookup(origin: str) -> bool:
        await asyncio.sleep(60)
        return True

    origins = OriginLookup(lookup)

    async def stop(begun: bool) -> None:
        waiting = asyncio.create_task(origins.ask(A))
        await asyncio.sleep(0.01 if begun else 0)
        (task,) = origins._asked_async.values()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(stop(begun=True))
    assert origins._asked_async == {}
    assert not caplog.records


def test_a_lookup_cancelled_before_it_began_is_asked_again() -> None:
    database = Database(A)
    lookup = OriginLookup(database.lookup_async)

    async def serve() -> None:
        asked = asyncio.ensure_future(lookup.ask(A))
        await asyncio.sleep(0)
        (task,) = lookup._asked_async.values()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await lookup.ask(A)

    asyncio.run(serve())


def test_a_thread_that_is_stopped_leaves_nobody_waiting() -> None:
    def lookup(origin: str) -> bool:
        raise SystemExit

    origins = OriginLookup(lookup)
    with pytest.raises(SystemExit):
        origins.allows(A)
    assert origins._asked == {}


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
    assert lookup._asked == {}


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
        assert not await before  # its yes was stale, so it asked again

    asyncio.run(serve())
    assert asked == 2
    assert lookup.remembered(A) is False
    assert lookup.remembered(B) is True
    assert lookup._asked_async == {}


def test_a_yes_invalidated_in_flight_is_still_a_yes_if_it_is_one() -> None:
    lookup: OriginLookup
    asked = []

    async def query(origin: str) -> bool:
        asked.append(origin)
        if len(asked) < 3:
            lookup.invalidate()
        return True

    lookup = OriginLookup(query)
    policy = Policy(allow_origins=lookup)
    assert decided(policy, A)
    assert len(asked) == 3


def test_a_yes_that_expires_before_the_decision_is_one_for_this_request() -> None:
    clock, database = Clock(), Database(A)
    policy = Policy(allow_origins=OriginLookup(database.lookup_async, clock=clock, ttl=1))
    assert decided(policy, A)
    clock.now += 1
    assert policy.decide(CORSRequest("GET", A)).allowed
    database.allowed.clear()
    assert not decided(policy, A)
    assert database.asked == [A, A]


def test_a_failure_forgets_an_expired_yes() -> None:
    clock, answers = Clock(), [True]

    async def query(origin: str) -> bool:
        return answers.pop()  # raises when there is none

    policy = Policy(allow_origins=OriginLookup(query, clock=clock, ttl=1))
    assert decided(policy, A)
    clock.now += 1
    assert not decided(policy, A)


def test_constant_invalidation_ends_in_a_no() -> None:
    lookup: OriginLookup
    asked = []

    async def query(origin: str) -> bool:
        asked.append(origin)
        lookup.invalidate()
        return True

    lookup = OriginLookup(query)
    assert not ask(lookup, A)
    assert len(asked) == 3


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
        assert lookup.remembered(origin) is None  # tried again at once
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


def test_the_same_lookup_recovers(flavour: str) -> None:
    database = Database(A)
    broken = [True]

    def query(origin: str) -> bool:
        if broken:
            raise ConnectionError
        return database.lookup(origin)

    async def query_async(origin: str) -> bool:
        return query(origin)

    lookup = OriginLookup(query if flavour == "lookup" else query_async)
    assert not ask(lookup, A)
    broken.clear()
    assert ask(lookup, A)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"lookup": "https://a.example"}, "lookup 'https://a.example' cannot be called"),
        ({"ttl": 0}, "ttl 0 remembers nothing"),
        ({"ttl": float("nan")}, "ttl nan remembers nothing"),
        ({"negative_ttl": -1}, "negative_ttl -1 is negative"),
        ({"max_entries": 0}, "max_entries 0 has no room"),
        ({"max_entries": True}, "max_entries True has no room"),
        ({"max_entries": 1.5}, "max_entries 1.5 has no room"),
    ],
)
def test_what_makes_no_sense(given: Any, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        OriginLookup(**({"lookup": Database().lookup} | given))
    assert str(caught.value).startswith(reason)


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


def test_an_answer_that_another_thread_drops_in_the_middle_of_a_look() -> None:
    def clock() -> float:
        if lookup.is_async is False and dropping:
            lookup.invalidate()
        return 0.0

    dropping: list[bool] = []
    lookup = OriginLookup(lambda origin: True, clock=clock)
    assert lookup.allows("https://a.example")
    dropping.append(True)
    assert lookup.remembered("https://a.example") is None

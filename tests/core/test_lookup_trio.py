"""OriginLookup under trio, as behind a server that runs it."""

from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing

import cors_core.asgi
from cors_core import OriginLookup
from tests.core.lookups import A, B, Clock, Database, SlowDatabase, wait_until

LONG = 60.0
"""Seconds that no test waits."""


class Gate:
    """An async lookup that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.open = trio.Event()

    async def lookup(self, origin: str) -> bool:
        self.asked.append(origin)
        try:
            await self.open.wait()
        except trio.Cancelled:
            self.cancelled.append(origin)
            raise
        return True


async def settled() -> None:
    """Wait until all other tasks wait."""
    await trio.testing.wait_all_tasks_blocked()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_answers_are_shared_and_remembered(is_async: bool) -> None:
    database = Database(A)

    async def query(origin: str) -> bool:
        await trio.lowlevel.checkpoint()
        return database.lookup(origin)

    lookup = OriginLookup(query if is_async else database.lookup, max_in_flight=2)
    answers: list[tuple[str, bool]] = []

    async def ask(origin: str) -> None:
        answers.append((origin, await lookup.ask(origin)))

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            for origin in (A, B) * 500:
                nursery.start_soon(ask, origin)

    trio.run(serve)
    assert sorted(answers) == [(A, True)] * 500 + [(B, False)] * 500
    assert sorted(database.asked) == [A, B]
    assert (lookup.remembered(A), lookup.remembered(B)) == (True, False)
    assert lookup.counts() == {"in_flight": 0, "failures": 0, "over_limit": 0}


def test_a_lookup_that_fails(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    def query(origin: str) -> bool:
        raise ConnectionError

    async def query_async(origin: str) -> bool:
        raise ConnectionError

    lookup = OriginLookup(query_async if is_async else query)
    assert not trio.run(lookup.ask, A)
    assert not trio.run(lookup.ask, A)
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}
    assert len(caplog.records) == 1


def test_a_lookup_that_takes_too_long(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    allowed = [True]

    async def query(origin: str) -> bool:
        if not allowed:
            await trio.sleep_forever()
        return True

    lookup = OriginLookup(query, timeout=0.01, clock=clock)
    assert trio.run(lookup.ask, A)
    allowed.clear()
    clock.now += 60
    assert trio.run(lookup.ask, A), "what has just expired stands in"
    assert not trio.run(lookup.ask, B)
    assert lookup.counts() == {"in_flight": 0, "failures": 2, "over_limit": 0}
    assert "TimeoutError: no answer within 0.01 seconds" in caplog.text


def test_a_sync_lookup_that_takes_too_long_keeps_its_place() -> None:
    database, clock = SlowDatabase(A), Clock()
    lookup = OriginLookup(database.lookup, timeout=0.01, max_in_flight=1, clock=clock)

    async def serve() -> None:
        assert not await lookup.ask(A)
        clock.now += 2
        assert not await lookup.ask(A)
        assert not await lookup.ask(B)

    try:
        trio.run(serve)
        assert lookup.counts() == {"in_flight": 1, "failures": 1, "over_limit": 1}
    finally:
        database.open.set()
    wait_until(lambda: lookup.counts()["in_flight"] == 0)
    assert lookup.remembered(A) is True
    assert database.asked == [A]


def test_a_request_that_waits_for_another_gives_up_in_time() -> None:
    async def serve() -> None:
        end = trio.Event()

        async def query(origin: str) -> bool:
            with trio.CancelScope(shield=True):
                await end.wait()
            return True

        lookup = OriginLookup(query, timeout=0.01)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lookup.ask, A)
            await settled()
            assert not await lookup.ask(A)
            assert lookup.counts()["in_flight"] == 1
            end.set()

    trio.run(serve)


def test_a_request_that_asks_and_goes_away_is_replaced_by_one_that_waits() -> None:
    async def serve() -> None:
        gate = Gate()
        lookup = OriginLookup(gate.lookup)
        answers = []

        async def wait() -> None:
            answers.append(await lookup.ask(A))

        async with trio.open_nursery() as nursery:
            first = trio.CancelScope()

            async def ask() -> None:
                with first:
                    await lookup.ask(A)

            nursery.start_soon(ask)
            await settled()
            for _ in range(5):
                nursery.start_soon(wait)
            await settled()
            assert gate.asked == [A]
            first.cancel()
            await settled()
            assert (gate.cancelled, gate.asked) == ([A], [A, A])
            gate.open.set()
        assert answers == [True] * 5
        assert lookup.counts() == {"in_flight": 0, "failures": 0, "over_limit": 0}

    trio.run(serve)


def test_a_request_that_goes_away_while_its_thread_asks() -> None:
    database = SlowDatabase(A)
    lookup = OriginLookup(database.lookup, timeout=LONG)

    async def serve() -> None:
        with trio.move_on_after(LONG) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lookup.ask, A)
                await trio.to_thread.run_sync(wait_until, lambda: database.asked == [A])
                scope.cancel()
        assert scope.cancelled_caught
        assert lookup.counts() == {"in_flight": 1, "failures": 0, "over_limit": 0}
        database.open.set()
        assert await lookup.ask(A)

    try:
        trio.run(serve)
    finally:
        database.open.set()
    wait_until(lambda: lookup.counts()["in_flight"] == 0)


def test_an_exit_that_a_sync_lookup_asks_for_does_not_end_the_server() -> None:
    def query(origin: str) -> bool:
        raise SystemExit

    lookup = OriginLookup(query)
    assert not trio.run(lookup.ask, A)
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}


def test_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio.to_thread, "run_sync", no_thread)
    lookup = OriginLookup(Database(A).lookup)
    assert not trio.run(lookup.ask, A)
    assert lookup.counts() == {"in_flight": 0, "failures": 1, "over_limit": 0}


def test_an_app_behind_a_server_that_runs_trio() -> None:
    async def query(origin: str) -> bool:
        await trio.lowlevel.checkpoint()
        return origin == A

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await trio.lowlevel.checkpoint()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    wrapped = cors_core.asgi.CORSMiddleware(app, allow_origins=OriginLookup(query))

    async def allowed(origin: str) -> bool:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        headers = [(b"origin", origin.encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        await wrapped(scope, send, send)  # type: ignore[arg-type]  # nothing is received
        return (b"access-control-allow-origin", origin.encode()) in [
            (name.lower(), value) for name, value in messages[0]["headers"]
        ]

    assert trio.run(allowed, A)
    assert not trio.run(allowed, B)


def test_trio_as_the_guest_of_asyncio() -> None:
    import asyncio

    async def query(origin: str) -> bool:
        await trio.lowlevel.checkpoint()  # fails in an asyncio task
        return True

    lookup = OriginLookup(query)

    async def host() -> bool:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            lookup.ask,
            A,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        outcome = await done
        return bool(outcome.unwrap())

    assert asyncio.run(host())

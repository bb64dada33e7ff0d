"""Under load: policies that change all the time and lookups that fail give no wrong verdict."""

import asyncio
import gc
import itertools
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import cors_core.asgi
import cors_core.wsgi
from cors_core import CORSRequest, OriginLookup, Policy, ReloadablePolicy

LISTED, LOOKED_UP, OTHER = (f"https://{name}.example" for name in ("listed", "tenant", "evil"))
MOST_GROWTH = 1_000_000  # bytes

REQUESTS = [
    CORSRequest("GET", LISTED),
    CORSRequest("GET", LOOKED_UP),
    CORSRequest("GET", OTHER),
    CORSRequest("GET"),
    CORSRequest("OPTIONS", LISTED, "PUT", "x-one"),
    CORSRequest("OPTIONS", LOOKED_UP, "GET"),
]

Verdict = tuple[int, tuple[tuple[str, str], ...]]


class ConnectionLost(Exception):
    """What a lookup of these tests fails with, every third time."""


class Lookups:
    """A lookup, sync and async, that fails every third time, or else as it is told."""

    def __init__(self) -> None:
        self.fails: bool | None = None
        self._turn = itertools.count()

    def lookup(self, origin: str) -> bool:
        if next(self._turn) % 3 == 0 if self.fails is None else self.fails:
            raise ConnectionLost
        return origin == LOOKED_UP

    async def lookup_async(self, origin: str) -> bool:
        await asyncio.sleep(0)
        return self.lookup(origin)


def policies(lookup: Any) -> tuple[Policy, Policy]:
    """Return two policies that agree on nothing."""
    # A second at each look at the clock: answers and failures are forgotten after a few requests.
    clock = itertools.count().__next__
    origins = OriginLookup(lookup, ttl=50, negative_ttl=0, stale_if_error=0, clock=clock)
    one = Policy(
        allow_origins=[LISTED, origins],
        allow_methods=["PUT", "GET"],
        allow_headers=["X-One"],
        expose_headers=["X-One"],
    )
    two = Policy(allow_origins=[OTHER, origins], allow_credentials=True, max_age=5)
    return one, two


def verdicts(request: CORSRequest) -> set[Verdict]:
    """Return what either policy may say about a request, its lookup failing or not."""

    def refuses(origin: str) -> bool:
        return False

    found: set[Verdict] = set()
    for lookup in (refuses, lambda origin: origin == LOOKED_UP):
        for policy in policies(lookup):
            decision = policy.decide(request)
            content = decision.text.content
            headers = decision.text.answer if decision.status else decision.text.join([])
            kept = [pair for pair in headers if pair not in content]
            found.add((decision.status or 204, tuple(sorted((n.lower(), v) for n, v in kept))))
    return found


VERDICTS = {request: verdicts(request) for request in REQUESTS}


@contextmanager
def swaps(holder: ReloadablePolicy, *given: Policy) -> Iterator[None]:
    """Replace the policy all the time."""
    stop = threading.Event()

    def swap() -> None:
        for policy in itertools.cycle(given):
            holder.replace(policy)
            if stop.wait(0.0001):
                return

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def flat_memory() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        yield
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < MOST_GROWTH


Seen = dict[CORSRequest, set[Verdict]]


def situations(
    holder: ReloadablePolicy, given: Iterable[Policy], lookups: Lookups
) -> Iterator[None]:
    """Have each policy and each state of the lookup in turn, with nothing remembered.

    Which of them requests meet while policies change is up to the scheduler: this shows that each
    verdict can be met.
    """
    for policy, lookups.fails in itertools.product(given, (True, False)):
        lookup = policy.allow_origins[-1]
        assert isinstance(lookup, OriginLookup)
        lookup.invalidate()
        holder.replace(policy)
        yield


def lookup_failures(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many records there are; asyncio has its own in Python's development mode."""
    return sum(record.name == "cors_core" for record in caplog.records)


def check(request: CORSRequest, status: int, headers: list[tuple[str, str]]) -> Verdict:
    content = {"content-type", "content-length"}
    kept = sorted((n.lower(), v) for n, v in headers if n.lower() not in content)
    verdict = (status, tuple(kept))
    assert verdict in VERDICTS[request], request
    return verdict


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("204 No Content", [])
    return []


def environ_of(request: CORSRequest) -> dict[str, Any]:
    named = {
        "HTTP_ORIGIN": request.origin,
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": request.request_method,
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": request.request_headers,
    }
    given = {name: value for name, value in named.items() if value is not None}
    return {"REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": "/", **given}


def answered(app: Any, request: CORSRequest) -> tuple[str, list[tuple[str, str]]]:
    started: list[Any] = []
    app(environ_of(request), lambda *start: started.append(start))
    ((status, headers),) = started
    return status, headers


def test_eight_threads(caplog: pytest.LogCaptureFixture) -> None:
    lookups = Lookups()
    given = policies(lookups.lookup)
    holder = ReloadablePolicy(given[0])
    app = cors_core.wsgi.CORSMiddleware(wsgi_app, policy=holder)
    seen: Seen = {request: set() for request in REQUESTS}
    raised: list[BaseException] = []

    def serve(rounds: int) -> None:
        try:
            for request in REQUESTS * rounds:
                status, headers = answered(app, request)
                seen[request].add(check(request, int(status[:3]), headers))
        except BaseException as error:
            raised.append(error)

    def run(rounds: int) -> None:
        threads = [threading.Thread(target=serve, args=(rounds,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with swaps(holder, *given):
        run(50)
        with flat_memory():
            run(200)
    for _ in situations(holder, given, lookups):
        run(1)
    assert raised == []
    assert seen == VERDICTS
    assert lookup_failures(caplog) == 1  # however many times the lookup failed


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def scope_of(request: CORSRequest) -> dict[str, Any]:
    named = {
        b"origin": request.origin,
        b"access-control-request-method": request.request_method,
        b"access-control-request-headers": request.request_headers,
    }
    headers = [(name, value.encode()) for name, value in named.items() if value is not None]
    return {"type": "http", "method": request.method, "path": "/", "headers": headers}


@pytest.mark.parametrize("is_async", [False, True])
def test_a_thousand_tasks(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    lookups = Lookups()
    given = policies(lookups.lookup_async if is_async else lookups.lookup)
    holder = ReloadablePolicy(given[0])
    app = cors_core.asgi.CORSMiddleware(asgi_app, policy=holder)
    seen: Seen = {request: set() for request in REQUESTS}

    async def serve(request: CORSRequest) -> None:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        await app(scope_of(request), send, send)  # type: ignore[arg-type]  # nothing is received
        headers = [(n.decode(), v.decode()) for n, v in messages[0]["headers"]]
        seen[request].add(check(request, messages[0]["status"], headers))

    async def run(rounds: int) -> None:
        for _ in range(rounds):
            requests = itertools.islice(itertools.cycle(REQUESTS), 1000)
            await asyncio.gather(*map(serve, requests))

    # Not in asyncio's debug mode, even under `python -X dev`: it keeps a stack for each call.
    with swaps(holder, *given), asyncio.Runner(debug=False) as runner:
        runner.run(run(3))
        with flat_memory():
            runner.run(run(6))
    for _ in situations(holder, given, lookups):
        for request in REQUESTS:
            asyncio.run(serve(request), debug=False)
    assert seen == VERDICTS
    assert lookup_failures(caplog) == 1

"""A flood of requests that were never seen before: memory stays bounded, and nobody is crowded out.

An attacker chooses origins, methods and header names as they like. What a policy remembers of them
may not grow with their number.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import cors_core.asgi
import cors_core.wsgi
from cors_core import CORSRequest, Policy

FIRST, AFTERWARDS, STEP = 1_100, 2_200, 100
"""How many until every memory is full, how many that find it so; memory is looked at in steps."""

POLICY: dict[str, Any] = {
    "allow_origins": ["https://*.a.example"],
    "allow_headers": ["*"],
    "allow_methods": ["*"],
}

Flood = Iterable[CORSRequest]


def allowed(numbers: Iterable[int]) -> Iterator[CORSRequest]:
    for number in numbers:
        yield CORSRequest("GET", f"https://x{number}.a.example")
        yield CORSRequest("OPTIONS", "https://x.a.example", "GET", f"x-{number}")


def refused(numbers: Iterable[int]) -> Iterator[CORSRequest]:
    for number in numbers:
        yield CORSRequest("GET", f"https://evil{number}.example")
        yield CORSRequest("OPTIONS", f"https://evil{number}.example", "GET", "x-a")
        yield CORSRequest("OPTIONS", "https://x.a.example", f"M{number}")


def long(numbers: Iterable[int]) -> Iterator[CORSRequest]:
    for number in numbers:
        name = f"x-{number:0>1000}"
        yield CORSRequest("OPTIONS", "https://x.a.example", "GET", name)
        yield CORSRequest("OPTIONS", "https://x.a.example", name)
        yield CORSRequest("GET", f"https://{number:0>1000}.a.example")


def through_decide(policy: Policy) -> Callable[[Flood], None]:
    def send(flood: Flood) -> None:
        for request in flood:
            policy.decide(request)

    return send


FIELDS = ("origin", "access-control-request-method", "access-control-request-headers")


def through_asgi(policy: Policy) -> Callable[[Flood], None]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def discard(message: Any) -> None:
        pass

    cors: Any = cors_core.asgi.CORSMiddleware(app, policy=policy)

    async def serve(flood: Flood) -> None:
        for request in flood:
            headers = [
                (name.encode(), value.encode())
                for name, value in zip(FIELDS, request[1:4], strict=True)
                if value is not None
            ]
            scope = {"type": "http", "method": request.method, "path": "/", "headers": headers}
            await cors(scope, None, discard)

    return lambda flood: asyncio.run(serve(flood))


def through_wsgi(policy: Policy) -> Callable[[Flood], None]:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    cors: Any = cors_core.wsgi.CORSMiddleware(app, policy=policy)

    def send(flood: Flood) -> None:
        for request in flood:
            headers = {
                f"HTTP_{name.upper().replace('-', '_')}": value
                for name, value in zip(FIELDS, request[1:4], strict=True)
                if value is not None
            }
            environ = {"REQUEST_METHOD": request.method, "PATH_INFO": "/", **headers}
            list(cors(environ, lambda *_: None))

    return send


@pytest.mark.parametrize(
    ("way", "flood"),
    [
        *(
            (way, flood)
            for way in (through_decide, through_asgi)
            for flood in (allowed, refused, long)
        ),
        (through_wsgi, allowed),
    ],
)
def test_memory_is_bounded(way: Any, flood: Any) -> None:
    send = way(Policy(**POLICY))
    gc.collect()
    before = sys.getallocatedblocks()
    full = peak_of(send, flood, 0, FIRST) - before
    peak = peak_of(send, flood, FIRST, FIRST + AFTERWARDS) - before
    assert peak < 1.5 * full + AFTERWARDS  # a block for each is what chance may take


def peak_of(send: Callable[[Flood], None], flood: Any, start: int, end: int) -> int:
    """Return the most memory blocks that were in use while the flood was sent."""
    seen = []
    for first in range(start, end, STEP):
        send(flood(range(first, first + STEP)))
        seen.append(sys.getallocatedblocks())
    return max(seen)


def test_what_is_refused_crowds_out_nobody() -> None:
    policy = Policy(**POLICY)
    asked = [*allowed(range(200))]
    before = [policy.decide(request) for request in asked]
    flood = [request for request in refused(range(FIRST)) if "evil" in str(request.origin)]
    through_decide(policy)(flood)
    after = [policy.decide(request) for request in asked]
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert not policy.decide(CORSRequest("GET", "https://evil1.example")).allowed


def test_what_was_forgotten_is_decided_as_before() -> None:
    policy = Policy(**POLICY)
    asked = [*allowed(range(20)), *refused(range(20)), *long(range(20))]
    before = [policy.decide(request) for request in asked]
    through_decide(policy)(allowed(range(2 * FIRST)))
    assert [policy.decide(request) for request in asked] == before

"""What the tests of OriginLookup share: origins, a clock, databases that can be slow."""

import asyncio
import threading
import time
from collections.abc import Callable

from cors_core import OriginLookup

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


def ask(lookup: OriginLookup, origin: str) -> bool:
    """Ask as an ASGI adapter does, which serves both flavours."""
    return asyncio.run(lookup.ask(origin))


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

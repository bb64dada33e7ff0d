"""What an OriginLookup remembers: bounded memories of yes, no and failure. Nothing is asked here.

Only `Answers.has` may be called without the lock of the lookup that owns the memory.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

Clock = Callable[[], float]

RETRY_SECONDS: Final = 1.0
"""Seconds that a failure is remembered: a database that is down gets one lookup a second for an
origin, not one for each request."""


class Answers:
    """Origins with the same answer, each until it expires; the least recently used goes first."""

    __slots__ = ("_clock", "_most", "_ttl", "until")

    def __init__(self, ttl: float, most: int, clock: Clock) -> None:
        self._ttl = ttl
        self._most = most
        self._clock = clock
        self.until: OrderedDict[str, float] = OrderedDict()
        """When each answer expires. Expired ones stay until they are replaced or displaced."""

    def has(self, origin: str) -> bool:
        """Say whether there is an answer for `origin` that has not expired. Takes no lock."""
        until = self.until.get(origin)
        if until is None or until <= self._clock():
            return False
        try:
            self.until.move_to_end(origin)
        except KeyError:  # another thread has just dropped it
            return False
        return True

    def put(self, origin: str) -> None:
        """Remember the answer for `origin` from now on."""
        if self._ttl <= 0:
            return
        self.until[origin] = self._clock() + self._ttl
        self.until.move_to_end(origin)
        if len(self.until) > self._most:
            self.until.popitem(last=False)

    def forget(self, origin: str | None) -> None:
        """Forget the answer for `origin`, or all."""
        if origin is None:
            self.until.clear()
        else:
            self.until.pop(origin, None)


class Memory:
    """The answers of one lookup: yes and no apart, and for a moment that it failed.

    Apart, so that a flood of random origins, all of them no, does not displace one yes.
    """

    __slots__ = ("_clock", "_failed", "_stale_if_error", "allowed", "refused")

    def __init__(
        self,
        *,
        ttl: float,
        negative_ttl: float,
        stale_if_error: float,
        max_entries: int,
        clock: Clock,
    ) -> None:
        self.allowed = Answers(ttl, max_entries, clock)
        self.refused = Answers(negative_ttl, max_entries, clock)
        self._failed = Answers(RETRY_SECONDS, max_entries, clock)
        self._stale_if_error = stale_if_error
        self._clock = clock

    def known(self, origin: str) -> bool | None:
        """Return the answer that needs no lookup, or `None` if the lookup is to be asked."""
        if self.allowed.has(origin):
            return True
        if self.refused.has(origin):
            return False
        return self.stale(origin) if self._failed.has(origin) else None

    def stale(self, origin: str) -> bool:
        """Say whether `origin` was allowed recently enough to stay so while the lookup fails."""
        until = self.allowed.until.get(origin)
        return until is not None and self._clock() < until + self._stale_if_error

    def remember(self, origin: str, answer: bool) -> None:
        """Remember what the lookup said."""
        if answer:
            self.refused.forget(origin)
            self.allowed.put(origin)
        else:
            self.allowed.forget(origin)
            self.refused.put(origin)

    def fail(self, origin: str) -> None:
        """Remember that the lookup failed. An expired yes is kept: it may stand in."""
        self._failed.put(origin)

    def forget(self, origin: str | None) -> None:
        """Forget all about `origin`, or about all."""
        for answers in (self.allowed, self.refused, self._failed):
            answers.forget(origin)

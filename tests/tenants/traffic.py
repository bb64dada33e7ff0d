"""Requests that flow from several threads while a test changes something, and what they met."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from threading import Event, Lock, Thread

from tests.tenants.sites import Site, greet, preflight

_THREADS = 6


@dataclass(frozen=True)
class Visit:
    """One request and its verdict; the times are of `time.monotonic`."""

    began: float
    ended: float
    kind: str
    tenant: str
    origin: str
    verdict: str


class Traffic:
    """Preflights and actual requests in turn, of every (tenant, origin) pair, without a pause."""

    def __init__(self, site: Site, pairs: list[tuple[str, str]]) -> None:
        self._site = site
        self._pairs = pairs
        self._stop = Event()
        self._lock = Lock()
        self._visits: list[Visit] = []
        self.failures: list[Exception] = []

    def visits(self, tenant: str, origin: str) -> list[Visit]:
        with self._lock:
            return [v for v in self._visits if (v.tenant, v.origin) == (tenant, origin)]

    def await_visits(self, count: int = 100) -> None:
        """Return when so many more requests were answered, or none can be."""
        with self._lock:
            wanted = len(self._visits) + count
        while len(self._visits) < wanted and not self.failures:
            time.sleep(0.01)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        threads = [Thread(target=self._run) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            self.await_visits()
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        try:
            with closing(self._site.connect()) as connection:
                for tenant, origin in cycle(self._pairs):
                    for send in (greet, preflight):
                        began = time.monotonic()
                        verdict = send(connection, tenant, origin)
                        visit = Visit(
                            began, time.monotonic(), send.__name__, tenant, origin, verdict
                        )
                        with self._lock:
                            self._visits.append(visit)
                        if self._stop.is_set():
                            return
        except Exception as failure:
            self.failures.append(failure)


def check_switch(visits: list[Visit], new: str, changed: tuple[float, float], by: float) -> None:
    """Check that the verdicts change once, within the time that they may.

    :param changed: when the change began, and when it was committed.
    :param by: from then on no request may begin that gets the old verdict.
    """
    old = "refused" if new == "allowed" else "allowed"
    assert {visit.verdict for visit in visits} == {old, new}
    began, _ = changed
    assert all(visit.verdict == old for visit in visits if visit.ended < began), "too early"
    first = min(visit.ended for visit in visits if visit.verdict == new)
    late = [visit for visit in visits if visit.verdict == old and visit.began > min(first, by)]
    assert not late, f"committed at {changed[1]}, first seen at {first}, due by {by}: {late[:5]}"

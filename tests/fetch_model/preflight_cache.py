"""The CORS-preflight cache. https://fetch.spec.whatwg.org/#cors-preflight-cache

An entry's key, the network partition, is left out: one browser of this model is one partition.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.fetch_model.fetch_request import FetchRequest
from tests.fetch_model.request_headers import NON_WILDCARD


@dataclass
class CacheEntry:
    """A method or a header name that an answer to a preflight allowed. #concept-cache"""

    origin: str
    path: str
    credentials: bool
    stored_at: float
    max_age: float
    method: str | None = None
    header_name: str | None = None


class PreflightCache:
    """Remembers what preflights allowed, for their max-age in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[CacheEntry] = []

    def method_matches(self, method: str, request: FetchRequest) -> list[CacheEntry]:
        """Return the method cache entry matches. #concept-cache-match-method"""
        return [entry for entry in self._matches(request) if entry.method in (method, "*")]

    def header_name_matches(self, name: str, request: FetchRequest) -> list[CacheEntry]:
        """Return the header-name cache entry matches. #concept-cache-match-header"""
        spellings = {name.lower()} if name.lower() in NON_WILDCARD else {name.lower(), "*"}
        return [entry for entry in self._matches(request) if entry.header_name in spellings]

    def store(
        self, request: FetchRequest, methods: Iterable[str], names: Iterable[str], max_age: float
    ) -> None:
        """Store what an answer allowed, or set the max-age of what is stored already.

        https://fetch.spec.whatwg.org/#cors-preflight-fetch-0 , steps 7.12 to 7.15
        """
        for method in methods:
            matches = self.method_matches(method, request)
            self._renew(matches, max_age)
            if not matches:
                self._create(request, max_age, method=method)
        for name in names:
            matches = self.header_name_matches(name, request)
            self._renew(matches, max_age)
            if not matches:
                self._create(request, max_age, header_name=name.lower())

    def clear(self, request: FetchRequest) -> None:
        """Clear cache entries, those with credentials and those without. #concept-cache-clear"""
        self._entries = [entry for entry in self._entries if not _same_place(entry, request)]

    def _matches(self, request: FetchRequest) -> list[CacheEntry]:
        """Return the cache entry matches that have not expired. #concept-cache-match"""
        now = self._clock()
        return [
            entry
            for entry in self._entries
            if _same_place(entry, request)
            and (entry.credentials or not request.includes)
            and now < entry.stored_at + entry.max_age
        ]

    def _create(
        self,
        request: FetchRequest,
        max_age: float,
        method: str | None = None,
        header_name: str | None = None,
    ) -> None:
        """Create a new cache entry. #concept-cache-create-entry"""
        place = (request.origin, request.path, request.includes)
        self._entries.append(CacheEntry(*place, self._clock(), max_age, method, header_name))

    def _renew(self, entries: Iterable[CacheEntry], max_age: float) -> None:
        # By the letter: the time of storing stays. Browsers may drop an entry earlier, so may we.
        for entry in entries:
            entry.max_age = max_age


def _same_place(entry: CacheEntry, request: FetchRequest) -> bool:
    return (entry.origin, entry.path) == (request.origin, request.path)

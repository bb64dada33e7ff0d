"""The index that finds an origin among those that a policy lists, exactly or by a pattern."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from cors_core.origins.serialized import TupleOrigin, parse_origin

ANY_PORT: Final = "*"

_HOST_NAME_LABELS = re.compile(r"(?:[a-z0-9_\-]+\.)+")


class OriginPattern(NamedTuple):
    """`https://*.example.com` (any depth below `host`), `http://localhost:*` (any port) or both."""

    scheme: str
    host: str
    port: str
    """"" (the default one), digits, or ANY_PORT."""
    subdomains: bool


class OriginIndex:
    """Finds an origin among exact ones and patterns, in a time that depends on neither number.

    Exact origins are compared byte by byte, unparsed. A pattern's base is found by looking up the
    few suffixes of the host that have as many labels as some base has: never by a comparison of
    string ends, in which `barfoo.com` would pass for `foo.com`.
    """

    __slots__ = ("_any_port", "_bases", "_depths", "_exact", "_regex")

    def __init__(
        self,
        exact: Iterable[str],
        patterns: Iterable[OriginPattern],
        regex: re.Pattern[str] | None,
    ) -> None:
        any_port: set[tuple[str, str]] = set()
        bases: dict[tuple[str, str], set[str]] = {}
        depths: set[int] = set()
        for pattern in patterns:
            if pattern.subdomains:
                bases.setdefault((pattern.scheme, pattern.port), set()).add(pattern.host)
                depths.add(pattern.host.count(".") + 1)
            else:
                any_port.add((pattern.scheme, pattern.host))
        self._exact = frozenset(exact)
        self._any_port = frozenset(any_port)
        self._bases = {key: frozenset(hosts) for key, hosts in bases.items()}
        self._depths = tuple(sorted(depths))
        self._regex = regex

    def __contains__(self, origin: str) -> bool:
        """Say whether an Origin header's value is allowed; anything malformed is not."""
        if origin in self._exact:
            return True
        parts = parse_origin(origin)
        if parts is None and origin != "null":
            return False
        if parts is not None and self._matches_pattern(parts):
            return True
        return self._regex is not None and self._regex.fullmatch(origin) is not None

    def _matches_pattern(self, origin: TupleOrigin) -> bool:
        scheme, host, port = origin
        if (scheme, host) in self._any_port:
            return True
        for key in ((scheme, port), (scheme, ANY_PORT)):
            bases = self._bases.get(key)
            if bases and any(base in bases for base in self._parents(host)):
                return True
        return False

    def _parents(self, host: str) -> Iterable[str]:
        """Yield what follows one or more whole labels of `host`, at the depths that bases have."""
        labels = host.split(".")
        for depth in self._depths:
            base = ".".join(labels[-depth:])
            # Only host-name labels: no empty one, and no "*" to be echoed as if it were a wildcard.
            if depth < len(labels) and _HOST_NAME_LABELS.fullmatch(host[: -len(base)]):
                yield base

"""How the scope of an ASGI request is read. No app and no middleware here.

Servers hand header names and values over as bytes, in a list to be looked through; most requests
are decided by these bytes, with nothing decoded.
"""

from collections.abc import MutableMapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from cors_core.decide import LONGEST_READ, LONGEST_REMEMBERED, Decider
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.messages import CORSRequest, Decision, HeaderFields

Scope = MutableMapping[str, Any]

_UNREADABLE: Final = b":"
"""Stands for a header that no policy could allow: no origin, no method and no list of names."""

_NO_FIELDS: Final[dict[bytes, Any]] = {
    b"origin": None,
    b"access-control-request-method": None,
    b"access-control-request-headers": None,
    b"access-control-request-private-network": None,
}


class ScopeReader:
    """Reads the `http` scopes of ASGI."""

    method = staticmethod(itemgetter("method"))

    def read(self, scope: Scope) -> CORSRequest:
        """Return what decides the request of a scope, repeated lines joined as far as they count.

        Past LONGEST_READ characters no value of these fields is allowed, so that the rest is not
        joined: a client may send a million lines.
        """
        fields: dict[bytes, Any] = _NO_FIELDS.copy()
        host = ""
        headers = _kept_headers(scope)
        for name, value in headers:
            if name in fields:
                before = fields[name]
                if before is None:
                    fields[name] = value[:LONGEST_READ].decode("latin-1")
                elif len(before) < LONGEST_READ:
                    fields[name] = f"{before}, {value[:LONGEST_READ].decode('latin-1')}"
            elif name == b"host" and not host:
                host = value[:LONGEST_READ].decode("latin-1")
        query = scope.get("query_string", b"").decode("latin-1")
        lines = HeaderFields(partial(_texts, headers))
        parts: tuple[Any, ...] = (*fields.values(), host, scope["path"], query, lines)
        return CORSRequest(scope["method"], *parts)

    def decide(self, decider: Decider, scope: Scope) -> Decision | None:
        """Return the decision on the request of a scope; `None` where a lookup must be awaited."""
        if scope["method"] == "OPTIONS":
            return self._decide_options(decider, scope)
        origin = None
        headers = scope["headers"]
        if headers.__class__ is not list:
            headers = _kept_headers(scope)
        for name, value in headers:
            if name == b"origin":
                # Two lines make no origin (R4), nor does an over-long one.
                readable = origin is None and len(value) <= MAX_ORIGIN_LENGTH
                origin = value if readable else _UNREADABLE
        return decider.raw.get(origin) or decider.actual_raw(origin)

    def _decide_options(self, decider: Decider, scope: Scope) -> Decision | None:
        lines: dict[bytes, bytes | None] = _NO_FIELDS.copy()
        for name, value in _kept_headers(scope):
            if name in lines:
                if lines[name] is not None or LONGEST_REMEMBERED < len(value) < LONGEST_READ:
                    return decider.decide_at_once(self.read(scope))
                lines[name] = value if len(value) < LONGEST_READ else _UNREADABLE
        fields = tuple(lines.values())
        return decider.raw.get(fields) or decider.options_raw(fields)


def _kept_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers, as a list that the app finds too: ASGI allows what can be read once."""
    headers = scope["headers"]
    if headers.__class__ is not list:
        headers = scope["headers"] = [*headers]
    found: list[tuple[bytes, bytes]] = headers
    return found


def _texts(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]

"""How the scope of an ASGI request is read. No app and no middleware here.

Servers hand header names and values over as bytes, in a list to be looked through; most requests
are decided by these bytes, with nothing decoded.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from cors_core.decide import LONGEST_READ, LONGEST_REMEMBERED, Decider
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.messages import CORSRequest, Decision

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

    def method(self, scope: Scope) -> str:
        """Return the request's method."""
        method: str = scope["method"]
        return method

    def read(self, scope: Scope) -> CORSRequest:
        """Return what decides the request of a scope, repeated lines joined."""
        fields: dict[bytes, Any] = _NO_FIELDS.copy()
        host = ""
        for name, value in scope["headers"]:
            if name in fields:
                text = value[:LONGEST_READ].decode("latin-1")
                before = fields[name]
                fields[name] = text if before is None else f"{before}, {text}"
            elif name == b"host" and not host:
                host = value.decode("latin-1")
        parts: tuple[Any, ...] = (*fields.values(), host, scope["path"])
        return CORSRequest(scope["method"], *parts)

    def decide(self, decider: Decider, scope: Scope) -> Decision | None:
        """Return the decision on the request of a scope; `None` where a lookup must be awaited."""
        if scope["method"] == "OPTIONS":
            return self._decide_options(decider, scope)
        origin = None
        for name, value in scope["headers"]:
            if name == b"origin":
                # Two lines make no origin (R4), nor does an over-long one.
                readable = origin is None and len(value) <= MAX_ORIGIN_LENGTH
                origin = value if readable else _UNREADABLE
        return decider.raw.get(origin) or decider.actual_raw(origin)

    def _decide_options(self, decider: Decider, scope: Scope) -> Decision | None:
        lines: dict[bytes, bytes | None] = _NO_FIELDS.copy()
        for name, value in scope["headers"]:
            if name in lines:
                if lines[name] is not None or LONGEST_REMEMBERED < len(value) < LONGEST_READ:
                    return decider.decide_at_once(self.read(scope))
                lines[name] = value if len(value) < LONGEST_READ else _UNREADABLE
        fields = tuple(lines.values())
        return decider.raw.get(fields) or decider.options_raw(fields)

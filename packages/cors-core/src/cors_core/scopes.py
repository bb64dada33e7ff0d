"""What an ASGI scope says of its request, and the decision on it. No app and no middleware here.

Servers hand header names and values over as bytes, in a list to be looked through. The decisions
are remembered by these bytes, so that most requests need nothing decoded.
"""

from collections.abc import Iterable, MutableMapping
from typing import Any

from cors_core.answers import remember
from cors_core.decide import LONGEST_READ, LONGEST_REMEMBERED, actual_decision, decision_for
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.messages import CORSRequest, Decision
from cors_core.policy import Policy

Scope = MutableMapping[str, Any]

_UNREADABLE = b":"
"""Stands for a header that no policy could allow: no origin, no method and no list of names."""

_NO_FIELDS: dict[bytes, Any] = {
    b"origin": None,
    b"access-control-request-method": None,
    b"access-control-request-headers": None,
    b"access-control-request-private-network": None,
}


def decide_scope(policy: Policy, scope: Scope) -> Decision:
    """Return the decision of `policy` on the request of an ASGI `http` scope."""
    if scope["method"] == "OPTIONS":
        return _decide_options(policy, scope)
    origin = None
    for name, value in scope["headers"]:
        if name == b"origin":
            # Two lines make no origin (R4), nor does an over-long one.
            origin = value if origin is None and len(value) <= MAX_ORIGIN_LENGTH else _UNREADABLE
    decision = policy.answers.actual_raw.get(origin)
    if decision is None or (policy.lookup is not None and not _holds(policy, origin, decision)):
        text = None if origin is None else origin.decode("latin-1")
        decision = actual_decision(policy, text)
        remember(policy.answers.actual_raw, origin, decision)
    return decision


def _decide_options(policy: Policy, scope: Scope) -> Decision:
    lines: dict[bytes, bytes | None] = _NO_FIELDS.copy()
    for name, value in scope["headers"]:
        if name in lines:
            if lines[name] is not None or LONGEST_REMEMBERED < len(value) <= LONGEST_READ:
                return decision_for(policy, "OPTIONS", *_read_fields(scope))
            lines[name] = value if len(value) <= LONGEST_READ else _UNREADABLE
    key = tuple(lines.values())
    decision = policy.answers.options_raw.get(key)
    if decision is None or (policy.lookup is not None and not _holds(policy, key[0], decision)):
        fields = [None if line is None else line.decode("latin-1") for line in key]
        decision = decision_for(policy, "OPTIONS", *fields)
        remember(policy.answers.options_raw, key, decision)
    return decision


def _holds(policy: Policy, origin: bytes | None, decision: Decision) -> bool:
    """Say whether what is remembered holds still: an OriginLookup may say otherwise by now."""
    if origin is None or policy.lookup is None:
        return True
    text = origin.decode("latin-1")
    looked_up = policy.lookup.remembered(text)
    if not decision.headers:  # as where the origin is refused, and nowhere else
        return looked_up is False
    return looked_up is True or text in policy.answers.actual


def read_scope(scope: Scope) -> CORSRequest:
    """Return what decides the request of an ASGI `http` scope, repeated lines joined."""
    return CORSRequest(scope["method"], *_read_fields(scope))


def _read_fields(scope: Scope) -> Iterable[str | None]:
    fields: dict[bytes, str | None] = _NO_FIELDS.copy()
    for name, value in scope["headers"]:
        if name in fields:
            text = value[:LONGEST_READ].decode("latin-1")
            before = fields[name]
            fields[name] = text if before is None else f"{before}, {text}"
    return fields.values()


def host_of(scope: Scope) -> str:
    """Return the Host header; "" for none."""
    for name, value in scope["headers"]:
        if name == b"host":
            text: str = value.decode("latin-1")
            return text
    return ""

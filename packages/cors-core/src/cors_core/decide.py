"""The decision for one request: start reading here.

Sync, pure and total: no request makes it raise, and a long one costs no more than a short one.
What an answer looks like is in `answers`; which origins a policy lists, in `origins`.

The standard: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from cors_core.answers import remember
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.field_names import MAX_REQUEST_HEADERS_LENGTH, requested_names
from cors_core.messages import Decision, Refusal
from cors_core.policy import Policy

LONGEST_REMEMBERED = 512
"""Characters of a preflight's headers past which its decision is not remembered: no browser's
ordinary preflight is longer, and hashing what an attacker sends must not cost more than it."""

LONGEST_READ = MAX_REQUEST_HEADERS_LENGTH + 1
"""Characters of a request header that can matter: an adapter may cut the rest off, undecoded."""

_UNREADABLE = ":"
"""No list of field names; stands for all that are too long to be read, so that one answer does."""


def decision_for(
    policy: Policy,
    method: str,
    origin: str | None = None,
    request_method: str | None = None,
    request_headers: str | None = None,
    private_network: str | bool | None = None,
) -> Decision:
    """Return the decision of `policy` on a request with these parts (see CORSRequest).

    The same as `Policy.decide`, for adapters, which hold the parts and need no object of them.
    """
    # R1. Not by Sec-Fetch-Mode: older browsers, and many that are no browsers, do not send it.
    if method == "OPTIONS" and origin is not None and request_method is not None:
        return _preflight(policy, origin, request_method, request_headers, private_network)
    return actual_decision(policy, origin)


def actual_decision(policy: Policy, origin: str | None) -> Decision:
    """Return the decision on a request that is no preflight: its origin is all that counts.

    Its method and headers were settled by a preflight, or needed none. To refuse them here would
    break the page of the same origin, whose browser sends Origin with a POST as well.
    """
    answers = policy.answers
    if origin is None:
        return answers.not_cors
    if policy.any_origin:
        return answers.actual_any
    if len(origin) > MAX_ORIGIN_LENGTH:
        return answers.actual_refused
    decision = answers.actual.get(origin)
    if decision is not None:
        return decision
    if policy.lists(origin):
        return remember(answers.actual, origin, answers.new_actual(origin))
    if policy.lookup is None:
        return remember(answers.actual, origin, answers.actual_refused)
    # What an OriginLookup says holds for a while only, so it is asked each time.
    if policy.looks_up(origin):
        known = answers.looked_up.get(origin)
        return known or remember(answers.looked_up, origin, answers.new_actual(origin))
    return answers.actual_refused


def _preflight(
    policy: Policy,
    origin: str,
    method: str,
    headers: str | None,
    private_network: str | bool | None,
) -> Decision:
    """Decide on a CORS-preflight request: origin, method and headers must all be allowed.

    All three are looked at even if the first is refused, so that the answer names every cause.
    """
    answers = policy.answers
    asker = _asker(policy, origin)
    if headers is None:
        headers = ""
    elif len(headers) > MAX_REQUEST_HEADERS_LENGTH:
        headers = _UNREADABLE
    # Private Network Access never became a standard: to ask for it is no reason to be refused.
    asked_private = private_network is not None and private_network in ("true", True)
    key = (asker, method, headers, asked_private)
    if len(method) + len(headers) > LONGEST_REMEMBERED:
        return _new_preflight(policy, *key)
    decision = answers.preflight.get(key)
    if decision is None:
        decision = remember(answers.preflight, key, _new_preflight(policy, *key))
    return decision


def _asker(policy: Policy, origin: str) -> str | None:
    """Return whom a preflight's answer is for: an allowed origin, or `None` for all strangers."""
    if policy.any_origin:
        return "*"
    if len(origin) > MAX_ORIGIN_LENGTH:
        return None
    known = policy.answers.actual.get(origin)
    if known is not None:
        return origin if known.allowed else None
    return origin if policy.allows_origin(origin) or policy.looks_up(origin) else None


def _new_preflight(
    policy: Policy, asker: str | None, method: str, headers: str, asked_private: bool
) -> Decision:
    """Decide on a preflight that nothing is remembered of."""
    refused: list[Refusal] = []
    if asker is None:
        refused.append(Refusal.ORIGIN)
    # Case-sensitive, and no free pass for GET, HEAD and POST: the standard's browser lets those
    # three through whatever the answer lists, but asks only if the page did more than they allow.
    if method not in policy.allow_methods:
        refused.append(Refusal.METHOD)
    names = requested_names(headers)
    if names is None or not (policy.any_header or policy.header_names.issuperset(names)):
        refused.append(Refusal.HEADERS)
    echoed = names if names and policy.any_header else ()
    return policy.answers.new_preflight(asker, tuple(refused), echoed, asked_private)

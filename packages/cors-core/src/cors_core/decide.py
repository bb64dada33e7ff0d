"""The decision for one request: start reading here.

Sync, pure and total: no request makes it raise, and a long one costs no more than a short one.
What an answer looks like is in `answers`; which origins a policy lists, in `origins`.

The standard: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from cors_core.field_names import requested_names
from cors_core.messages import Decision, Refusal
from cors_core.origins import MAX_ORIGIN_LENGTH
from cors_core.policy import Policy

_LONGEST_REMEMBERED = 512
"""Characters of a preflight's headers past which its decision is not remembered: no browser's
ordinary preflight is longer, and hashing what an attacker sends must not cost more than it."""


def decision_for(
    policy: Policy,
    method: str,
    origin: str | None,
    request_method: str | None,
    request_headers: str | None,
    private_network: str | bool | None,
) -> Decision:
    """Return the decision of `policy` on a request with these parts (see CORSRequest).

    The same as `Policy.decide`, for adapters, which hold the parts and need no object of them.
    """
    # R1. Not by Sec-Fetch-Mode: older browsers, and many that are no browsers, do not send it.
    if origin is None:
        return policy.answers.not_cors
    if method == "OPTIONS" and request_method is not None:
        return _preflight(policy, origin, request_method, request_headers, private_network)
    return _actual(policy, origin)


def _actual(policy: Policy, origin: str) -> Decision:
    """Decide on a CORS request that is no preflight: the origin is all that counts.

    Its method and headers were settled by a preflight, or needed none. To refuse them here would
    break the page of the same origin, whose browser sends Origin with a POST as well.
    """
    answers = policy.answers
    if policy.any_origin:
        return answers.actual_any
    if len(origin) > MAX_ORIGIN_LENGTH:
        return answers.actual_refused
    decision = answers.actual.get(origin)
    if decision is not None:
        return decision
    if policy.allows_origin(origin):
        return answers.new_actual(origin)
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
    key = None
    if len(origin) + len(method) + len(headers or "") <= _LONGEST_REMEMBERED:
        key = (origin, method, headers, private_network)
        decision = answers.preflight.get(key)
        if decision is not None:
            return decision
    refused: list[Refusal] = []
    if not policy.allows_origin(origin):
        refused.append(Refusal.ORIGIN)
    # Case-sensitive, and no free pass for GET, HEAD and POST: the standard's browser lets those
    # three through whatever the answer lists, but asks only if the page did more than they allow.
    if method not in policy.allow_methods:
        refused.append(Refusal.METHOD)
    names = requested_names(headers or "")
    if names is None or not (policy.any_header or policy.header_names.issuperset(names)):
        refused.append(Refusal.HEADERS)
    # Private Network Access never became a standard: to ask for it is no reason to be refused.
    echoed = names if names and policy.any_header else ()
    asked_private = private_network in ("true", True)
    decision = answers.new_preflight(origin, tuple(refused), echoed, asked_private)
    if key and not refused:
        answers.remember_preflight(key, decision)
    return decision

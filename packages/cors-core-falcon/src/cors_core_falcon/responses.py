"""Puts a decision into Falcon's response. Which decision is the middleware's to say."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from cors_core import Decision

if TYPE_CHECKING:
    import falcon

DECISION = "cors_core.decision"
"""Where a request's environ or scope keeps the decision on a preflight that was answered."""

_STATUSES = {200: "200 OK", 400: "400 Bad Request"}


def answer_preflight(
    decision: Decision, resp: "falcon.Response", request: MutableMapping[str, Any]
) -> None:
    """Answer if it is a preflight: Falcon then runs no responder."""
    if decision.status is None:
        return
    request[DECISION] = decision  # for `process_response`, which runs for this answer as well
    resp.status = _STATUSES[decision.status]
    resp.data = decision.body_raw
    resp.complete = True


def put_headers(decision: Decision, resp: "falcon.Response") -> None:
    """Have the decision's headers replace those of the app."""
    headers = resp.headers
    if not headers:
        resp.set_headers(decision.answer or decision.added)
        return
    dropped, added = decision.changes(headers)
    for name in dropped:
        resp.delete_header(name)
    resp.set_headers(added + decision.content)

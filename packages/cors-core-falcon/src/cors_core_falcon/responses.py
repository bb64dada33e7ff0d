"""Puts a decision into Falcon's response. Which decision is the middleware's to say."""

from typing import TYPE_CHECKING

from cors_core.adapters import STATUS_LINES, Decision

if TYPE_CHECKING:
    import falcon


def answer_preflight(decision: Decision, resp: "falcon.Response") -> None:
    """Answer a preflight in place of a responder: Falcon then runs none."""
    resp.status = STATUS_LINES[decision.status or 0]
    resp.data = decision.raw.body
    resp.complete = True


def put_headers(decision: Decision, resp: "falcon.Response") -> None:
    """Have the decision's headers replace those of the app."""
    headers, text = resp.headers, decision.text
    if not headers:
        resp.set_headers(text.answer or text.added)
        return
    dropped, added = text.changes(headers)
    for name in dropped:
        resp.delete_header(name)
    resp.set_headers(added + text.content)

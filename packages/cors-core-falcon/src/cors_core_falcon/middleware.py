"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Unpack

from cors_core import Decision, Policy, PolicyOptions, policy_from
from cors_core.asgi import decide_scope
from cors_core.wsgi import decide_environ

if TYPE_CHECKING:
    import falcon
    import falcon.asgi

_DECISION = "cors_core.decision"
_STATUSES = {200: "200 OK", 400: "400 Bad Request"}


class CORSMiddleware:
    """Puts a policy into a Falcon app. Give it first in the list: it answers before the others.

    Takes a ready Policy as `policy`, or its options as keywords.

    :raises PolicyError: see Policy; also for a policy together with options.

    >>> falcon.App(middleware=[CORSMiddleware(allow_origins=["https://app.example"])])
    ... # doctest: +SKIP
    """

    def __init__(self, *, policy: Policy | None = None, **options: Unpack[PolicyOptions]) -> None:
        self.policy = policy_from(policy, options)

    def process_request(self, req: "falcon.Request", resp: "falcon.Response") -> None:
        """Answer a preflight, so that neither later middleware nor a responder sees it."""
        if req.method == "OPTIONS":  # spares all others a decision that process_response takes
            _answer_preflight(decide_environ(self.policy, req.env), resp, req.env)

    def process_response(
        self, req: "falcon.Request", resp: "falcon.Response", resource: object, req_succeeded: bool
    ) -> None:
        """Put the policy's headers on whatever the app, or Falcon for it, answers."""
        _apply(req.env.get(_DECISION) or decide_environ(self.policy, req.env), resp)

    async def process_request_async(
        self, req: "falcon.asgi.Request", resp: "falcon.asgi.Response"
    ) -> None:
        """Do as `process_request`."""
        if req.method == "OPTIONS":
            _answer_preflight(decide_scope(self.policy, req.scope), resp, req.scope)

    async def process_response_async(
        self,
        req: "falcon.asgi.Request",
        resp: "falcon.asgi.Response",
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Do as `process_response`."""
        _apply(req.scope.get(_DECISION) or decide_scope(self.policy, req.scope), resp)


def _answer_preflight(
    decision: Decision, resp: "falcon.Response", request: MutableMapping[str, Any]
) -> None:
    if decision.status is None:
        return
    request[_DECISION] = decision  # for `process_response`, which runs for this answer as well
    resp.status = _STATUSES[decision.status]
    resp.data = decision.body_raw
    resp.set_headers(decision.content)
    resp.complete = True


def _apply(decision: Decision, resp: "falcon.Response") -> None:
    dropped, added = decision.changes(resp.headers)
    for name in dropped:
        resp.delete_header(name)
    resp.set_headers(added)

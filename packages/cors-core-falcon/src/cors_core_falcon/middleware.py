"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from typing import TYPE_CHECKING, Unpack

from cors_core import Decision, Policy, PolicyOptions, policy_from
from cors_core.asgi import decide_scope
from cors_core.wsgi import decide_environ

if TYPE_CHECKING:
    import falcon
    import falcon.asgi


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
            _answer_preflight(decide_environ(self.policy, req.env), resp)

    def process_response(
        self, req: "falcon.Request", resp: "falcon.Response", resource: object, req_succeeded: bool
    ) -> None:
        """Put the policy's headers on whatever the app, or Falcon for it, answers."""
        _apply(decide_environ(self.policy, req.env), resp)

    async def process_request_async(
        self, req: "falcon.asgi.Request", resp: "falcon.asgi.Response"
    ) -> None:
        """Do as `process_request`."""
        if req.method == "OPTIONS":
            _answer_preflight(decide_scope(self.policy, req.scope), resp)

    async def process_response_async(
        self,
        req: "falcon.asgi.Request",
        resp: "falcon.asgi.Response",
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Do as `process_response`."""
        _apply(decide_scope(self.policy, req.scope), resp)


def _answer_preflight(decision: Decision, resp: "falcon.Response") -> None:
    if decision.status is None:
        return
    resp.status = decision.status
    resp.text = decision.body
    resp.set_headers(list(decision.answer))
    resp.complete = True


def _apply(decision: Decision, resp: "falcon.Response") -> None:
    for name, value in decision.changes(resp.headers):
        if value is None:
            resp.delete_header(name)
        else:
            resp.set_header(name, value)

"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Unpack

from cors_core import (
    MARKS,
    Decision,
    PolicyChoice,
    PolicyOptions,
    PolicyRequest,
    PolicySource,
    decide_by,
)
from cors_core.asgi import decide_scope, read_scope
from cors_core.wsgi import decide_environ, policy_request, read_environ
from cors_core_falcon.marks import Router, mark_at, mark_without_router
from cors_core_falcon.responses import DECISION, answer_preflight, put_headers

if TYPE_CHECKING:
    import falcon
    import falcon.asgi


class CORSMiddleware:
    """Puts a policy into a Falcon app. Give it first in the list: it answers before the others.

    :param policy: the default policy; else give its options as keywords.
    :param policies: more of them, by the names that marks and `paths` use.
    :param paths: pairs of a path prefix and a policy or name; the first that matches wins.
    :param router: the app's own, given to both: only through it are marks on resources and
        responders found. A marked resource without it is closed, and an error is logged.
    :raises PolicyError: see Policy; also for a policy together with options.

    Falcon does not say which of its apps a middleware is for: what is async and meets a
    `falcon.App` is closed, and logged, on its first use.

    >>> router = falcon.routing.CompiledRouter()  # doctest: +SKIP
    >>> cors = CORSMiddleware(allow_origins=["https://app.example"], router=router)
    ... # doctest: +SKIP
    >>> falcon.App(middleware=[cors], router=router)  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        router: Router | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        self.choice = PolicyChoice(policy, options, policies, paths, awaits=True)
        self.router = router

    def process_request(self, req: "falcon.Request", resp: "falcon.Response") -> None:
        """Answer a preflight, so that neither later middleware nor a responder sees it."""
        if req.method == "OPTIONS":  # spares all others a decision that process_response takes
            method = req.env.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
            if method is not None:
                answer_preflight(self._decide(req, method, None), resp, req.env)

    def process_response(
        self, req: "falcon.Request", resp: "falcon.Response", resource: object, req_succeeded: bool
    ) -> None:
        """Put the policy's headers on whatever the app, or Falcon for it, answers."""
        decision = req.env.get(DECISION)
        put_headers(decision or self._decide(req, req.method, resource), resp)

    async def process_request_async(
        self, req: "falcon.asgi.Request", resp: "falcon.asgi.Response"
    ) -> None:
        """Do as `process_request`."""
        if req.method == "OPTIONS":
            method = req.get_header("Access-Control-Request-Method")
            if method is not None:
                answer_preflight(await self._decide_async(req, method, None), resp, req.scope)

    async def process_response_async(
        self,
        req: "falcon.asgi.Request",
        resp: "falcon.asgi.Response",
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Do as `process_response`."""
        decision = req.scope.get(DECISION)
        put_headers(decision or await self._decide_async(req, req.method, resource), resp)

    def _decide(self, req: "falcon.Request", method: str, resource: object) -> Decision:
        fixed = self.choice.fixed
        if fixed is not None and not MARKS.exist:
            return decide_environ(fixed, req.env)
        request = policy_request(req.env, method)
        chosen = self.choice.choose(request, self._mark(req, method, resource))
        return decide_by(chosen, read_environ(req.env))

    async def _decide_async(
        self, req: "falcon.asgi.Request", method: str, resource: object
    ) -> Decision:
        fixed = self.choice.fixed
        if fixed is not None and not MARKS.exist:
            return decide_scope(fixed, req.scope)
        asked = read_scope(req.scope)
        host = req.get_header("Host", default="")
        request = PolicyRequest(host, req.scope["path"], method, asked.origin)
        chosen = await self.choice.choose_async(request, self._mark(req, method, resource))
        return decide_by(chosen, asked)

    def _mark(self, req: "falcon.Request", method: str, resource: object) -> object:
        if not MARKS.exist:
            return None
        if self.router is None:
            return mark_without_router(resource)
        return mark_at(self.router, req, method)

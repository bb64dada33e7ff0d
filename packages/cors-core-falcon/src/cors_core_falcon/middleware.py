"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Never, Unpack

from cors_core.adapters import (
    CORSRequest,
    Decider,
    Decision,
    EnvironReader,
    Layer,
    PolicyChoice,
    PolicyOptions,
    PolicySource,
    ScopeReader,
    at_first_request,
    build_choice,
)
from cors_core_falcon.marks import Asked, FalconRoutes, Router
from cors_core_falcon.placement import warn_of_placement
from cors_core_falcon.responses import answer_preflight, put_headers

if TYPE_CHECKING:
    import falcon
    import falcon.asgi

_FOUND = "cors_core.found"
"""Where a request's environ or scope keeps what was found before the app ran."""


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
        *positional: Never,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        router: Router | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        build = partial(PolicyChoice, policy, options, policies, paths, awaits=True)
        choice = build_choice("CORSMiddleware", positional, build)
        routes = FalconRoutes(router)
        self._wsgi = Layer(choice, _Reader(EnvironReader(), "env"), routes)
        self._asgi = Layer(choice, _Reader(ScopeReader(), "scope"), routes)
        for layer in (self._wsgi, self._asgi):
            at_first_request(layer, lambda _: warn_of_placement(CORSMiddleware))

    def process_request(self, req: "falcon.Request", resp: "falcon.Response") -> None:
        """Answer a preflight, so that neither later middleware nor a responder sees it."""
        if self._decides_before(req):
            asked = Asked(req)
            found = req.env[_FOUND] = self._wsgi.at_once(asked) or self._wsgi.before(asked)
            answer_preflight(found, resp)

    def process_response(
        self, req: "falcon.Request", resp: "falcon.Response", resource: object, req_succeeded: bool
    ) -> None:
        """Put the policy's headers on whatever the app, or Falcon for it, answers."""
        asked = Asked(req, resource)
        found = req.env.get(_FOUND) or self._wsgi.at_once(asked) or self._wsgi.before(asked)
        put_headers(self._wsgi.after(found, asked), resp)

    async def process_request_async(
        self, req: "falcon.asgi.Request", resp: "falcon.asgi.Response"
    ) -> None:
        """Do as `process_request`."""
        if self._decides_before(req):
            asked, layer = Asked(req), self._asgi
            found = req.scope[_FOUND] = layer.at_once(asked) or await layer.before_async(asked)
            answer_preflight(found, resp)

    async def process_response_async(
        self,
        req: "falcon.asgi.Request",
        resp: "falcon.asgi.Response",
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Do as `process_response`."""
        asked, layer = Asked(req, resource), self._asgi
        known = req.scope.get(_FOUND) or layer.at_once(asked)
        found = known or await layer.before_async(asked)
        put_headers(await layer.after_async(found, asked), resp)

    def _decides_before(self, req: "falcon.Request") -> bool:
        """Say whether a request is decided before the app runs.

        One policy decides alike before and after, so most requests need only `process_response`.
        """
        return req.method == "OPTIONS" or self._wsgi.choice.fixed is None


class _Reader:
    """Reads what was asked of Falcon, by the environ or scope that its request was made from."""

    def __init__(self, reader: EnvironReader | ScopeReader, attribute: str) -> None:
        self._reader: Any = reader
        self._attribute = attribute

    def method(self, asked: Asked) -> str:
        """Return the request's method."""
        method: str = asked.req.method
        return method

    def read(self, asked: Asked) -> CORSRequest:
        """Return what decides a request."""
        request: CORSRequest = self._reader.read(getattr(asked.req, self._attribute))
        return request

    def decide(self, decider: Decider, asked: Asked) -> Decision | None:
        """Return the decision on a request."""
        decision: Decision | None = self._reader.decide(
            decider, getattr(asked.req, self._attribute)
        )
        return decision

"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Never, Unpack

from cors_core.adapters import (
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
from cors_core_falcon.requests import RequestReader, environ_of, scope_of
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
        self._wsgi = Layer(choice, RequestReader(EnvironReader(), environ_of), routes)
        self._asgi = Layer(choice, RequestReader(ScopeReader(), scope_of), routes)
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

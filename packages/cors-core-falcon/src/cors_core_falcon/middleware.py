"""CORSMiddleware for `falcon.App` and `falcon.asgi.App`: one object serves both."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Never, Unpack

from cors_core.adapters import (
    MARKS,
    Decision,
    EnvironReader,
    Layer,
    PolicyChoice,
    PolicyOptions,
    PolicySource,
    ScopeReader,
    Undecided,
    at_first_request,
    build_choice,
)
from cors_core_falcon.marks import ASKED, Asked, FalconRoutes, Router
from cors_core_falcon.placement import warn_of_placement
from cors_core_falcon.requests import scope_of
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
        self._wsgi = Layer(choice, EnvironReader(), routes)
        self._asgi = Layer(choice, ScopeReader(), routes)
        # One policy decides alike before and after the app, so that `process_response` will do.
        self._is_chosen_late = choice.fixed is None
        at_first_request(self._wsgi, lambda _: warn_of_placement(CORSMiddleware))
        at_first_request(self._asgi, lambda _: warn_of_placement(CORSMiddleware))

    def process_request(self, req: "falcon.Request", resp: "falcon.Response") -> None:
        """Answer a preflight, so that neither later middleware nor a responder sees it."""
        if self._is_chosen_late or req.method == "OPTIONS":
            env = req.env
            if MARKS.exist:
                env[ASKED] = Asked(req)
            found = env[_FOUND] = self._wsgi.at_once(env) or self._wsgi.before(env)
            if found.status is not None:
                answer_preflight(found, resp)

    def process_response(
        self, req: "falcon.Request", resp: "falcon.Response", resource: object, req_succeeded: bool
    ) -> None:
        """Put the policy's headers on whatever the app, or Falcon for it, answers."""
        env = req.env
        if MARKS.exist:
            env[ASKED] = Asked(req, resource)
        known: Decision | Undecided | None = env.get(_FOUND) or self._wsgi.at_once(env)
        found = known or self._wsgi.before(env)
        put_headers(found if found.decided else self._wsgi.after(found, env), resp)

    async def process_request_async(
        self, req: "falcon.asgi.Request", resp: "falcon.asgi.Response"
    ) -> None:
        """Do as `process_request`."""
        if self._is_chosen_late or req.method == "OPTIONS":
            scope, layer = scope_of(req), self._asgi
            if MARKS.exist:
                scope[ASKED] = Asked(req)
            found = scope[_FOUND] = layer.at_once(scope) or await layer.before_async(scope)
            if found.status is not None:
                answer_preflight(found, resp)

    async def process_response_async(
        self,
        req: "falcon.asgi.Request",
        resp: "falcon.asgi.Response",
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Do as `process_response`."""
        scope, layer = scope_of(req), self._asgi
        if MARKS.exist:
            scope[ASKED] = Asked(req, resource)
        known: Decision | Undecided | None = scope.get(_FOUND) or layer.at_once(scope)
        found = known or await layer.before_async(scope)
        put_headers(found if found.decided else await layer.after_async(found, scope), resp)

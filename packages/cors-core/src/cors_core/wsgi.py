"""CORSMiddleware for any WSGI app. No framework; nothing here knows what is allowed."""

# Without this, the annotations of a function within a method are evaluated with every request.
from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final, Unpack

from cors_core.choosing.choice import PolicyChoice, PolicySource
from cors_core.environs import EnvironReader
from cors_core.layer import Layer
from cors_core.options.reading import PolicyOptions
from cors_core.startup import check_app
from cors_core.wsgi_bodies import CRASH, CrashBody, HeldStart, begun, close_body

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STATUS_LINES: Final = {200: "200 OK", 400: "400 Bad Request"}
"""The status line of an answered preflight, by its status."""


class WSGIMiddleware:
    """Puts a Layer round a WSGI app: for a framework's adapter, which knows the routes."""

    def __init__(self, app: WSGIApplication, layer: Layer[Mapping[str, Any]]) -> None:
        self.app = app
        self.layer = layer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as PEP 3333 has it."""
        layer = self.layer
        found = layer.at_once(environ) or layer.before(environ)
        if found.status is not None:
            start_response(STATUS_LINES[found.status], [*found.text.answer])
            return [found.raw.body]
        start = HeldStart()
        start.start_response, start.status, start.is_passed_on = start_response, None, False

        def start_joined(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal found
            if not found.decided:
                found = layer.after(found, environ)
            joined = found.text.join(headers)
            if start.status is None and not start.is_passed_on:
                start.status, start.headers = status, joined
                return start
            return start.start_again(status, joined, exc_info)

        try:
            body = self.app(environ, start_joined)
            # A generator may crash, or start anew, before its first chunk; other bodies, such as a
            # server's file wrapper, are passed on as they are.
            if type(body) is GeneratorType or start.status is None:
                body = begun(body, start)
        except Exception as error:
            if start.is_passed_on:
                raise
            body = self.answer_crash(error, environ, start_joined)
        if not start.is_passed_on:
            try:
                start.pass_on()
            except Exception:  # the server refuses the headers, and never gets the body
                close_body(body)
                raise
        return body

    def answer_crash(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer for an app that raised before it answered, then raise the error to the server.

        In this order: see CrashBody. A framework's adapter whose framework answers by itself raises
        here.
        """
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(CRASH)))]
        start: Any = start_response("500 Internal Server Error", headers, sys.exc_info())
        start.close_connection()
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        return CrashBody(error, start.send_headers if is_head else None)


class CORSMiddleware(WSGIMiddleware):
    """Puts a policy round a WSGI app: answers preflights itself, adds headers to all the rest.

    :param app: any WSGI app. Its body is passed on as it is, so that a server's file wrapper works.
    :param policy: a ready Policy, a ReloadablePolicy or a callable; else give options as keywords.
    :param policies: more of them, by the names that marks and `paths` use.
    :param paths: pairs of a path prefix and a policy or name; the first that matches wins.
    :raises PolicyError: see Policy; also for a policy together with options, or without an app.

    >>> app = CORSMiddleware(app, allow_origins=["https://app.example"])  # doctest: +SKIP
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        check_app(app, "a WSGI")
        choice = PolicyChoice(policy, options, policies, paths, awaits=False)
        super().__init__(app, Layer(choice, EnvironReader()))

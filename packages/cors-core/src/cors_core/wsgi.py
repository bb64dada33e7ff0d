"""CORSMiddleware for any WSGI app. No framework; nothing here knows what is allowed."""

# Without this, the annotations of a function within a method are evaluated with every request.
from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from cors_core.choosing.choice import PolicyChoice, PolicySource
from cors_core.environs import EnvironReader
from cors_core.layer import Layer
from cors_core.messages import Decision
from cors_core.options.reading import PolicyOptions
from cors_core.startup import check_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STATUS_LINES: Final = {200: "200 OK", 400: "400 Bad Request"}
"""The status line of an answered preflight, by its status."""

_CRASH: Final = b"Internal Server Error"


class WSGIMiddleware:
    """Puts a Layer round a WSGI app: for a framework's adapter, which knows the routes."""

    def __init__(self, app: WSGIApplication, layer: Layer[Mapping[str, Any]]) -> None:
        self.app = app
        self.layer = layer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as PEP 3333 has it."""
        layer = self.layer
        found = layer.at_once(environ) or layer.before(environ)
        if isinstance(found, Decision) and found.status is not None:
            start_response(STATUS_LINES[found.status], [*found.text.answer])
            return [found.raw.body]
        started = False

        def start_joined(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal started, found
            started = True
            found = layer.after(found, environ)
            joined = found.text.join(headers)
            if exc_info is None:  # not passed on unless given: not every server's default is None
                return start_response(status, joined)
            return start_response(status, joined, exc_info)

        try:
            body = self.app(environ, start_joined)
        except Exception as error:  # noqa: BLE001  # raised again by the answer's body
            return self.answer_crash(error, environ, start_joined)
        return body if started else self._unstarted(body, environ, start_joined, lambda: started)

    def _unstarted(
        self,
        body: Iterable[bytes],
        environ: WSGIEnvironment,
        start_joined: StartResponse,
        is_started: Callable[[], bool],
    ) -> Iterable[bytes]:
        """Watch over a body that starts the response when it is iterated.

        Apart from `__call__`, where the variables that its function needs would cost every request.
        """

        def crash(error: Exception) -> Iterable[bytes] | None:
            return None if is_started() else self.answer_crash(error, environ, start_joined)

        return _UnstartedBody(body, crash)

    def answer_crash(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer for an app that raised before it answered, then raise the error to the server.

        In this order: by the time that the body's end raises, the server has sent the answer with
        the policy's headers, and it then logs the error as it does any other. A framework's adapter
        whose framework answers by itself raises here.
        """
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(_CRASH)))]
        write = start_response("500 Internal Server Error", headers, sys.exc_info())
        return _crash_body(error, write if environ["REQUEST_METHOD"] == "HEAD" else None)


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


def _crash_body(error: Exception, write: Callable[[bytes], object] | None) -> Iterator[bytes]:
    if write is None:
        yield _CRASH
    else:
        write(b"")  # HEAD has no body, and without a chunk nothing but this sends the headers
    raise error


class _UnstartedBody:
    """The body of an app that is a generator: it starts the response, or raises, when iterated."""

    def __init__(
        self,
        body: Iterable[bytes],
        crash: Callable[[Exception], Iterable[bytes] | None],
    ) -> None:
        self._chunks = iter(body)
        self._close = getattr(body, "close", None)
        self._crash = crash

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            raise
        except Exception as error:
            answer = self._crash(error)
            if answer is None:
                raise
            self._chunks = iter(answer)
            return next(self._chunks)

    def close(self) -> None:
        """Close the app's body, as PEP 3333 has the server do."""
        if self._close is not None:
            self._close()

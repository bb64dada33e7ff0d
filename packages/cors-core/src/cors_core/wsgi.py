"""CORSMiddleware for any WSGI app. No framework; nothing here knows what is allowed."""

# Else the annotations of a function within a method are evaluated for every request.
from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from cors_core.choosing.choice import PolicyChoice, PolicyRequest, PolicySource, decide_by
from cors_core.choosing.marks import MARKS
from cors_core.decide import actual_decision, decision_for
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.messages import NOT_OWNED, OWNED_FIRST_LETTERS, CORSRequest, Decision
from cors_core.options.reading import PolicyOptions
from cors_core.policy import Policy

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_REASONS = {200: "200 OK", 400: "400 Bad Request"}
_CRASH = b"Internal Server Error"


class CORSMiddleware:
    """Puts a policy round a WSGI app: answers preflights itself, adds headers to all the rest.

    :param app: any WSGI app. Its body is passed on as it is, so that a server's file wrapper works.
    :param policy: a ready Policy; else give its options as keywords.
    :raises PolicyError: see Policy; also for a policy together with options.

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
        self.app = app
        self.choice = PolicyChoice(policy, options, policies, paths, awaits=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as PEP 3333 has it."""
        fixed = self.choice.fixed
        marked = MARKS.exist and self.reads_marks()
        # As `decide_environ` does, without its calls where the decision is remembered.
        origin = environ.get("HTTP_ORIGIN")
        if fixed is None or marked or environ["REQUEST_METHOD"] == "OPTIONS":
            decision = self._decide(environ, reads_marks=marked)
        elif origin is None:
            decision = fixed.answers.not_cors
        else:
            known = fixed.answers.actual.get(origin) if len(origin) <= MAX_ORIGIN_LENGTH else None
            decision = known or actual_decision(fixed, origin)
        if decision.status is not None:
            start_response(_REASONS[decision.status], list(decision.answer))
            return [decision.body_raw]
        decide_late = partial(self._decide_marked, environ) if marked else None
        started = False

        def start_merged(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal started
            started = True
            joined = decision if decide_late is None else decide_late() or decision
            merged = [*headers]
            for name, _ in merged:  # as in `merged`: to call it would double the cost
                if name not in NOT_OWNED and name[:1] in OWNED_FIRST_LETTERS:
                    merged = joined.merged(merged)
                    break
            else:
                merged += joined.added
            if exc_info is None:  # not passed on unless given: not every server's default is None
                return start_response(status, merged)
            return start_response(status, merged, exc_info)

        try:
            body = self.app(environ, start_merged)
        except Exception as error:  # noqa: BLE001  # raised again by the answer's body
            return self.answer_crash(error, environ, start_merged)
        return body if started else self._unstarted(body, environ, start_merged, lambda: started)

    def _unstarted(
        self,
        body: Iterable[bytes],
        environ: WSGIEnvironment,
        start_merged: StartResponse,
        is_started: Callable[[], bool],
    ) -> Iterable[bytes]:
        """Watch over a body that starts the response when it is iterated.

        Apart from `__call__`, for what its functions close over is dearer there on every request.
        """

        def crash(error: Exception) -> Iterable[bytes] | None:
            return None if is_started() else self.answer_crash(error, environ, start_merged)

        return _UnstartedBody(body, crash)

    def reads_marks(self) -> bool:
        """Say whether endpoints, some of which are marked, are to be looked at.

        For a framework's adapter to say.
        """
        return False

    def mark_asked_for(self, environ: WSGIEnvironment, method: str) -> object:
        """Return the mark of the endpoint that would serve `method` at the path of a preflight."""
        return None

    def mark_served(self, environ: WSGIEnvironment) -> object:
        """Return the mark of the endpoint that has just answered."""
        return None

    def _decide(self, environ: WSGIEnvironment, *, reads_marks: bool) -> Decision:
        fixed = self.choice.fixed
        if fixed is not None and not reads_marks:
            return decide_environ(fixed, environ)
        asked = read_environ(environ)
        method = asked.method
        mark = None
        if method == "OPTIONS" and asked.origin is not None and asked.request_method is not None:
            method = asked.request_method
            mark = self.mark_asked_for(environ, method) if reads_marks else None
        return decide_by(self.choice.choose(policy_request(environ, method), mark), asked)

    def _decide_marked(self, environ: WSGIEnvironment) -> Decision | None:
        """Return the decision by the mark of the endpoint that answered, if it has one."""
        mark = self.mark_served(environ)
        if mark is None:
            return None
        request = policy_request(environ, environ["REQUEST_METHOD"])
        return decide_by(self.choice.choose(request, mark), read_environ(environ))

    def answer_crash(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer for an app that raised before it answered, then raise the error to the server.

        In this order, for the server has sent the answer, with the policy's headers, by the time
        that the body's end raises; it then logs the error as it does any other. A framework's
        adapter whose framework answers by itself raises here.
        """
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(_CRASH)))]
        write = start_response("500 Internal Server Error", headers, sys.exc_info())
        return _crash_body(error, write if environ["REQUEST_METHOD"] == "HEAD" else None)


def decide_environ(policy: Policy, environ: Mapping[str, Any]) -> Decision:
    """Return the decision of `policy` on the request of a WSGI environ (or Django's META).

    Servers join repeated header lines with commas, which leaves two Origin lines malformed (R4).
    """
    if environ["REQUEST_METHOD"] != "OPTIONS":
        return actual_decision(policy, environ.get("HTTP_ORIGIN"))
    return decision_for(policy, "OPTIONS", *map(environ.get, _FIELDS))


def read_environ(environ: Mapping[str, Any]) -> CORSRequest:
    """Return what decides the request of a WSGI environ (or Django's META)."""
    return CORSRequest(environ["REQUEST_METHOD"], *map(environ.get, _FIELDS))


_FIELDS = (
    "HTTP_ORIGIN",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
    "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK",
)


def policy_request(environ: Mapping[str, Any], method: str) -> PolicyRequest:
    """Return what a callable policy may look at, from a WSGI environ (or Django's META)."""
    # PEP 3333 has the path's bytes in Latin-1; read them as the frameworks do.
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    decoded = path.encode("latin-1", "replace").decode("utf-8", "replace")
    host = environ.get("HTTP_HOST", "")
    return PolicyRequest(host, decoded, method, environ.get("HTTP_ORIGIN"))


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

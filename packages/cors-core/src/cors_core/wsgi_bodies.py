"""What stands between a WSGI app and the server: the start of its response, and its body.

PEP 3333 is what these classes keep to. Nothing here knows of CORS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

CRASH: Final = b"Internal Server Error"
"""The body of the answer to a crash."""


class HeldStart:
    """The start of a response, kept from the server until something must be sent.

    Until then the app may start anew with `exc_info`, or crash and be answered, and the server
    hears of one start only. Of two, gunicorn and cheroot send the headers of both, and uWSGI sends
    no body after a start with `exc_info`.

    It is also the `write` callable that `start_response` returns.
    """

    __slots__ = ("headers", "is_passed_on", "start_response", "status", "write")

    # Set by WSGIMiddleware: every request makes one of these, and an __init__ would show.
    start_response: StartResponse
    """The server's."""
    status: str | None
    """The app's, once it has started."""
    headers: list[tuple[str, str]]
    is_passed_on: bool
    """Whether the server has heard of it, or hears at once of what is still to come."""
    write: Any
    """What the server's start_response returned."""

    def start_again(self, status: str, headers: list[tuple[str, str]], exc_info: Any) -> Any:
        """Do what `start_response` does after its first call, and after the hold has ended."""
        if exc_info is None:
            self.pass_on()  # and then the second, so that the server raises its own error
        if not self.is_passed_on:
            self.status, self.headers = status, headers
            return self
        # Not passed on unless given: not every server's default is None.
        more = () if exc_info is None else (exc_info,)
        self.write = self.start_response(status, headers, *more)
        return self.write

    def pass_on(self) -> None:
        """Tell the server of the start that is held, and of later ones at once."""
        if not self.is_passed_on:
            self.is_passed_on = True
            if self.status is not None:
                self.write = self.start_response(self.status, self.headers)

    def __call__(self, data: bytes) -> None:
        """Send some of the body, and what is held before it."""
        self.pass_on()
        self.write(data)

    def send_headers(self) -> bool:
        """Send the headers without a body; say whether the server offers a way."""
        self.pass_on()
        if self.write is None:  # granian has no write()
            return False
        self.write(b"")
        return True

    def close_connection(self) -> None:
        """Have gunicorn say that the connection ends with this response.

        It closes after a crash, but promises to keep the connection if the app has answered, and
        ignores a Connection header from the app. PEP 3333 has no way to tell a server.
        """
        close = getattr(getattr(self.start_response, "__self__", None), "force_close", None)
        if close is not None:
            close()


class BegunBody:
    """A body whose first chunk has been taken already, so that it has started the response."""

    __slots__ = ("_body", "_chunks")

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        try:
            chunks = iter(body)
            # Not a loop of our own: the rest is then iterated at the speed of the body.
            self._chunks = chain([*islice(chunks, 1)], chunks)
        except BaseException:
            close_body(body)
            raise

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Close the app's body, as PEP 3333 has the server do."""
        close_body(self._body)


class CrashBody:
    """The answer to a crash: raises the error to the server when the answer has been sent.

    By then the server has sent it with the policy's headers, and it logs the error as it does any
    other. A server that iterates nothing, because the request is HEAD or the client is gone, calls
    `close` alone: the error is then logged here, because some answer again, or do not log, when
    `close` raises.

    :param send_headers: for HEAD, which has no chunk that would send them.
    """

    __slots__ = ("_error", "_send_headers", "_sent")

    def __init__(self, error: Exception, send_headers: Callable[[], bool] | None) -> None:
        self._error: Exception | None = error
        self._send_headers = send_headers
        self._sent = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._sent:
            self._sent = True
            if self._send_headers is None:
                return CRASH
            if not self._send_headers():
                raise StopIteration
        error, self._error = self._error, None
        if error is None:
            raise StopIteration
        raise error

    def close(self) -> None:
        """Log the error, unless the server has got it."""
        error, self._error = self._error, None
        if error is not None:
            from cors_core.failures import logger

            logger.error("the app crashed, and its answer was not sent whole", exc_info=error)


def begun(body: Iterable[bytes], start: HeldStart) -> Iterable[bytes]:
    """Return a body that has started the response, if it had not been started with `write`."""
    return body if start.is_passed_on else BegunBody(body)


def close_body(body: Iterable[bytes]) -> None:
    """Close a body, where it can be closed."""
    close = getattr(body, "close", None)
    if close is not None:
        close()

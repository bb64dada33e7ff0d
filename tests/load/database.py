"""A database, as far as a lookup sees one: it answers, hangs, and can be stopped and started.

A fake: nox -s tenants stops and starts a real PostgreSQL.
"""

import time
from contextlib import suppress
from socket import AF_INET, SHUT_RDWR, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from threading import Lock, Thread

from tests.load.policies import TENANT

_SECONDS = 30.0


class Database:
    """Answers `yes` or `no` to a line that holds an origin."""

    def __init__(self) -> None:
        self.port = 0
        self._hangs = False
        self._held: list[tuple[socket, str]] = []
        self._lock = Lock()
        self._listener: socket | None = None
        self.start()

    def start(self) -> None:
        """Listen, on the same port each time."""
        listener = socket(AF_INET, SOCK_STREAM)
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self.port = listener.getsockname()[1]
        self._listener = listener
        Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more: whoever connects is refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def hang(self) -> None:
        """Take questions, and answer none until `release`."""
        self._hangs = True

    def held(self) -> int:
        """Return how many questions wait for an answer."""
        with self._lock:
            return len(self._held)

    def await_held(self, count: int) -> None:
        """Return when so many questions wait."""
        deadline = time.monotonic() + _SECONDS
        while self.held() < count:
            assert time.monotonic() < deadline, f"only {self.held()} of {count} lookups hang"
            time.sleep(0.01)

    def release(self) -> None:
        """Answer all that waits, and hang no more."""
        self._hangs = False
        with self._lock:
            held, self._held = self._held, []
        for connection, origin in held:
            _answer(connection, origin)

    def _accept(self, listener: socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            origin = lines.readline().decode("latin-1").strip()
            with self._lock:
                if self._hangs:
                    self._held.append((connection, origin))
                    return
            _answer(connection, origin)


def _answer(connection: socket, origin: str) -> None:
    with suppress(OSError), connection:
        connection.sendall(b"yes\n" if origin == TENANT else b"no\n")

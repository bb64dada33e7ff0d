"""Servers, each a process of its own: started, awaited and ended here.

The demo runs the examples so, and so do the tests and the benchmarks.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from socket import create_connection, socket
from ssl import SSLContext

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_LOG_SECONDS = 10.0


class ServerFailedError(Exception):
    """A server ended, or never answered; says what it wrote."""


@dataclass(frozen=True)
class Start:
    """How a server is started: its name in errors, and the command for a port of 127.0.0.1."""

    name: str
    command: Callable[[int], Sequence[str | Path]]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to our own."""


@dataclass(frozen=True)
class Running:
    """A server's process."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def written(self) -> str:
        """Return all that the server wrote so far."""
        return self.log.read_text(errors="replace")

    def await_ready(self, ask: Callable[[int], object], deadline: float | None = None) -> None:
        """Return when the server answers what `ask` asks of its port.

        :raises ServerFailedError: when it ended, or the deadline (of `time.monotonic`) is past.
        """
        deadline = time.monotonic() + _START_SECONDS if deadline is None else deadline
        while True:
            if self.process.poll() is not None:
                raise ServerFailedError(self._told(f"ended with {self.process.returncode}"))
            try:
                ask(self.port)
            except (OSError, HTTPException):
                if time.monotonic() > deadline:
                    raise ServerFailedError(self._told("does not answer")) from None
                time.sleep(0.05)
            else:
                return

    def await_written(self, text: str, times: int = 1) -> None:
        """Return when the server has written a text so often.

        :raises ServerFailedError: when it has not after some seconds.
        """
        deadline = time.monotonic() + _LOG_SECONDS
        while self.written().count(text) < times:
            if time.monotonic() > deadline:
                raise ServerFailedError(self._told(f"did not write {text!r}"))
            time.sleep(0.01)

    def await_own_end(self) -> int:
        """Return the exit status of a server that ends by itself.

        :raises subprocess.TimeoutExpired: if it does not.
        """
        return self.process.wait(_START_SECONDS)

    def end(self) -> None:
        """Terminate the process; kill it if that takes too long."""
        self.process.terminate()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _told(self, what: str) -> str:
        return f"the server of {self.name} {what}; it wrote:\n{self.written().strip()}"


def launched(start: Start, port: int, folder: Path) -> Running:
    """Start a server and return at once; its log goes into the folder."""
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            start.command(port), cwd=ROOT, env={**os.environ, **start.environment},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return Running(start.name, port, process, log)


@contextmanager
def serving(
    starts: Sequence[Start], folder: Path, ask: Callable[[int], object]
) -> Iterator[list[Running]]:
    """Run the servers as long as the `with` block lasts, each on a free port of 127.0.0.1.

    :param folder: where each has a file for what it writes.
    :param ask: asks a server's port for something; OSError or HTTPException is "not ready yet".
    :raises ServerFailedError: when one of them does not start.
    """
    with ExitStack() as stack:
        servers: list[Running] = []
        stack.callback(_end_all, servers)
        for start, port in zip(starts, free_ports(len(starts)), strict=True):
            servers.append(launched(start, port, folder))
        deadline = time.monotonic() + _START_SECONDS
        for server in servers:
            server.await_ready(ask, deadline)
        yield servers


def _end_all(servers: list[Running]) -> None:
    for server in servers:
        server.process.terminate()  # all at once; `end` then waits for each
    for server in servers:
        server.end()


def listens(port: int) -> None:
    """Ask a port for no more than a connection."""
    create_connection(("127.0.0.1", port), timeout=5).close()


def get(path: str, *, tls: SSLContext | None = None) -> Callable[[int], None]:
    """Return what asks a port for `path`, and is content with any answer in HTTP."""

    def ask(port: int) -> None:
        connection = (
            HTTPConnection("127.0.0.1", port, timeout=10)
            if tls is None
            else HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
        )
        with closing(connection):
            connection.request("GET", path)
            connection.getresponse().read()

    return ask


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on. Most servers cannot take a bound socket."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

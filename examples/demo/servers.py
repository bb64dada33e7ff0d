"""The examples on real servers: each a process of its own, started, awaited and ended here."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

from examples.demo.browser import Request
from examples.demo.wire import NoAnswer, sender

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0
_END_SECONDS = 5.0


class ServerFailedError(Exception):
    """A server ended, or never answered; says what it wrote."""


@dataclass(frozen=True)
class App:
    """An example, and what serves it: uvicorn if its interface is ASGI, waitress if WSGI."""

    framework: str
    server: str
    where: str

    def command(self, port: int) -> list[str]:
        """Return the command that serves the app on a port of the loopback address."""
        if self.server == "uvicorn":
            options = ["--host=127.0.0.1", f"--port={port}", "--log-level=warning"]
        else:
            options = [f"--listen=127.0.0.1:{port}"]
        return [sys.executable, "-m", self.server, *options, self.where]


APPS = (
    App("Starlette", "uvicorn", "examples.starlette.app:app"),
    App("FastAPI", "uvicorn", "examples.fastapi.app:app"),
    App("Django ASGI", "uvicorn", "examples.django.app:asgi"),
    App("Falcon ASGI", "uvicorn", "examples.falcon.asgi_app:app"),
    App("plain ASGI", "uvicorn", "examples.asgi.app:app"),
    App("Flask", "waitress", "examples.flask.app:app"),
    App("Django WSGI", "waitress", "examples.django.app:wsgi"),
    App("Falcon WSGI", "waitress", "examples.falcon.app:app"),
    App("plain WSGI", "waitress", "examples.wsgi.app:app"),
)


@dataclass(frozen=True)
class Server:
    """A running app."""

    app: App
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def await_ready(self, deadline: float) -> None:
        """Return when the server answers.

        :raises ServerFailedError: when it ended, or the deadline (of `time.monotonic`) is past.
        """
        ask = sender(self.port)
        while True:
            if self.process.poll() is not None:
                raise ServerFailedError(self._told(f"ended with {self.process.returncode}"))
            try:
                ask(Request("GET", "/note", ()))
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise ServerFailedError(self._told("does not answer")) from None
                time.sleep(0.05)
            else:
                return

    def await_end(self) -> None:
        """Return when the process, told to terminate, is gone; kill it if that takes too long."""
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _told(self, what: str) -> str:
        written = self.log.read_text(errors="replace").strip()
        return f"the server of {self.app.framework} {what}; it wrote:\n{written}"


@contextmanager
def serving(apps: Sequence[App]) -> Iterator[list[Server]]:
    """Serve the apps as long as the `with` block lasts; what they log goes to files.

    :raises ServerFailedError: when one of them does not start.
    """
    with ExitStack() as stack:
        logs = Path(stack.enter_context(TemporaryDirectory(prefix="cors-demo-")))
        servers: list[Server] = []
        stack.callback(_end_all, servers)
        for app, port in zip(apps, free_ports(len(apps)), strict=True):
            log = logs / f"{port}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    app.command(port), cwd=ROOT, stdin=subprocess.DEVNULL,
                    stdout=output, stderr=subprocess.STDOUT,
                )  # fmt: skip
            servers.append(Server(app, port, process, log))
        deadline = time.monotonic() + _START_SECONDS
        for server in servers:
            server.await_ready(deadline)
        yield servers


def _end_all(servers: list[Server]) -> None:
    for server in servers:
        server.process.terminate()
    for server in servers:
        server.await_end()


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on. Neither server can take a bound socket."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

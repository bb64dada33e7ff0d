"""The servers: how each is started on a free port, awaited and ended."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0
_END_SECONDS = 5.0
_LOG_SECONDS = 10.0
_WSGI = "tests.servers.wsgi_site:app"
_ASGI = "tests.servers.asgi_site:app"

_PYTHON = [sys.executable, "-m"]
_OURS = [*_PYTHON, "tests.servers.serve"]
_GUNICORN = [*_PYTHON, "gunicorn", "--bind=127.0.0.1:{port}", "--workers=1"]
_UVICORN = [*_PYTHON, "uvicorn", "--host=127.0.0.1", "--port={port}", "--log-level=warning"]
_GRANIAN = [*_PYTHON, "granian", "--host=127.0.0.1", "--port={port}", "--no-ws"]

WSGI_SERVERS: dict[str, list[str]] = {
    "wsgiref": [*_OURS, "wsgiref", "{port}"],
    "werkzeug": [*_OURS, "werkzeug", "{port}"],
    "gevent": [*_OURS, "gevent", "{port}"],
    "cheroot": [*_OURS, "cheroot", "{port}"],
    "waitress": [*_PYTHON, "waitress", "--listen=127.0.0.1:{port}", "{app}"],
    "gunicorn-sync": [*_GUNICORN, "--worker-class=sync", "{app}"],
    "gunicorn-gthread": [*_GUNICORN, "--worker-class=gthread", "--threads=4", "{app}"],
    "granian-wsgi": [*_GRANIAN, "--interface=wsgi", "--blocking-threads=4", "{app}"],
    "uwsgi": [
        str(Path(sys.executable).with_name("uwsgi")), "--http-socket=127.0.0.1:{port}",
        "--module={app}", "--virtualenv={prefix}", "--pythonpath={root}", "--master", "--need-app",
        "--enable-threads", "--threads=4", "--die-on-term", "--log-master", "--buffer-size=65535",
    ],
}  # fmt: skip

ASGI_SERVERS: dict[str, list[str]] = {
    "uvicorn-h11": [*_UVICORN, "--http=h11", "{app}"],
    "uvicorn-httptools": [*_UVICORN, "--http=httptools", "--loop=uvloop", "{app}"],
    "hypercorn": [*_PYTHON, "hypercorn", "--bind=127.0.0.1:{port}", "{app}"],
    "granian-asgi": [*_GRANIAN, "--interface=asgi", "{app}"],
    "daphne": [*_PYTHON, "daphne", "-b", "127.0.0.1", "-p", "{port}", "-v", "1", "{app}"],
}

WITH_COMMAND = [*WSGI_SERVERS, *ASGI_SERVERS][4:]
"""The servers that are given the name of an app."""

SERVERS = {**WSGI_SERVERS, **ASGI_SERVERS}


class ServerFailed(Exception):
    """A server ended, or never answered; says what it wrote."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def written(self) -> str:
        """Return all that the server wrote so far."""
        return self.log.read_text(errors="replace")

    def await_written(self, text: str, times: int = 1) -> None:
        """Return when the server has written a text so often.

        :raises ServerFailed: when it has not after some seconds.
        """
        deadline = time.monotonic() + _LOG_SECONDS
        while self.written().count(text) < times:
            if time.monotonic() > deadline:
                raise ServerFailed(self._told(f"did not write {text!r}"))
            time.sleep(0.01)

    def await_ready(self) -> None:
        """Return when somebody listens on the port.

        :raises ServerFailed: when the server ended, or took too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise ServerFailed(self._told(f"ended with {self.process.returncode}"))
            try:
                create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise ServerFailed(self._told("does not answer")) from None
                time.sleep(0.02)
            else:
                return

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
        return f"{self.name} {what}; it wrote:\n{self.written()}"


def started(
    name: str,
    folder: Path,
    app: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Start a server and return at once; its log goes into the folder."""
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = app or (_WSGI if name in WSGI_SERVERS else _ASGI)
    command = [
        part.format(port=port, app=where, prefix=sys.prefix, root=ROOT) for part in SERVERS[name]
    ]
    log = folder / f"{name}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return Server(name, port, process, log)

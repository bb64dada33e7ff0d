"""The servers: each framework in a real server over TLS, and the caching proxy before one.

Each is a process of its own, started, awaited and ended here.
"""

import http.client
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from shutil import which
from socket import socket

import pytest

from tests.browsers.certificate import Certificate
from tests.browsers.page_case import Arrival

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {
    "Starlette": "starlette",
    "FastAPI": "fastapi",
    "Flask": "flask",
    "Django WSGI": "django_wsgi",
    "Django ASGI": "django_asgi",
    "Falcon WSGI": "falcon_wsgi",
    "Falcon ASGI": "falcon_asgi",
}
"""The frameworks, by the function of `apps` that serves each."""
FALCONS_OWN = "Falcon's own CORSMiddleware"
APPS = {**FRAMEWORKS, FALCONS_OWN: "falcon_own"}
_ASGI = {"starlette", "fastapi", "django_asgi", "falcon_asgi"}
_START_SECONDS = 60.0
_END_SECONDS = 10.0


class ServerFailed(Exception):
    """A server ended, or never answered; says what it wrote."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def host(self) -> str:
        """The host name under which browsers find a framework's server."""
        return f"{APPS[self.name].replace('_', '-')}.api.example"

    @property
    def other_host(self) -> str:
        """Another host name of the same server: another origin."""
        return f"{APPS[self.name].replace('_', '-')}.other.example"

    def get(self, path: str) -> bytes:
        """Return the body of a GET."""
        return self._exchange(path, {})[1]

    def headers(self, path: str, headers: dict[str, str]) -> Message:
        """Return the headers of the response to a GET with these."""
        return self._exchange(path, headers)[0]

    def _exchange(self, path: str, headers: dict[str, str]) -> tuple[Message, bytes]:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=10, context=context
        )
        with closing(connection):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.headers, response.read()

    def arrivals(self) -> dict[str, list[Arrival]]:
        """Return the requests so far, by case."""
        by_case: dict[str, list[Arrival]] = {}
        for entry in json.loads(self.get("/log")):
            case = entry.pop("case")
            by_case.setdefault(case, []).append(Arrival(**entry))
        return by_case

    def await_ready(self, deadline: float) -> None:
        """Return when the server answers.

        :raises ServerFailed: when it ended, or the deadline (of `time.monotonic`) is past.
        """
        while True:
            if self.process.poll() is not None:
                raise ServerFailed(self._told(f"ended with {self.process.returncode}"))
            try:
                self.get("/")
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise ServerFailed(self._told("does not answer")) from None
                time.sleep(0.05)
            else:
                return

    def end(self) -> None:
        """End the process, by force if it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _told(self, what: str) -> str:
        written = self.log.read_text(errors="replace").strip()
        return f"{self.name} {what}; it wrote:\n{written}"


@contextmanager
def serving(
    names: Sequence[str], certificate: Certificate, folder: Path
) -> Iterator[dict[str, Server]]:
    """Serve these frameworks as long as the `with` block lasts; what they log goes to files.

    :raises ServerFailed: when one of them does not start.
    """
    with ExitStack() as stack:
        servers = {}
        for name, port in zip(names, free_ports(len(names)), strict=True):
            command = _command(APPS[name], port, certificate)
            servers[name] = stack.enter_context(running(name, port, command, folder))
        deadline = time.monotonic() + _START_SECONDS
        for server in servers.values():
            server.await_ready(deadline)
        yield servers


@contextmanager
def running(name: str, port: int, command: list[str], folder: Path) -> Iterator[Server]:
    """Run a server's process, from the root of the repository."""
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    server = Server(name, port, process, log)
    try:
        yield server
    finally:
        server.end()


@contextmanager
def caching(server: Server, certificate: Certificate, folder: Path) -> Iterator[Server]:
    """Run nginx with a shared cache before a server.

    :raises ServerFailed: when it does not start.
    """
    nginx = which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None:
        pytest.fail("nginx is missing: apt-get install nginx-light", pytrace=False)
    (port,) = free_ports(1)
    configuration = folder / f"nginx-{port}.conf"
    configuration.write_text(
        _NGINX.format(folder=folder, port=port, certificate=certificate, upstream=server.port)
    )
    command = [nginx, "-e", "stderr", "-p", str(folder), "-c", str(configuration)]
    with running(server.name, port, command, folder) as cache:
        cache.await_ready(time.monotonic() + _START_SECONDS)
        yield cache


_NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx-{port}.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-{port}-body;
    proxy_temp_path {folder}/nginx-{port}-proxy;
    fastcgi_temp_path {folder}/nginx-{port}-fastcgi;
    uwsgi_temp_path {folder}/nginx-{port}-uwsgi;
    scgi_temp_path {folder}/nginx-{port}-scgi;
    proxy_cache_path {folder}/nginx-{port}-cache keys_zone=shared:1m;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate.chain};
        ssl_certificate_key {certificate.key};
        location / {{
            proxy_pass https://127.0.0.1:{upstream};
            proxy_cache shared;
            proxy_cache_key $request_uri;
            add_header X-Cache $upstream_cache_status;
        }}
    }}
}}
"""


def _command(app: str, port: int, certificate: Certificate) -> list[str]:
    """Return the command that serves an app over TLS: Uvicorn for ASGI, Gunicorn for WSGI."""
    python = [sys.executable, "-W", "ignore", "-m"]
    if app in _ASGI:
        return [
            *python, "uvicorn", "--factory", f"tests.browsers.apps:{app}", "--host=127.0.0.1",
            f"--port={port}", f"--ssl-certfile={certificate.chain}",
            f"--ssl-keyfile={certificate.key}", "--lifespan=off", "--log-level=warning",
            "--timeout-keep-alive=75",
        ]  # fmt: skip
    return [
        *python, "gunicorn", f"tests.browsers.apps:{app}()", f"--bind=127.0.0.1:{port}",
        f"--certfile={certificate.chain}", f"--keyfile={certificate.key}", "--log-level=warning",
        "--worker-class=gthread", "--threads=16", "--keep-alive=75",
    ]  # fmt: skip


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

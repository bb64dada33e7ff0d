"""The servers: each framework in a real server over TLS, and the caching proxy before one."""

import http.client
import json
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from pathlib import Path
from shutil import which

import pytest

from examples.demo.serving import Start, get
from examples.demo.serving import serving as running
from tests.browsers.certificate import Certificate
from tests.browsers.page_case import Arrival

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


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int

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


def _ask() -> Callable[[int], None]:
    return get("/", tls=ssl._create_unverified_context())


@contextmanager
def serving(
    names: Sequence[str], certificate: Certificate, folder: Path
) -> Iterator[dict[str, Server]]:
    """Serve these frameworks as long as the `with` block lasts; what they log goes to files.

    :raises ServerFailedError: when one of them does not start.
    """
    starts = [Start(name, partial(_command, APPS[name], certificate)) for name in names]
    with running(starts, folder, _ask()) as servers:
        yield {server.name: Server(server.name, server.port) for server in servers}


@contextmanager
def caching(server: Server, certificate: Certificate, folder: Path) -> Iterator[Server]:
    """Run nginx with a shared cache before a server.

    :raises ServerFailedError: when it does not start.
    """
    nginx = which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None:
        pytest.fail("nginx is missing: apt-get install nginx-light", pytrace=False)

    def command(port: int) -> list[str]:
        configuration = folder / f"nginx-{port}.conf"
        configuration.write_text(
            _NGINX.format(folder=folder, port=port, certificate=certificate, upstream=server.port)
        )
        return [nginx, "-e", "stderr", "-p", str(folder), "-c", str(configuration)]

    with running([Start(f"nginx before {server.name}", command)], folder, _ask()) as (cache,):
        yield Server(server.name, cache.port)


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


def _command(app: str, certificate: Certificate, port: int) -> list[str]:
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

"""The servers, and the command that starts each."""

import sys
from collections.abc import Mapping
from pathlib import Path

from examples.demo.serving import ROOT, Running, Start, free_ports, launched

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


def started(
    name: str,
    folder: Path,
    app: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Running:
    """Start a server and return at once; its log goes into the folder."""
    where = app or (_WSGI if name in WSGI_SERVERS else _ASGI)

    def command(port: int) -> list[str]:
        return [
            part.format(port=port, app=where, prefix=sys.prefix, root=ROOT)
            for part in SERVERS[name]
        ]

    (port,) = free_ports(1)
    return launched(Start(name, command, environment or {}), port, folder)

"""The two examples on real servers."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from examples.demo.serving import ROOT, Start, get
from examples.demo.serving import serving as running

COMMANDS = {
    "fastapi": "uvicorn --host=127.0.0.1 --port={port} --log-level=warning "
    "examples.tenants.fastapi_app:app",
    "django": "waitress --listen=127.0.0.1:{port} --threads=8 examples.tenants.django_site:wsgi",
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for line, value in self.headers if line.lower() == name]

    def verdict(self, origin: str, refused_with: int) -> str:
        """Return `allowed` or `refused`, or whatever else this is, in words."""
        cors = {name.lower() for name, _ in self.headers if name.lower().startswith("access-")}
        varies = {name.strip() for value in self.values("vary") for name in value.split(",")}
        if "Origin" in varies:
            if self.status == refused_with and not cors:
                return "refused"
            right = (self.status, self.values("access-control-allow-origin")) == (200, [origin])
            if right and self.values("access-control-allow-credentials") == ["true"]:
                return "allowed"
        return f"neither: {self.status} {self.headers} {self.body!r}"


@dataclass(frozen=True)
class Site:
    """An example that is being served."""

    framework: str
    port: int
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def send(self, method: str, path: str) -> Answer:
        with closing(self.connect()) as connection:
            return ask(connection, method, path, "localhost")

    def change(self, method: str, tenant: str, origin: str) -> None:
        """Have the site itself add (PUT) or remove (DELETE) an origin of a tenant."""
        answer = self.send(method, f"/tenants/{tenant}/origins?origin={quote(origin, safe='')}")
        assert answer.status == 204, answer

    def verdict(self, tenant: str, origin: str) -> str:
        """Return what a page of `origin` would meet at the tenant's host."""
        with closing(self.connect()) as connection:
            return greet(connection, tenant, origin)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, host: str, **headers: str
) -> Answer:
    connection.request(method, path, headers={"Host": host, **headers})
    response = connection.getresponse()
    return Answer(response.status, tuple(response.getheaders()), response.read())


def greet(connection: http.client.HTTPConnection, tenant: str, origin: str) -> str:
    """Send an actual request and return its verdict."""
    answer = ask(connection, "GET", "/greeting", f"{tenant}.localhost", Origin=origin)
    return answer.verdict(origin, refused_with=200)


def preflight(connection: http.client.HTTPConnection, tenant: str, origin: str) -> str:
    """Send a preflight and return its verdict."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    answer = ask(connection, "OPTIONS", "/greeting", f"{tenant}.localhost", **headers)
    return answer.verdict(origin, refused_with=400)


@contextmanager
def serving(framework: str, database_url: str, ttl: float, folder: Path) -> Iterator[Site]:
    """Serve one example as long as the `with` block lasts."""

    def on(port: int) -> list[str]:
        return [sys.executable, "-m", *COMMANDS[framework].format(port=port).split()]

    start = Start(framework, on, _settings(database_url, ttl))
    with running([start], folder, get("/greeting")) as (server,):
        yield Site(framework, server.port, server.log)


def create_tables(database_url: str) -> None:
    """Have Django create them; the FastAPI example then finds them, as if both shared a site."""
    subprocess.run(
        [sys.executable, "-m", "examples.tenants.django_site", "migrate", "--run-syncdb"],
        cwd=ROOT, env={**os.environ, **_settings(database_url, 60)},
        check=True, capture_output=True,
    )  # fmt: skip


def _settings(database_url: str, ttl: float) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "ORIGINS_TTL": str(ttl)}

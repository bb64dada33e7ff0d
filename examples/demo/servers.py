"""The examples on real servers."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.demo.serving import Start, get, serving


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


@contextmanager
def serving_apps(apps: Sequence[App]) -> Iterator[list[Server]]:
    """Serve the apps as long as the `with` block lasts; what they log goes to files.

    :raises ServerFailedError: when one of them does not start.
    """
    starts = [Start(app.framework, app.command) for app in apps]
    with (
        TemporaryDirectory(prefix="cors-demo-") as folder,
        serving(starts, Path(folder), get("/note")) as running,
    ):
        yield [Server(app, one.port) for app, one in zip(apps, running, strict=True)]

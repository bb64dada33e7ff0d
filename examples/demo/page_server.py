"""Serves the page and, as JSON, what it needs to know: servers, situations, the terminal's table.

One server, two origins: the page is `http://localhost:<port>`, which the policy lists; its frame
is `http://127.0.0.1:<port>`, which is another site to a browser, and which the policy does not.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from examples.demo.servers import Server
from examples.demo.serving import ROOT
from examples.demo.situations import SITUATIONS
from examples.demo.verdicts import Cell, Origins

_FOLDER = Path(__file__).with_name("page")
_FILES = {
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    "/live.js": ("live.js", "text/javascript"),
    "/attempt.js": ("attempt.js", "text/javascript"),
    "/refused.html": ("refused.html", "text/html"),
}


class PageServer(ThreadingHTTPServer):
    """The page's server, on a free port of the loopback address."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.table: dict[str, Any] = {}
        """What `/table.json` answers."""

    @property
    def origins(self) -> Origins:
        """The page's origin and its frame's."""
        return Origins(
            f"http://localhost:{self.server_port}", f"http://127.0.0.1:{self.server_port}"
        )


class _Page(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/table.json":
            self._answer("application/json", json.dumps(self.server.table).encode())
        elif path in _FILES:
            name, kind = _FILES[path]
            self._answer(f"{kind}; charset=utf-8", (_FOLDER / name).read_bytes())
        elif path == "/favicon.ico":
            self._answer("image/x-icon", b"", HTTPStatus.NO_CONTENT)
        else:
            self._answer("text/plain", b"not found", HTTPStatus.NOT_FOUND)

    def _answer(self, kind: str, body: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Keep quiet: the terminal belongs to the table."""


@contextmanager
def serving_page() -> Iterator[PageServer]:
    """Serve the page, in a thread, as long as the `with` block lasts."""
    with PageServer() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def table_as_json(
    servers: Sequence[Server], cells: Sequence[Cell], origins: Origins
) -> dict[str, Any]:
    """Return what the page needs to do it all again, and what the terminal saw."""
    return {
        "origins": asdict(origins),
        "policy": (ROOT / "examples" / "policy.py").read_text(encoding="utf-8"),
        "frameworks": [
            {
                "name": server.app.framework,
                "server": server.app.server,
                "where": server.app.where,
                "url": f"http://localhost:{server.port}",
            }
            for server in servers
        ],
        "situations": [asdict(situation) for situation in SITUATIONS],
        "terminal": [
            {
                "framework": cell.framework,
                "situation": cell.situation.name,
                "verdict": cell.verdict,
                "reason": cell.reason,
                "exchanges": [
                    {"request": e.request._asdict(), "response": e.response._asdict()}
                    for e in cell.exchanges
                ],
            }
            for cell in cells
        ],
    }

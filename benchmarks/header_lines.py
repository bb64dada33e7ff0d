"""Measures requests with 16 MB of one header's lines on uvicorn: the bare app and ours in turn.

httptools sets no bound to header lines. A layer that joins what is repeated, line by line, copies
what it has so far a million times.
"""

import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.timing import QUICK, Effort
from examples.demo.serving import Start, get, serving

VARIANTS = ("bare", "ours", "ours, a callable")
_BYTES = 16 * 2**20
_LINES = {
    "preflight": ("OPTIONS", b"access-control-request-headers: x-a\r\n"),
    "actual": ("GET", b"origin: https://app.example\r\n"),
}

Ratios = dict[str, dict[str, float]]
"""By situation and variant, the time of a request as a multiple of the bare app's."""


def header_lines(effort: Effort) -> Ratios:
    """Return how much longer than the bare app the others take, as medians of several turns."""
    rounds = 1 if effort is QUICK else 5
    starts = [Start(variant, _command, {"CORS_BENCHMARK_VARIANT": variant}) for variant in VARIANTS]
    seconds: dict[tuple[str, str], list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(starts, Path(folder), get("/items")) as servers,
    ):
        for _ in range(rounds):
            for variant, server in zip(VARIANTS, servers, strict=True):
                for name in _LINES:
                    seconds.setdefault((name, variant), []).append(_timed(server.port, name))
    return {
        name: {
            variant: median(seconds[name, variant]) / median(seconds[name, "bare"])
            for variant in VARIANTS[1:]
        }
        for name in _LINES
    }


def _command(port: int) -> list[str]:
    server = [sys.executable, "-m", "uvicorn", "--http=httptools", "--no-access-log"]
    return [*server, "--log-level=warning", f"--port={port}", "benchmarks.served:starlette"]


def _timed(port: int, name: str) -> float:
    """Return the seconds from the first byte of a request to the first of its response."""
    method, line = _LINES[name]
    head = f"{method} /items HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
    if method == "OPTIONS":
        head += b"Origin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n"
    request = head + line * (_BYTES // len(line)) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        start = time.perf_counter()
        connection.sendall(request)
        answer = connection.recv(12)
        taken = time.perf_counter() - start
    if not answer.startswith(b"HTTP/1.1"):
        raise RuntimeError(f"{name}: the server answered {answer!r}")
    return taken

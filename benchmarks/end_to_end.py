"""Measures requests per second on real servers, with wrk: bare, peer and ours in turn.

One server process and one wrk thread at a time. Nothing is measured where wrk is not installed.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.situations import BY_NAME, Situation
from benchmarks.timing import QUICK, Effort
from examples.demo.serving import Start, get, serving

VARIANTS = ("bare", "peer", "ours")
SERVED = ("actual", "preflight")
SERVERS = {
    "Starlette on uvicorn": ["uvicorn", "--no-access-log", "--log-level=warning", "--port={port}",
                             "benchmarks.served:starlette"],
    "Flask on gunicorn": ["gunicorn", "--worker-class=gthread", "--threads=4", "--keep-alive=60",
                          "--log-level=error", "--bind=127.0.0.1:{port}",
                          "benchmarks.served:flask"],
}  # fmt: skip

Rates = dict[str, dict[str, dict[str, float]]]
"""Requests per second, by server, situation and variant."""


def end_to_end(effort: Effort) -> Rates:
    """Return the medians of several turns; empty without wrk."""
    if shutil.which("wrk") is None:
        print("wrk is not installed: nothing measured end to end", file=sys.stderr)
        return {}
    rounds, seconds = (1, 1) if effort is QUICK else (5, 4)
    found: Rates = {}
    for server, command in SERVERS.items():
        samples: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for variant in VARIANTS:
                with _serving(command, variant) as port:
                    _wrk(port, BY_NAME["actual"], 1)  # warm up
                    for name in SERVED:
                        rate = _wrk(port, BY_NAME[name], seconds)
                        samples.setdefault((name, variant), []).append(rate)
        for (name, variant), rates in samples.items():
            found.setdefault(server, {}).setdefault(name, {})[variant] = median(rates)
    return found


@contextmanager
def _serving(command: list[str], variant: str) -> Iterator[int]:
    def on(port: int) -> list[str]:
        return [sys.executable, "-m", *(part.format(port=port) for part in command)]

    start = Start(command[0], on, {"CORS_BENCHMARK_VARIANT": variant})
    with (
        tempfile.TemporaryDirectory() as folder,
        serving([start], Path(folder), get("/items")) as (server,),
    ):
        yield server.port


def _wrk(port: int, situation: Situation, seconds: int) -> float:
    """Return the requests per second that wrk counted, of answers that are what they should be.

    (The bare app has no answer to a preflight: its 405 is what it costs without a layer.)
    """
    url = f"http://127.0.0.1:{port}/items"
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "request.lua")
        script.write_text(_script(situation), encoding="utf-8")
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", f"-s{script}", url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Socket errors" in output or ("Non-2xx" in output and not situation.preflight):
        raise RuntimeError(output)
    return float(output.partition("Requests/sec:")[2].split()[0])


def _script(situation: Situation) -> str:
    lines = [f'wrk.method = "{situation.method}"']
    sent = [header for header in situation.headers if header[0] not in ("host", "connection")]
    lines += [f"wrk.headers[{name!r}] = {value!r}" for name, value in sent]  # wrk sends those two
    return "\n".join(lines)

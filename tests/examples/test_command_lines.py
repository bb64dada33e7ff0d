"""The quick starts of frameworks without an adapter of their own, started as users start them.

Each by the framework's own command, on a real port: a wrapped app that this command no longer takes
for its framework's would not start.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.demo.browser import Request
from examples.demo.serving import ROOT, Running, Start, get, serving
from examples.demo.situations import SITUATIONS, Situation
from examples.demo.verdicts import Origins, judge_one
from examples.demo.wire import sender

pytestmark = pytest.mark.examples

BIN = Path(sys.executable).parent
ORIGINS = Origins("https://app.example.com", "https://evil.example")

COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "bottle": lambda port: ["bottle", f"--bind=127.0.0.1:{port}", "examples.bottle.app:app"],
    "litestar": lambda port: ["litestar", "--app=examples.litestar.app:app", "run", f"-p{port}"],
    "pyramid": lambda port: ["pserve", "examples/pyramid/development.ini", f"http_port={port}"],
    "quart": lambda port: ["quart", "--app=examples.quart.app", "run", f"--port={port}"],
    "sanic": lambda port: ["uvicorn", f"--port={port}", "examples.sanic.app:app"],
}
NOT_FOUND = Request("GET", "/missing", (("Origin", ORIGINS.allowed),))


def start(framework: str) -> Start:
    def command(port: int) -> list[str]:
        program, *arguments = COMMANDS[framework](port)
        return [str(BIN / program), *arguments]

    # As if the example were installed, which Pyramid expects of a project.
    return Start(framework, command, {"PYTHONPATH": str(ROOT)})


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    starts = [start(framework) for framework in COMMANDS]
    with serving(starts, tmp_path_factory.mktemp("logs"), get("/note")) as running:
        yield {server.name: server for server in running}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
@pytest.mark.parametrize("framework", COMMANDS)
def test_a_page_gets_the_verdict_of_the_policy(
    servers: dict[str, Running], framework: str, situation: Situation
) -> None:
    cell = judge_one(framework, situation, ORIGINS, sender(servers[framework].port))
    assert cell.verdict == situation.expected, cell.reason


@pytest.mark.parametrize("framework", COMMANDS)
def test_a_page_is_told_of_a_path_that_does_not_exist(
    servers: dict[str, Running], framework: str
) -> None:
    response = sender(servers[framework].port)(NOT_FOUND)
    headers = {name.lower(): value for name, value in response.headers}
    assert response.status == 404
    assert headers["access-control-allow-origin"] == ORIGINS.allowed


def test_sanics_own_server_does_not_start_without_cors() -> None:
    command = [BIN / "sanic", "examples.sanic.app:app", "--single-process"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert "'CORSMiddleware' object has no attribute" in ended.stderr

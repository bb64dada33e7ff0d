"""Libraries that bring an app of their own, each behind its usual server: what a page may read."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from examples.demo.browser import outcome_of, preflight_for
from examples.demo.serving import Running, Start, get, serving
from examples.demo.situations import BLOCKED, PageFetch
from examples.demo.wire import sender

pytestmark = pytest.mark.examples

ALLOWED, REFUSED = "https://app.example.com", "https://evil.example"

COMMANDS: dict[str, tuple[str, ...]] = {
    "channels": ("daphne", "-b127.0.0.1", "-p{port}", "examples.channels.app:application"),
    "fastmcp": ("uvicorn", "--port={port}", "examples.fastmcp.app:app"),
    "gradio": ("uvicorn", "--port={port}", "examples.gradio.app:app"),
    "strawberry": ("uvicorn", "--port={port}", "examples.strawberry.app:app"),
}
ENVIRONMENT = {"GRADIO_ANALYTICS_ENABLED": "False", "FASTMCP_CHECK_FOR_UPDATES": "off"}


class Call(NamedTuple):
    """What a page asks of an example, and a word of the answer."""

    example: str
    fetch: PageFetch
    answer: str


def posted(path: str, body: object, **headers: str) -> PageFetch:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PageFetch("POST", path, {"Content-Type": "application/json", **named}, json.dumps(body))


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "page", "version": "1"},
    },
}
CALLS = [
    Call("channels", PageFetch("GET", "/status", {"X-Request-ID": "1"}), "a consumer"),
    Call("channels", PageFetch("GET", "/note", {"X-Request-ID": "1"}), "a view"),
    Call(
        "fastmcp",
        posted(
            "/mcp",
            INITIALIZE,
            Accept="application/json, text/event-stream",
            MCP_Protocol_Version="2025-06-18",
        ),
        "Sums",
    ),
    Call("gradio", posted("/ui/gradio_api/call/greet", {"data": ["you"]}), "event_id"),
    Call("gradio", posted("/ui/gradio_api/run/greet", {"data": ["you"]}), "Hello, you"),
    Call("gradio", PageFetch("GET", "/note"), "Hello from FastAPI"),
    Call("strawberry", posted("/", {"query": '{ greeting(name: "you") }'}), "Hello, you"),
]


def start(example: str) -> Start:
    def command(port: int) -> list[str]:
        program, *arguments = COMMANDS[example]
        path = Path(sys.executable).with_name(program)
        return [str(path), *(argument.format(port=port) for argument in arguments)]

    return Start(example, command, ENVIRONMENT)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    starts = [start(example) for example in COMMANDS]
    with serving(starts, tmp_path_factory.mktemp("logs"), get("/")) as running:
        yield {server.name: server for server in running}


def call_id(call: Call) -> str:
    return f"{call.example}-{call.fetch.method}-{call.fetch.path}"


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_an_allowed_page_reads_the_answer(servers: dict[str, Running], call: Call) -> None:
    send = sender(servers[call.example].port)
    outcome = outcome_of(call.fetch, ALLOWED, {}, send)
    assert outcome.verdict == "readable 200", outcome
    assert call.answer in outcome.exchanges[-1].response.body


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_a_page_on_another_origin_reads_nothing(servers: dict[str, Running], call: Call) -> None:
    send = sender(servers[call.example].port)
    outcome = outcome_of(call.fetch, REFUSED, {}, send)
    assert outcome.verdict == BLOCKED
    names = [name.lower() for name, _ in outcome.exchanges[0].response.headers]
    assert not [name for name in names if name.startswith("access-control-")]


@pytest.mark.parametrize("example", COMMANDS)
def test_a_preflight_is_answered_where_no_path_is(
    servers: dict[str, Running], example: str
) -> None:
    fetch = PageFetch("GET" if example == "strawberry" else "DELETE", "/no/such/path")
    asked = preflight_for(fetch, ALLOWED)
    response = sender(servers[example].port)(asked)
    assert {name.lower() for name, _ in response.headers} >= {"access-control-allow-origin", "vary"}


def test_gradios_own_headers_which_let_any_origin_in_are_dropped(
    servers: dict[str, Running],
) -> None:
    # Gradio sends them unless the host is a local one, which it takes from this header.
    headers = {"Host": "api.example", "Origin": REFUSED}
    with closing(HTTPConnection("127.0.0.1", servers["gradio"].port, timeout=10)) as connection:
        connection.request("GET", "/ui/gradio_api/info", headers=headers)
        response = connection.getresponse()
    names = [name.lower() for name, _ in response.getheaders()]
    assert response.status == 200
    assert not [name for name in names if name.startswith("access-control-")]

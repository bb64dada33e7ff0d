"""All servers, started together when the first test needs one."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from examples.demo.serving import Running, listens
from tests.servers.running import SERVERS, started

_TOKENS = count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """Every server, running."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        running = {name: started(name, folder) for name in SERVERS}
        for server in running.values():
            stack.callback(server.end)
        for server in running.values():
            server.await_ready(listens)
        yield running


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: dict[str, Running]) -> Running:
    """The server that the test is parametrized with."""
    return servers[request.param]


def token() -> str:
    """Return a word that no other request has."""
    return f"token-{next(_TOKENS)}-"

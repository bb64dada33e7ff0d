"""A bad policy ends the server when it starts, and the log says why (R3)."""

from pathlib import Path

import pytest

from examples.demo.serving import listens
from tests.servers.running import ASGI_SERVERS, WITH_COMMAND, started
from tests.servers.table import ENDS_WITH_0, SERVES_ALL_THE_SAME

pytestmark = pytest.mark.servers

SLASH = "https://app.example/"
NO_NAME = "'nowhere'"

STARTS = [
    *[(name, "asgi" if name in ASGI_SERVERS else "wsgi", SLASH) for name in WITH_COMMAND],
    *[(name, "marked", NO_NAME) for name in ASGI_SERVERS],
]


@pytest.mark.parametrize(("name", "app", "why"), STARTS)
def test_a_bad_policy_ends_the_server(name: str, app: str, why: str, tmp_path: Path) -> None:
    server = started(name, tmp_path, f"tests.servers.bad_policies.{app}:app")
    try:
        if (name, app) in SERVES_ALL_THE_SAME:
            server.await_ready(listens)
            return
        assert (server.await_own_end() == 0) == (name in ENDS_WITH_0)
        assert why in server.written()
    finally:
        server.end()

"""Both databases and both examples, each as long as all the tests last."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.tenants.databases import Database, SQLite, postgresql
from tests.tenants.sites import COMMANDS, Site, create_tables, serving

SHORT_TTL = 1.0
LONG_TTL = 3_600.0

STEADY = "https://steady.example"

_NUMBERS = count(1)


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Spare the plain test command the import of what it need not have installed."""
    return True if "not tenants" in config.option.markexpr else None


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            found: Database = SQLite(tmp_path_factory.mktemp("sqlite") / "tenants.sqlite3")
        else:
            found = stack.enter_context(postgresql())
        create_tables(found.url)
        yield found


@pytest.fixture(params=COMMANDS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def serve(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, float], Site]]:
    folder = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        yield cache(lambda name, ttl: _serve(stack, name, database.url, ttl, folder))


def _serve(stack: ExitStack, name: str, url: str, ttl: float, folder: Path) -> Site:
    return stack.enter_context(serving(name, url, ttl, folder))


@pytest.fixture
def quick(serve: Callable[[str, float], Site], framework: str) -> Site:
    """The site whose answers expire soon."""
    return serve(framework, SHORT_TTL)


@pytest.fixture
def slow(serve: Callable[[str, float], Site], framework: str) -> Site:
    """The site whose answers outlast the tests: all that it sees, it was told."""
    return serve(framework, LONG_TTL)


@pytest.fixture
def tenant(database: Database) -> str:
    """A tenant of this test alone, with one origin that stays."""
    name = f"tenant-{next(_NUMBERS)}"
    database.write("INSERT INTO tenants (name) VALUES (?)", name)
    database.write("INSERT INTO origins (tenant_id, origin) VALUES (?, ?)", name, STEADY)
    return name

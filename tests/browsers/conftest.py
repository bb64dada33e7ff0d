"""The servers and the browsers, each for the whole session, and the page of results."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browsers.behaviour_cases import never_serialized
from tests.browsers.certificate import Certificate
from tests.browsers.engines import ENGINES
from tests.browsers.network import Network, network
from tests.browsers.page_case import Seen
from tests.browsers.results import Results
from tests.browsers.servers import APPS, FRAMEWORKS, Server, caching, serving
from tests.browsers.shared_cache import cache_host, visit_caches
from tests.browsers.visits import Visits, serialized, visit

RESULTS = pytest.StashKey[Results]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--browser-results",
        metavar="PATH",
        type=Path,
        help="write what came of the browser tests to this page (docs/browser-results.md)",
    )
    parser.addoption(
        "--demo-screenshot",
        metavar="PATH",
        type=Path,
        help="write a picture of the demo's page to this file (docs/demo-page.png)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RESULTS] = Results()


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Spare the plain test command the collection of some thousand tests that it leaves out."""
    return True if "not browser" in config.option.markexpr else None


@dataclass(frozen=True)
class Session:
    """What came of all that one engine did."""

    visits: Visits
    through_caches: Mapping[tuple[str, str], list[Seen]]
    serialized: list[str]
    """Of the origins that no browser should serialize so, those that this one would."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browsers")


@pytest.fixture(scope="session")
def certificate(folder: Path) -> Certificate:
    return Certificate.written_to(folder)


@pytest.fixture(scope="session")
def net(certificate: Certificate) -> Iterator[Network]:
    with network(certificate) as running:
        yield running


@pytest.fixture(scope="session")
def servers(net: Network, certificate: Certificate, folder: Path) -> Iterator[dict[str, Server]]:
    with serving(list(APPS), certificate, folder) as running:
        for server in running.values():
            net.servers[server.host] = net.servers[server.other_host] = server.port
        yield running


@pytest.fixture(scope="session")
def caches(
    net: Network, servers: dict[str, Server], certificate: Certificate, folder: Path
) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(caching(server, certificate, folder))
            for name, server in servers.items()
        }
        for name, cache in running.items():
            net.servers[cache_host(name)] = cache.port
        yield running


@pytest.fixture(scope="session", params=ENGINES)
def session(
    request: pytest.FixtureRequest,
    net: Network,
    servers: dict[str, Server],
    caches: dict[str, Server],
    folder: Path,
) -> Session:
    """Do all that one engine has to do, then close it; the tests look at what came of it."""
    engine = request.param
    frameworks = {name: servers[name] for name in FRAMEWORKS}
    with ENGINES[engine](net.port, folder) as window:
        request.config.stash[RESULTS].versions[engine] = window.version
        return Session(
            visit(engine, window, frameworks),
            visit_caches(engine, window),
            serialized(window, never_serialized()),
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count the tests that say by `counted` what they are about."""
    report = yield
    about: Any = dict(item.user_properties).get("counted")
    if about and report.when == "call":
        engine, framework, theme = about
        item.config.stash[RESULTS].add(engine, framework, theme, passed=report.passed)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    path = config.getoption("--browser-results", None)
    results = config.stash[RESULTS]
    if path is None:
        return
    if not results.is_whole():
        terminalreporter.write_line(f"{path} is left as it was: not all browser tests were run")
        return
    path.write_text(results.page(), encoding="utf-8")
    terminalreporter.write_line(f"wrote {path}")

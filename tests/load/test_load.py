"""Every adapter on a real server under load, while policies, files and a database change.

Each answer must be one that a policy in force at that time gives, whole; while nothing changes
there is one such policy. Requests flow all the time, LOAD_REQUESTS at least to each adapter.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cors_core import Policy
from examples.demo.serving import Running, listens
from tests.behaviour.transports import Request, Response
from tests.fetch_model.browser import Browser
from tests.fetch_model.fetch_request import Page, PageRequest
from tests.load.database import Database
from tests.load.policies import (
    FIXED,
    FIXED_ORIGIN,
    SWAPPED,
    TENANT,
    file_origin,
    file_text,
    in_file,
    policy_of,
    swap_origin,
)
from tests.load.sites import ASGI, WSGI
from tests.load.traffic import InForce, Visitor
from tests.servers.running import started
from tests.servers.wire import Connection, request

pytestmark = pytest.mark.load

REQUESTS = int(os.environ.get("LOAD_REQUESTS", "20000"))
_CHANGE_SECONDS = 30.0

# granian loses answers to pipelined requests under load, with Django and no middleware as well.
_SERVERS = {"WSGI": "waitress", "ASGI": "uvicorn-httptools"}

LOOKED_UP = policy_of(TENANT)
NOBODY = policy_of("https://nobody.example")


class PolicyFile:
    """The file that all apps follow, as Kubernetes mounts a ConfigMap: by way of two links."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "policy.toml"
        self._folder = folder
        self._versions = 0
        self.swap_link(file_text(0))
        self.path.symlink_to("..data/policy.toml")

    def swap_link(self, text: str) -> None:
        """Replace the folder that holds the file, in one step."""
        self._versions += 1
        version = self._folder / f"..version-{self._versions}"
        version.mkdir()
        (version / "policy.toml").write_text(text)
        new = self._folder / "..new"
        new.symlink_to(version.name)
        new.replace(self._folder / "..data")

    def write(self, text: str) -> None:
        """Write in place."""
        self.path.write_text(text)

    def write_slowly(self, text: str) -> None:
        """Write in place, line by line: what stands there meanwhile is another policy."""
        with self.path.open("w") as opened:
            for line in text.splitlines(keepends=True):
                opened.write(line)
                opened.flush()
                time.sleep(0.4)  # the fault that is tested

    def rename(self, text: str) -> None:
        """Put another file in its place."""
        new = self._folder / "new.toml"
        new.write_text(text)
        new.replace(self.path)


class Fleet:
    """All apps, each on a server, and the requests that flow to them."""

    def __init__(self, servers: dict[str, Running], in_force: InForce) -> None:
        self.servers = servers
        self.in_force = in_force
        self.visitors = [
            Visitor(name, server.port, in_force, REQUESTS) for name, server in servers.items()
        ]

    def change(
        self, place: str, policy: Policy, make: Callable[[], object], origin: str, *, allowed: bool
    ) -> None:
        """Make a change, and await that every app decides by it; only then is the old one wrong."""
        old = self.in_force.only(place)
        self.in_force.put(place, old, policy)
        make()
        for server in self.servers.values():
            self._await(server, place, origin, allowed)
        self.in_force.put(place, policy)
        self.go_on()

    def go_on(self) -> None:
        """Return when each app has answered some more requests, and all as they must be."""
        wanted = {visitor: visitor.answered + 100 for visitor in self.visitors}
        deadline = time.monotonic() + _CHANGE_SECONDS
        while any(visitor.answered < count for visitor, count in wanted.items()):
            self.check()
            assert time.monotonic() < deadline, {v.name: v.answered for v in self.visitors}
            time.sleep(0.02)

    def check(self) -> None:
        """Fail at the first wrong answer."""
        wrong = [text for visitor in self.visitors for text in visitor.wrong]
        assert not wrong, wrong[0]
        raised = [(visitor.name, visitor.raised) for visitor in self.visitors if visitor.raised]
        assert not raised, raised

    def _await(self, server: Running, place: str, origin: str, allowed: bool) -> None:
        deadline = time.monotonic() + _CHANGE_SECONDS
        while (ask(server, f"/{place}/x", origin) == [origin]) != allowed:
            self.check()
            assert time.monotonic() < deadline, f"{server.name} does not see the change"
            time.sleep(0.05)


def ask(server: Running, path: str, origin: str) -> list[str]:
    """Return what origin a server allows to read that path."""
    with Connection(server.port) as connection:
        connection.send(request(path, f"Origin: {origin}"))
        answer = connection.answer()
    assert answer.status == 200, answer
    return answer.values("access-control-allow-origin")


@pytest.fixture
def database() -> Iterator[Database]:
    running = Database()
    yield running
    running.release()
    running.stop()


@pytest.fixture
def file(tmp_path: Path) -> PolicyFile:
    folder = tmp_path / "mounted"
    folder.mkdir()
    return PolicyFile(folder)


@pytest.fixture
def fleet(database: Database, file: PolicyFile, tmp_path: Path) -> Iterator[Fleet]:
    environment = {"LOAD_FILE": str(file.path), "LOAD_DATABASE": str(database.port)}
    with ExitStack() as stack:
        servers = {}
        for name in (*WSGI, *ASGI):
            server = _SERVERS["WSGI" if name in WSGI else "ASGI"]
            folder = tmp_path / name
            folder.mkdir()
            servers[name] = started(server, folder, f"tests.load.sites:{name}", environment)
            stack.callback(servers[name].end)
        for each in servers.values():
            each.await_ready(listens)
        in_force = InForce(fixed=FIXED, swap=SWAPPED[0], file=in_file(0), lookup=LOOKED_UP)
        running = Fleet(servers, in_force)
        for visitor in running.visitors:
            visitor.start()
        yield running
        for visitor in running.visitors:
            visitor.finish()


def test_every_answer_is_that_of_a_policy_in_force(
    fleet: Fleet, file: PolicyFile, database: Database
) -> None:
    fleet.go_on()
    _swap_policies(fleet)
    _change_file(fleet, file)
    _spoil_file(fleet, file)
    _stop_and_start_database(fleet, database)
    _hang_database(fleet, database)
    _swap_policies(fleet)
    for visitor in fleet.visitors:
        visitor.finish()
    fleet.check()
    answered = {visitor.name: visitor.answered for visitor in fleet.visitors}
    assert min(answered.values()) >= REQUESTS, answered
    for server in fleet.servers.values():
        assert "Traceback" not in _unexpected(server.written())
        _browse(server, fleet.in_force)


def _swap_policies(fleet: Fleet) -> None:
    """`replace` takes effect with the next request."""
    for number in (1, 2, 3, 0):

        def replace(number: int = number) -> None:
            for server in fleet.servers.values():
                with Connection(server.port) as connection:
                    connection.send(request(f"/control/swap?to={number}"))
                    assert connection.answer().status == 200

        fleet.change("swap", SWAPPED[number], replace, swap_origin(number), allowed=True)


def _change_file(fleet: Fleet, file: PolicyFile) -> None:
    for number, write in enumerate((file.swap_link, file.write, file.write_slowly, file.rename), 1):

        def change(number: int = number, write: Callable[[str], None] = write) -> None:
            write(file_text(number))

        fleet.change("file", in_file(number), change, file_origin(number), allowed=True)


def _spoil_file(fleet: Fleet, file: PolicyFile) -> None:
    """A bad file, and none, change nothing; the next good one is applied."""
    spoils: list[Callable[[], object]] = [lambda: file.write("allow_origins = ["), file.path.unlink]
    for number, spoil in enumerate(spoils, 5):
        before = {name: _keeps(server) for name, server in fleet.servers.items()}
        spoil()
        for name, server in fleet.servers.items():
            server.await_written("keeps its last good policy", before[name] + 1)
        fleet.go_on()

        def mend(number: int = number) -> None:
            file.write(file_text(number))

        fleet.change("file", in_file(number), mend, file_origin(number), allowed=True)


def _keeps(server: Running) -> int:
    return server.written().count("keeps its last good policy")


def _stop_and_start_database(fleet: Fleet, database: Database) -> None:
    """Whatever fails is a no, and nothing else: the app answers all the same."""
    fleet.change("lookup", NOBODY, database.stop, TENANT, allowed=False)
    fleet.change("lookup", LOOKED_UP, database.start, TENANT, allowed=True)


def _hang_database(fleet: Fleet, database: Database) -> None:
    """A lookup that hangs holds up its own requests alone."""
    database.hang()
    database.await_held(len(fleet.servers))
    for server in fleet.servers.values():
        assert ask(server, "/fixed/x", FIXED_ORIGIN) == [FIXED_ORIGIN]
    assert database.held() >= len(fleet.servers), "the others were served while all of them hung"
    database.release()
    fleet.go_on()


def _browse(server: Running, in_force: InForce) -> None:
    """A browser on paper reads what the policies allow, and nothing else."""

    def send(asked: Request) -> Response:
        lines = [f"{name}: ".encode() + value for name, value in asked.headers]
        with Connection(server.port) as connection:
            connection.send(request(asked.path, *lines, method=asked.method))
            answer = connection.answer(asked.method)
        return Response(answer.status, answer.headers, answer.body)

    for place in ("fixed", "swap", "file", "lookup"):
        listed = in_force.only(place).allow_origins
        for origin in (FIXED_ORIGIN, TENANT, swap_origin(0), "https://evil.example"):
            for method in ("GET", "PUT", "DELETE"):
                headers = (("X-Token", "1"),) if method == "PUT" else ()
                asked = PageRequest(method, f"/{place}/x", headers)
                outcome = Browser(send).fetch(Page(origin), asked)
                assert outcome.readable == (origin in listed and method != "DELETE"), outcome


def _unexpected(written: str) -> str:
    """Return the log without the records of what the test does to file and database."""
    expected = ("keeps its last good policy", "lookup")
    records = written.split("\n[")
    return "\n".join(record for record in records if not any(word in record for word in expected))

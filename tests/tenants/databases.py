"""The databases: a SQLite file, and a PostgreSQL server of our own; and how to write into them."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import pytest

from examples.demo.serving import Running, free_ports

if TYPE_CHECKING:
    import psycopg

_START_SECONDS = 60.0
_USER = "tenants"
_PASSWORD = "p@ss:word/1 %"  # all that a URL would misread, if it were not quoted


class Database(Protocol):
    url: str

    def write(self, statement: str, *values: str) -> None:
        """Run and commit a statement with `?` for values, from outside all servers."""


class SQLite:
    def __init__(self, file: Path) -> None:
        self._file = file
        self.url = f"sqlite:///{file}"

    def write(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection, connection:
            connection.execute(statement, values)


class PostgreSQL:
    """A server in a folder; ends, and begins again, when it is told to."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        (self.port,) = free_ports(1)
        self.url = f"postgresql://{_USER}:{quote(_PASSWORD, safe='')}@127.0.0.1:{self.port}/tenants"
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, statement: str, *values: str) -> None:
        with self._connect("tenants") as connection:
            connection.execute(statement.replace("?", "%s").encode(), values)

    def create(self) -> None:
        password = self._folder / "password"
        password.write_text(_PASSWORD)
        password.chmod(0o644)
        init = (
            f"initdb --pgdata=data --username={_USER} --pwfile=password --auth=scram-sha-256 "
            "--encoding=UTF8 --locale=C --no-sync"
        )
        with self._run(init.split()) as process:
            assert process.wait() == 0, self._log()
        self.start()
        with self._connect("postgres") as connection:
            connection.execute("CREATE DATABASE tenants")

    def start(self) -> None:
        self._process = self._run(
            ["postgres", "-D", "data", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "fsync=off"]
        )  # fmt: skip
        server = Running("PostgreSQL", self.port, self._process, self._folder / "log")
        server.await_ready(self._ask, time.monotonic() + _START_SECONDS)

    def _ask(self, _: int) -> None:
        import psycopg  # late: the plain test command loads this module, and need not have it

        try:
            self._connect("postgres").close()
        except psycopg.OperationalError as error:
            raise ConnectionError from error

    def stop(self) -> None:
        """End the server and all its connections; do nothing if it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
        self._process = None

    def _connect(self, name: str) -> "psycopg.Connection[Any]":
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=_USER, password=_PASSWORD,
            dbname=name, autocommit=True,
        )  # fmt: skip

    def _run(self, command: list[str]) -> "subprocess.Popen[bytes]":
        program, *arguments = command
        # PostgreSQL does not run as root, and the package makes the user that it does run as.
        user = "postgres" if os.geteuid() == 0 else None
        groups: list[str] | None = [] if user else None
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments], cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, user=user, group=user, extra_groups=groups,
            )  # fmt: skip

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL server of our own as long as the `with` block lasts."""
    programs = _programs()
    # Not pytest's folder: that is closed to all users but its own.
    with TemporaryDirectory(prefix="cors-tenants-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        database = PostgreSQL(programs, Path(name))
        try:
            database.create()
            yield database
        finally:
            database.stop()


def _programs() -> Path:
    # Debian keeps the server's programs, one folder for each version, off the PATH.
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda program: [int(digits) for digits in program.parts[-3].split(".")],
    )
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.fail(
            "PostgreSQL is missing: apt-get install --no-install-recommends postgresql",
            pytrace=False,
        )
    return found[-1].parent if found else Path(str(on_path)).resolve().parent

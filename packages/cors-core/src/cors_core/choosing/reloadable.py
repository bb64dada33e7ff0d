"""ReloadablePolicy: a policy that another can replace while the app serves, also from a file."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from cors_core.errors import PolicyError, Problem
from cors_core.failures import logger
from cors_core.policy import Policy


class ReloadablePolicy:
    """Holds the policy of the moment; adapters take it wherever they take a Policy.

    A request is decided by the policy that it found, from start to end.

    >>> holder = ReloadablePolicy(Policy(allow_origins=["https://a.example"]))
    >>> holder.replace(Policy(allow_origins=["https://b.example"]))
    >>> holder.current.allow_origins
    ('https://b.example',)
    """

    def __init__(self, policy: Policy) -> None:
        self._file: _FollowedFile | None = None
        self.replace(policy)

    @property
    def current(self) -> Policy:
        """The policy of the moment. Looks at a followed file when its interval is over."""
        if self._file is not None:
            self._file.look()
        return self._policy

    def replace(self, policy: object) -> None:
        """Have `policy` decide from now on, in one step.

        :raises PolicyError: if it is no Policy; the old one stays.
        """
        if not isinstance(policy, Policy):
            fix = "build one: Policy(allow_origins=...)"
            raise PolicyError((Problem("policy", policy, "is no Policy", fix),))
        self._policy = policy

    @classmethod
    def from_file(
        cls, path: str | Path, *, interval: float = 2.0, name: str | None = None
    ) -> "ReloadablePolicy":
        """Return a policy that follows a TOML or JSON file of options.

        The keys are those of Policy; with `name`, those of the table of that name. The file is
        looked at by requests, at most once in `interval` seconds, and read by a thread of its own:
        no request waits, and a server that forks needs no care. A bad file changes nothing: its
        problems are logged, the last good policy stays, and it is read again when it changes.

        :raises PolicyError: if the file is bad at the start.
        :raises OSError: if it cannot be read at the start.
        """
        holders = cls._following(Path(path), interval, [name])
        return holders[name]

    @classmethod
    def all_from_file(
        cls, path: str | Path, *, interval: float = 2.0
    ) -> dict[str, "ReloadablePolicy"]:
        """Return the policies of a file that has a table for each, by name: for `policies=`.

        They follow the file, and raise, as with `from_file`. A table that is new in the file later
        is logged, not used; one that is gone keeps the file as bad.
        """
        names = list(_read(Path(path)))
        holders = cls._following(Path(path), interval, names)
        return {name: holders[name] for name in names}

    @classmethod
    def _following(
        cls, path: Path, interval: float, names: list[Any]
    ) -> dict[str | None, "ReloadablePolicy"]:
        file = _FollowedFile(path, interval)
        policies = _policies(path, names)
        holders = {name: cls(policies[name]) for name in names}
        for holder in holders.values():
            holder._file = file
        file.holders = holders
        return holders


class _FollowedFile:
    """A file of options, and the policies to replace when it changes."""

    def __init__(self, path: Path, interval: float) -> None:
        self._path = path
        self._interval = interval
        self._next_look = time.monotonic() + interval
        self._signature = self._stat()
        self._looking = Lock()
        self._reading = Lock()
        self.holders: dict[str | None, ReloadablePolicy] = {}

    def look(self) -> None:
        """Have the file read if it has changed since the last look."""
        if time.monotonic() < self._next_look or not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = time.monotonic() + self._interval
            signature = self._stat()
            if signature != self._signature:
                Thread(target=self._reload, name=f"cors-core reads {self._path.name}").start()
                self._signature = signature
        except RuntimeError as error:  # no thread to be had just now; the next look tries again
            logger.error("%s keeps its last good policy: %s", self._path, error)
        finally:
            self._looking.release()

    def _reload(self) -> None:
        with self._reading:  # one by one, so that the last to read has read the newest
            self._read()

    def _read(self) -> None:
        try:
            policies = _policies(self._path, list(self.holders))
        except (OSError, PolicyError) as error:
            # No cause: a traceback through our own reader says less than the problems do.
            logger.error("%s keeps its last good policy: %s", self._path, error)
            return
        for name, holder in self.holders.items():
            holder.replace(policies[name])
        logger.info("%s was read again", self._path)

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def _policies(path: Path, names: list[Any]) -> dict[str | None, Policy]:
    """Build the policies of these names from a file, or report the problems of them all."""
    options = _read(path)
    policies: dict[str | None, Policy] = {}
    problems: list[Problem] = []
    for name in names:
        table = options if name is None else options.get(name)
        if not isinstance(table, Mapping):
            fix = f"give it a table [{name}]"
            problems.append(Problem(str(path), name, "is no policy of this file", fix))
            continue
        try:
            policies[name] = Policy(**table)
        except PolicyError as error:
            where = "" if name is None else f"{name}."
            problems += [p._replace(option=where + p.option) for p in error.problems]
    if problems:
        raise PolicyError(tuple(problems))
    return policies


def _read(path: Path) -> dict[str, Any]:
    try:
        import tomllib  # late: heavy, and most apps follow no file

        text = path.read_text("utf-8")
        options = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of both formats, and of what is no UTF-8
        fix = "write TOML, or JSON in a file named .json"
        raise PolicyError((Problem(str(path), None, f"cannot be read: {error}", fix),)) from None
    if not isinstance(options, dict):
        raise PolicyError((Problem(str(path), options, "holds no options", "write a table"),))
    return options

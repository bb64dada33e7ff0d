"""A followed file of policies: when it is looked at, and when a change in it is applied.

Requests look at it; no thread does, so that servers that fork, use greenlets or run without
threads need no care, and nothing keeps a process alive. What the file says is read in
`policy_file`.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import EINVAL
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from time import monotonic, time
from typing import Final, NamedTuple
from weakref import WeakSet

from cors_core.choosing.policy_file import Name, policies_in, tables_in
from cors_core.errors import PolicyError, Problem
from cors_core.failures import FailureLog, logger
from cors_core.policy import Policy

_SETTLE_SECONDS: Final = 1.0
"""How long a file must stay the same before it is applied.

While it is written in place it is cut, and a cut file is often a valid one: `max_age = 8` of 86400.
"""

_QUIET_INTERVALS: Final = 3
"""After so many intervals without a look, a request waits for the look of another thread."""

_LONGEST_WAIT: Final = 0.25
"""Seconds of that wait: a hung file system must not stop the app."""

_LONG_UNSETTLED_SECONDS: Final = 60.0
"""After so long, the log says that a file cannot be applied because it keeps changing."""

_LONGEST_INTERVAL: Final = 2**31
"""Seconds."""

_KEEPS: Final = "%s keeps its last good policy: %s"


class _Signature(NamedTuple):
    """What of a file's status changes with its content, or with its being another file."""

    device: int
    inode: int
    mode: int
    size: int
    modified_ns: int
    changed_ns: int
    """Also set by whatever sets the other time back, such as `cp -p`."""


class _Seen(NamedTuple):
    """What a look found: a file and its content, or why it cannot be read."""

    signature: _Signature | None
    content: bytes
    error: str


class _Pending(NamedTuple):
    """A change that is not applied yet."""

    seen: _Seen
    since: float
    """When a look found it first."""
    unsettled_since: float
    """When the first of an unbroken run of changes was found."""


class FollowedFile:
    """A file of options and its policies, which change when it does.

    :param names: the tables that hold a policy each; `None` for each table that there is.
    :param interval: seconds between two looks at least.
    :raises PolicyError: for an interval that makes no sense, and for a bad file.
    :raises OSError: if it cannot be read.
    """

    def __init__(self, path: Path, interval: float, names: Iterable[Name] | None) -> None:
        self._path = path.absolute()  # a server may change its working directory later
        self._interval = interval
        self.clock: Callable[[], float] = monotonic
        self._wall_clock: Callable[[], float] = time
        self._last_look = self.clock()
        self._judged: _Signature | None = None
        """Of the file that was last applied or found bad, once it has settled.

        None at the start: a write in the same tick of the file system's clock would go unnoticed.
        """
        self._good_content = _content(self._path, _signature(self._path))
        self._has_all = names is None
        self._read: dict[Name, Policy] = self._policies_at_start(names)
        """What the file said when it was last good."""
        self.policies = dict(self._read)
        """The policies of the moment, by name: replaced in one step, never changed."""
        self.next_look = self._last_look + interval
        self._pending: _Pending | None = None
        self._failures = FailureLog()
        self._bad = FailureLog()
        self._last_problems = ""
        self.renew_locks()
        _FOLLOWED.add(self)

    def look(self) -> None:
        """Apply a change of the file that has settled. Never raises.

        One thread at a time looks; the others go on with the policies that they find, unless the
        last look is long ago: then they wait for it, a quarter of a second at most.
        """
        quiet = self.clock() - self._last_look > _QUIET_INTERVALS * self._interval
        looking = self._looking
        if not looking.acquire(timeout=_LONGEST_WAIT if quiet else 0):
            return
        now = self.clock()
        try:
            if now >= self.next_look:  # no other thread has looked during the wait
                self._look(now)
        except Exception as error:  # noqa: BLE001  # logged; a request must not fail of it
            self._failures.report(_KEEPS, self._path, error, cause=error)
        finally:
            looking.release()

    def replace(self, name: Name, policy: Policy) -> None:
        """Have `policy` decide under this name until the file says something new of it."""
        with self._replacing:
            self.policies = {**self.policies, name: policy}

    def renew_locks(self) -> None:
        """Make new locks: in a child process, whoever holds the old ones no longer runs."""
        self._looking = Lock()
        self._replacing = Lock()

    def _policies_at_start(self, names: Iterable[Name] | None) -> dict[Name, Policy]:
        problems = list(_problems_of_interval(self._interval))
        try:
            if names is None:
                names = tables_in(self._path, self._good_content)
            policies = policies_in(self._path, self._good_content, names)
        except PolicyError as error:
            problems += error.problems
        if problems:
            raise PolicyError(tuple(problems))
        return policies

    def _look(self, now: float) -> None:
        try:
            self._pending = self._judge(now)
        finally:
            self._last_look = now
            quick = self._pending is not None and self._interval > _SETTLE_SECONDS
            self.next_look = now + (_SETTLE_SECONDS if quick else self._interval)

    def _judge(self, now: float) -> _Pending | None:
        """Apply the change that has settled, or return the one that has not."""
        seen = self._seen()
        if seen is None:
            return None
        pending = self._pending or _Pending(seen, now, unsettled_since=now)
        if seen != pending.seen:
            pending = pending._replace(seen=seen, since=now)
        if now - pending.since < _SETTLE_SECONDS and not self._settled_before(seen, now):
            unsettled = now - pending.unsettled_since
            if unsettled >= _LONG_UNSETTLED_SECONDS and seen.content != self._good_content:
                self._failures.report(_KEEPS, self._path, "it changes all the time")
            return pending
        if seen.signature is None:
            self._failures.report(_KEEPS, self._path, seen.error)
            return None  # but not judged: tried again at each look
        self._apply(seen.content)
        self._judged = seen.signature
        return None

    def _seen(self) -> _Seen | None:
        """Return what is to be judged now, or `None` if the file says what it last said."""
        try:
            signature = _signature(self._path)
            if signature == self._judged:
                return None
            content = _content(self._path, signature)
            if signature != _signature(self._path):
                return _Seen(None, b"", "it changes while it is read")
        except OSError as error:
            return _Seen(None, b"", str(error))
        return _Seen(signature, content, "")

    def _settled_before(self, seen: _Seen, now: float) -> bool:
        """Say whether the file changed after the last look, and long enough before this one.

        So the first request after a quiet night is decided by the new policy. The change must be
        younger than the last look because file servers have clocks of their own.
        """
        if seen.signature is None:
            return False
        changed = max(seen.signature.modified_ns, seen.signature.changed_ns) / 1e9
        return _SETTLE_SECONDS <= self._wall_clock() - changed <= now - self._last_look

    def _apply(self, content: bytes) -> None:
        if content == self._good_content:  # touched, or restored
            self._last_problems = ""
            return
        try:
            policies = policies_in(self._path, content, self._read)
            self._warn_of_new_tables(content)
        except PolicyError as error:
            self._report_problems(str(error))
            return
        self._last_problems = ""
        self._good_content = content
        changed = {name: new for name, new in policies.items() if new != self._read[name]}
        if changed:
            self._read = {**self._read, **changed}
            with self._replacing:
                self.policies = {**self.policies, **changed}
            logger.info("%s was read again", self._path)

    def _warn_of_new_tables(self, content: bytes) -> None:
        if self._has_all:
            new = [name for name in tables_in(self._path, content) if name not in self._read]
            if new:
                logger.warning("%s has tables that a restart will use: %s", self._path, new)

    def _report_problems(self, problems: str) -> None:
        """Log them at once if they are new, so that whoever edits the file sees what is left."""
        if problems != self._last_problems:
            self._last_problems = problems
            self._bad = FailureLog()
        # No cause: a traceback through our own reader says less than the problems do.
        self._bad.report(_KEEPS, self._path, problems)


_FOLLOWED: "WeakSet[FollowedFile]" = WeakSet()


def _renew_all_locks() -> None:
    for file in _FOLLOWED:
        file.renew_locks()


with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all_locks)


def _problems_of_interval(interval: object) -> Iterable[Problem]:
    fix = "use seconds above 0, such as 2.0"
    if isinstance(interval, bool) or not isinstance(interval, int | float):
        reason = f"is of type {type(interval).__name__}, not int or float"
        yield Problem("interval", interval, reason, fix)
    elif not 0 < interval < _LONGEST_INTERVAL:  # NaN is neither
        yield Problem("interval", interval, "is not above 0 and below 2**31 seconds", fix)


def _signature(path: Path) -> _Signature:
    found = path.stat()
    return _Signature(
        device=found.st_dev,
        inode=found.st_ino,
        mode=found.st_mode,
        size=found.st_size,
        modified_ns=found.st_mtime_ns,
        changed_ns=found.st_ctime_ns,
    )


def _content(path: Path, signature: _Signature) -> bytes:
    if not S_ISREG(signature.mode):  # reading a pipe might never end
        raise OSError(EINVAL, "Not a regular file", str(path))
    return path.read_bytes()

"""A policy file that is followed: every way in which it changes, is cut, is bad, or goes away."""

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cors_core import CORSRequest, Policy, PolicyError, ReloadablePolicy
from cors_core.adapters import PolicyChoice
from cors_core.choosing import followed_file
from cors_core.policy import decider_of

A, B, C = (Policy(allow_origins=[f"https://{name}.example"]) for name in "abc")
REQUEST = CORSRequest("GET", path="/")


class Clock:
    """A clock that stands still until it is told to advance."""

    def __init__(self) -> None:
        self.advanced = 0.0
        self.start = time.time()

    def monotonic(self) -> float:
        return 1000 + self.advanced

    def wall(self) -> float:
        return self.start + self.advanced


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(followed_file, "monotonic", clock.monotonic)
    monkeypatch.setattr(followed_file, "time", clock.wall)
    return clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cors.toml"
    path.write_text(toml("a"))
    return path


def toml(name: str, text: str = "") -> str:
    return f'allow_origins = ["https://{name}.example"]\n{text}'


def as_json(name: str, text: str = "") -> str:
    return json.dumps({"allow_origins": [f"https://{name}.example"]}) + text


def replace_file(path: Path, text: str | bytes) -> None:
    """Replace the file in one step, as deployments do."""
    new = path.with_suffix(".new")
    new.write_bytes(text.encode() if isinstance(text, str) else text)
    new.replace(path)


def settled(holder: ReloadablePolicy, clock: Clock) -> Policy:
    """Return the policy after as many looks as a change needs that is not touched again."""
    for _ in range(2):
        clock.advanced += 2.1
        policy = holder.current
    return policy


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def rename_over(path: Path) -> None:
    replace_file(path, toml("b"))


def write_in_place(path: Path) -> None:
    path.write_text(toml("b"))


def unlink_and_write(path: Path) -> None:
    path.unlink()
    path.write_text(toml("b"))


def rename_an_old_file_over(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_text(toml("b"))
    os.utime(new, (1, 1))
    new.replace(path)


def write_with_the_same_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_text(toml("b"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (
        before.st_mtime_ns,
        before.st_size,
        before.st_ino,
    )


def link_to_another(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_text(toml("b"))
    path.unlink()
    path.symlink_to(other)


CHANGES = [
    rename_over,
    write_in_place,
    unlink_and_write,
    rename_an_old_file_over,
    write_with_the_same_size_and_time,
    link_to_another,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_applied(
    change: Callable[[Path], None], path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cors_core")
    holder = ReloadablePolicy.from_file(path)
    assert settled(holder, clock) == A
    assert not caplog.records
    change(path)
    assert holder.current == A
    assert settled(holder, clock) == B
    assert caplog.messages == [f"{path} was read again"]
    assert settled(holder, clock) is holder.current
    assert len(caplog.records) == 1


def test_a_config_map_of_kubernetes(tmp_path: Path, clock: Clock) -> None:
    def mount(version: str, name: str) -> None:
        (tmp_path / version).mkdir()
        (tmp_path / version / "cors.toml").write_text(toml(name))
        new = tmp_path / "..data_tmp"
        new.symlink_to(version)
        new.replace(tmp_path / "..data")

    mount("..1", "a")
    path = tmp_path / "cors.toml"
    path.symlink_to("..data/cors.toml")
    holder = ReloadablePolicy.from_file(path)
    mount("..2", "b")
    shutil.rmtree(tmp_path / "..1")
    assert settled(holder, clock) == B


def test_a_write_in_the_tick_of_the_start(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks of file systems tick some 250 times a second: two writes may look like one."""
    status = path.stat()
    monkeypatch.setattr(Path, "stat", lambda self, **kwargs: status)
    holder = ReloadablePolicy.from_file(path)
    write_in_place(path)
    assert settled(holder, clock) == B


def test_a_write_that_the_status_does_not_show(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory-mapped, or on a file server whose status is cached."""
    holder = ReloadablePolicy.from_file(path, interval=1)
    assert settled(holder, clock) == A
    path.write_text(toml("c"))
    status = path.stat()
    monkeypatch.setattr(Path, "stat", lambda self, **kwargs: status)
    clock.advanced += 1
    assert holder.current == A
    path.write_text(toml("b"))
    clock.advanced += 1
    assert holder.current == A
    clock.advanced += 1
    assert holder.current == B


@pytest.mark.parametrize(
    "cut",
    [
        "",
        'allow_origins = ["https://b.example"]\n',
        'allow_origins = ["https://b.example"]\nmax_age = 8',
        'allow_origins = ["https://b.example"]\nmax_age = 86400\nallow_credentials = tr',
    ],
)
def test_a_cut_file_is_not_applied(
    cut: str, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    whole = toml("b", "max_age = 86400\nallow_credentials = true\n")
    holder = ReloadablePolicy.from_file(path, interval=0.5)
    assert settled(holder, clock) == A
    path.write_text(cut)
    clock.advanced += 2
    assert holder.current == A
    clock.advanced += 0.9  # written on before it was the same for a second
    path.write_text(whole)
    assert holder.current == A
    clock.advanced += 0.9
    assert holder.current == A
    clock.advanced += 0.9
    assert holder.current == Policy(
        allow_origins=B.allow_origins, max_age=86400, allow_credentials=True
    )
    assert not caplog.records


def test_no_request_is_refused_while_the_file_is_written_slowly(path: Path) -> None:
    """With the real clock: every cut of the file is read, were it read at once."""
    padding = "".join(f"# {number}\n" for number in range(20))
    tail = '"https://{}.example"]\nmax_age = 86400\nallow_credentials = true\n'
    texts = ['allow_origins = [\n"https://a.example",\n' + tail.format(n) + padding for n in "bc"]
    path.write_text(texts[0])
    holder = ReloadablePolicy.from_file(path, interval=0.001)
    stop = threading.Event()

    def write() -> None:
        for text in (texts[1], texts[0], texts[1]):
            with path.open("w") as file:
                for part in range(0, len(text), 8):
                    file.write(text[part : part + 8])
                    file.flush()
                    time.sleep(0.005)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    requests = 0
    last = CORSRequest("GET", "https://c.example")
    answers = set()
    while not stop.is_set() or not holder.current.decide(last).allowed:
        policy = holder.current
        decision = policy.decide(CORSRequest("GET", "https://a.example"))
        answers.add((decision.allowed, policy.allow_credentials, policy.max_age))
        requests += 1
    writer.join()
    assert answers == {(True, True, 86400)}
    assert requests > 100


def test_a_file_that_changes_while_it_is_read(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    holder = ReloadablePolicy.from_file(path)
    write_in_place(path)
    read_bytes = Path.read_bytes

    def read_and_change(self: Path) -> bytes:
        content = read_bytes(self)
        self.write_text(toml("c", "#" * (len(content) % 7)))
        return content

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read_and_change)
        assert settled(holder, clock) == A
    assert "it changes while it is read" in caplog.text
    assert settled(holder, clock) == C


def test_a_file_that_never_settles_is_reported(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    holder = ReloadablePolicy.from_file(path, interval=1)
    for number in range(200):
        path.write_text(toml("b", f"# {number}\n"))
        clock.advanced += 1
        assert holder.current == A
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        f"{path} keeps its last good policy: it changes all the time"
    ]
    assert settled(holder, clock) == B


def test_a_file_that_is_touched_all_the_time(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It used to be read by one more thread at each look."""
    caplog.set_level(logging.INFO, "cors_core")
    holder = ReloadablePolicy.from_file(path)
    policy = holder.current
    threads = threading.active_count()
    reads = []
    read_bytes = Path.read_bytes

    def counted(self: Path) -> bytes:
        reads.append(self)
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", counted)
    for number in range(200):
        os.utime(path, (number, number))
        clock.advanced += 2
        for _ in range(3):
            assert holder.current is policy
    assert len(reads) == 200
    assert threading.active_count() == threads
    assert not caplog.records


def test_the_first_request_after_a_quiet_night(path: Path, clock: Clock) -> None:
    holder = ReloadablePolicy.from_file(path)
    assert holder.current == A
    replace_file(path, toml("b"))
    clock.advanced += 8 * 3600
    assert holder.current == B


def test_a_file_that_is_written_when_the_first_request_after_a_quiet_night_comes(
    path: Path, clock: Clock
) -> None:
    holder = ReloadablePolicy.from_file(path)
    assert holder.current == A
    clock.advanced += 8 * 3600
    path.write_text(toml("b"))
    now = clock.wall()
    os.utime(path, (now, now))
    assert holder.current == A
    clock.advanced += 1
    assert holder.current == B


@pytest.mark.parametrize("late", [-3600, 3600])
def test_a_file_server_with_a_wrong_clock(late: float, path: Path, clock: Clock) -> None:
    """A file that is written just now seems old there, or not written yet: two looks decide."""
    holder = ReloadablePolicy.from_file(path)
    assert settled(holder, clock) == A
    clock.start += late
    path.write_text(toml("c"))
    clock.advanced += 2
    assert holder.current == A
    clock.advanced += 0.5
    path.write_text(toml("b"))
    clock.advanced += 0.5
    assert holder.current == A
    clock.advanced += 1
    assert holder.current == B


def test_the_file_is_looked_at_once_an_interval(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    signature = followed_file._signature

    def look(path: Path) -> Any:
        looks.append(1)
        return signature(path)

    holder = ReloadablePolicy.from_file(path, interval=5)
    settled(holder, clock)
    settled(holder, clock)
    clock.advanced += 5
    assert holder.current == A
    monkeypatch.setattr(followed_file, "_signature", look)
    for _ in range(3):
        clock.advanced += 4.9
        assert holder.current == A
        clock.advanced += 0.1
        assert [holder.current for _ in range(100)] == [A] * 100
    assert len(looks) == 3


class Reading:
    """Holds up whoever reads the file, until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        read_bytes = Path.read_bytes

        def read_late(path: Path) -> bytes:
            self.begun.set()
            assert self.go_on.wait(30)
            return read_bytes(path)

        monkeypatch.setattr(Path, "read_bytes", read_late)


def read_by_thread(holder: ReloadablePolicy, reading: Reading) -> threading.Thread:
    thread = threading.Thread(target=lambda: holder.current)
    thread.start()
    assert reading.begun.wait(30)
    return thread


def followed_and_changed(path: Path) -> ReloadablePolicy:
    holder = ReloadablePolicy.from_file(path)
    replace_file(path, toml("b"))
    return holder


def test_no_request_waits_for_another_that_reads(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_file, "_LONGEST_WAIT", 30.0)
    holder = followed_and_changed(path)
    clock.advanced += 2.1
    reading = Reading(monkeypatch)
    thread = read_by_thread(holder, reading)
    assert holder.current == A
    reading.go_on.set()
    thread.join()
    assert holder.current == B


def test_requests_after_a_quiet_night_wait_for_the_one_that_reads(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_file, "_LONGEST_WAIT", 30.0)
    holder = followed_and_changed(path)
    clock.advanced += 8 * 3600
    reading = Reading(monkeypatch)
    thread = read_by_thread(holder, reading)
    asked: list[float] = []
    found: list[Policy] = []
    assert holder._file is not None
    lock = holder._file._looking

    class Asked:
        """The lock, which notes who asks for it."""

        def acquire(self, timeout: float) -> bool:
            asked.append(timeout)
            return lock.acquire(timeout=timeout)

        release = lock.release

    holder._file._looking = Asked()  # type: ignore[assignment]  # all that is used of a lock
    others = [threading.Thread(target=lambda: found.append(holder.current)) for _ in range(3)]
    for other in others:
        other.start()
    wait_until(lambda: len(asked) == 3)
    reading.go_on.set()
    for other in (*others, thread):
        other.join()
    assert found == [B, B, B]


def test_the_wait_for_a_file_system_that_hangs_is_bounded(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_file, "_LONGEST_WAIT", 0.001)
    holder = followed_and_changed(path)
    clock.advanced += 8 * 3600
    reading = Reading(monkeypatch)
    thread = read_by_thread(holder, reading)
    assert holder.current == A
    reading.go_on.set()
    thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_forked_while_a_thread_reads_follows_the_file(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = followed_and_changed(path)
    clock.advanced += 2.1
    reading = Reading(monkeypatch)
    thread = read_by_thread(holder, reading)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the fork with threads is the case
        child = os.fork()
    if child == 0:
        reading.go_on.set()
        good = False
        try:
            good = holder.current == B
            holder.replace(C)
            good = good and holder.current == C
        finally:
            os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)
    reading.go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


def test_locks_are_renewed_in_a_child(path: Path, clock: Clock) -> None:
    """The same as above in this process, so that the coverage of the lines is measured."""
    holder = followed_and_changed(path)
    assert holder._file is not None
    assert holder._file._looking.acquire()
    assert holder._file._replacing.acquire()
    followed_file._renew_all_locks()
    assert settled(holder, clock) == B
    holder.replace(C)
    assert holder.current is C


def test_nothing_keeps_the_process_alive(path: Path) -> None:
    code = """
import sys, threading
from cors_core import ReloadablePolicy
holder = ReloadablePolicy.from_file(sys.argv[1], interval=0.001)
open(sys.argv[1], "a").write("max_age = 5")
for _ in range(10_000):
    holder.current
print(threading.active_count())
"""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.split() == [b"1"]


@pytest.mark.parametrize(("name", "text"), [("c.toml", toml), ("c.JSON", as_json)])
def test_a_bad_file_changes_nothing(
    name: str, text: Any, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / name
    replace_file(path, text("b"))
    holder = ReloadablePolicy.from_file(path)
    for bad, problem in (
        (text("c", "}}}"), "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"\0" * 100, "cannot be read"),
        (text("c/"), "has a path"),
        (text("c").replace("allow_origins", "allow_orgins"), "did you mean 'allow_origins'"),
        (text("c").replace("allow_origins", "self"), "is no option"),
    ):
        caplog.clear()
        replace_file(path, bad)
        assert settled(holder, clock) == B
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert f"{path} keeps its last good policy" in record.getMessage()
        assert problem in record.getMessage()
        for _ in range(20):  # not read again until it changes
            assert settled(holder, clock) == B
        assert len(caplog.records) == 1
    replace_file(path, text("c"))
    assert settled(holder, clock) == C


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment\n", "max_age = 5\n", "allow_methods = ['GET', 'PUT']\n"]
)
def test_a_file_without_origins_is_bad(
    text: str, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    holder = ReloadablePolicy.from_file(path)
    path.write_text(text)
    assert settled(holder, clock) == A
    assert "allow_origins None is missing, and so is allow_origin_regex" in caplog.text
    with pytest.raises(PolicyError, match="allow_origins None is missing"):
        ReloadablePolicy.from_file(path)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("allow_origins = []", Policy()),
        (
            "allow_origin_regex = 'https://[ab][.]example'",
            Policy(allow_origin_regex="https://[ab][.]example"),
        ),
        ('\ufeffallow_origins = ["https://b.example"]\r\n', B),
    ],
)
def test_a_file_that_is_good(text: str, policy: Policy, path: Path, clock: Clock) -> None:
    holder = ReloadablePolicy.from_file(path)
    path.write_bytes(text.encode())
    assert settled(holder, clock) == policy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '{"allow_origins": ["https://a.example"], "allow_origins": []}',
            "the key 'allow_origins' stands twice in one object",
        ),
        ('{"allow_origins": [], "max_age": NaN}', "NaN is not JSON"),
        ('{"allow_origins": [], "max_age": -Infinity}', "-Infinity is not JSON"),
        ('{"allow_origins": [], "max_age": 1e999}', "max_age inf is not in whole seconds"),
        ("[]", r"holds no options; write a table"),
    ],
)
def test_bad_json(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "cors.json"
    path.write_text(text)
    with pytest.raises(PolicyError, match=problem):
        ReloadablePolicy.from_file(path)


def test_json_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "cors.json"
    path.write_text("\ufeff" + as_json("a"), "utf-8")
    assert ReloadablePolicy.from_file(path).current == A


def test_a_file_that_is_gone_and_comes_back(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cors_core.failures.time.monotonic", clock.monotonic)
    holder = ReloadablePolicy.from_file(path)
    path.unlink()
    clock.advanced += 2
    assert holder.current == A
    assert not caplog.records  # some editors remove the file and write another
    clock.advanced += 1
    assert holder.current == A
    assert f"{path} keeps its last good policy: [Errno 2] No such file" in caplog.text
    for _ in range(59):
        clock.advanced += 1
        assert holder.current == A
    assert len(caplog.records) == 1
    clock.advanced += 1
    assert holder.current == A
    assert len(caplog.records) == 2
    path.write_text(toml("a"))
    policy = holder.current
    assert settled(holder, clock) is policy
    path.unlink()
    settled(holder, clock)
    path.write_text(toml("b"))
    assert holder.current == policy
    assert settled(holder, clock) == B
    assert len(caplog.records) == 2  # nor is it said to change all the time


def test_a_file_that_may_not_be_read(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = ReloadablePolicy.from_file(path)
    path.write_text(toml("b"))

    def refuse(path: Path) -> bytes:  # a superuser may read whatever its permissions are
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        for _ in range(20):
            assert settled(holder, clock) == A
    assert [record.getMessage() for record in caplog.records] == [
        f"{path} keeps its last good policy: [Errno 13] Permission denied: '{path}'"
    ]
    assert settled(holder, clock) == B  # though the file itself did not change


def test_what_is_no_file(path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Reading a pipe would hold up the request until somebody writes."""
    holder = ReloadablePolicy.from_file(path)
    path.unlink()
    path.mkdir()
    assert settled(holder, clock) == A
    assert "Not a regular file" in caplog.text
    with pytest.raises(OSError, match="Not a regular file"):
        ReloadablePolicy.from_file(path)


def test_a_fault_of_our_own_closes_nothing(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = ReloadablePolicy.from_file(path)
    path.write_text(toml("b"))

    def fail(*arguments: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(followed_file, "policies_in", fail)
        for _ in range(20):
            assert settled(holder, clock) == A
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is MemoryError
    assert settled(holder, clock) == B


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (float("inf"), "is not above 0 and below 2**31 seconds"),
        (float("nan"), "is not above 0 and below 2**31 seconds"),
        (0, "is not above 0 and below 2**31 seconds"),
        (0.0, "is not above 0 and below 2**31 seconds"),
        (-1, "is not above 0 and below 2**31 seconds"),
        (10**400, "is not above 0 and below 2**31 seconds"),
        (True, "is of type bool, not int or float"),
        ("2", "is of type str, not int or float"),
        (None, "is of type NoneType, not int or float"),
    ],
)
def test_an_interval_that_makes_no_sense(interval: Any, reason: str, path: Path) -> None:
    for follow in (ReloadablePolicy.from_file, ReloadablePolicy.all_from_file):
        path.write_text("allow_origins = 5")
        with pytest.raises(PolicyError) as caught:
            follow(path, interval=interval)
        problem, other = caught.value.problems
        assert problem.option == "interval"
        assert problem.value is interval
        assert problem.reason == reason
        assert problem.fix == "use seconds above 0, such as 2.0"
        assert "allow_origins" in str(other)


def test_a_server_that_changes_its_directory(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    holder = ReloadablePolicy.from_file(path.name)
    monkeypatch.chdir("/")
    write_in_place(path)
    assert settled(holder, clock) == B


def test_replace_holds_until_the_file_says_something_new(path: Path, clock: Clock) -> None:
    holder = ReloadablePolicy.from_file(path)
    holder.replace(C)
    with pytest.raises(PolicyError, match="is no Policy"):
        holder.replace(None)
    assert holder.current is C
    path.write_text(toml("a", "# a comment\n"))
    assert settled(holder, clock) is C
    path.write_text(toml("b"))
    assert settled(holder, clock) == B


def tables(suffix: str, **origins: str) -> str:
    if suffix == "json":
        return json.dumps(
            {n: {"allow_origins": [f"https://{o}.example"]} for n, o in origins.items()}
        )
    return "".join(f"[{name}]\n{toml(origin)}" for name, origin in origins.items())


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_named_policies_change_together(
    suffix: str, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"cors.{suffix}"
    path.write_text(tables(suffix, one="a", two="b"))
    holders = ReloadablePolicy.all_from_file(path)
    only = ReloadablePolicy.from_file(str(path), name="two")
    assert list(holders) == ["one", "two"]
    assert [holders["one"].current, holders["two"].current, only.current] == [A, B, B]
    one = holders["one"].current
    chooser = PolicyChoice(holders["one"], {}, holders, None, awaits=False)
    assert chooser.choose("two", REQUEST) is decider_of(holders["two"].current)
    assert holders["two"].current == B

    path.write_text(tables(suffix, one="a", two="c"))
    assert settled(holders["one"], clock) is one  # its table is the same
    assert [holders["two"].current, settled(only, clock)] == [C, C]
    assert chooser.choose("two", REQUEST) is decider_of(holders["two"].current)
    assert holders["two"].current == C

    path.write_text(tables(suffix, one="b"))  # cut, or a table removed
    assert settled(holders["one"], clock) is one
    assert "'two' is no policy of this file" in caplog.text

    caplog.clear()
    path.write_text(tables(suffix, one="b", two="c", three="a"))
    assert settled(holders["one"], clock) == B
    assert settled(only, clock) == C
    assert caplog.messages == [f"{path} has tables that a restart will use: ['three']"]


def test_every_problem_is_logged(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(tables("toml", one="a", two="b"))
    holders = ReloadablePolicy.all_from_file(path)
    path.write_text('[one]\nmax_age = -1\nallow_methods = ["get"]\n[three]\n')
    assert settled(holders["one"], clock) == A
    for part in (
        "one.allow_origins None is missing",
        "one.max_age -1",
        "one.allow_methods[0] 'get'",
        "'two' is no policy of this file",
    ):
        assert part in caplog.text
    assert holders["two"].current == B


def test_the_same_problems_are_logged_once_a_minute(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cors_core.failures.time.monotonic", lambda: 0.0)
    holder = ReloadablePolicy.from_file(path)
    for number in range(5):
        path.write_text(toml("b/", f"# {number}"))
        settled(holder, clock)
    assert len(caplog.records) == 1
    path.write_text(toml("a"))  # mended, and broken again: worth a record
    settled(holder, clock)
    path.write_text(toml("b/"))
    settled(holder, clock)
    assert len(caplog.records) == 2


def test_all_tables_change_in_one_step(path: Path, clock: Clock) -> None:
    """A thread that has found one new policy finds no old one, whichever it asks for first."""
    path.write_text(tables("toml", one="a", two="a"))
    holders = ReloadablePolicy.all_from_file(path)
    file = holders["one"]._file
    assert file is not None
    assert holders["two"]._file is file
    before = file.policies
    path.write_text(tables("toml", one="b", two="b"))
    assert settled(holders["one"], clock) == B
    assert file.policies == {"one": B, "two": B}
    assert before == {"one": A, "two": A}


def test_a_bad_file_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "cors.toml"
    with pytest.raises(FileNotFoundError):
        ReloadablePolicy.from_file(path)
    path.write_text(tables("toml", one="a/", two="b/"))
    with pytest.raises(PolicyError) as caught:
        ReloadablePolicy.all_from_file(path)
    assert [problem.option for problem in caught.value.problems] == [
        "one.allow_origins[0]",
        "two.allow_origins[0]",
    ]
    with pytest.raises(PolicyError, match=r"'three' is no policy of this file.*\[three\]"):
        ReloadablePolicy.from_file(path, name="three")
    with pytest.raises(PolicyError, match="one"):
        ReloadablePolicy.from_file(path)
    path.write_text(toml("a"))
    with pytest.raises(PolicyError, match="'allow_origins' is no policy of this file"):
        ReloadablePolicy.all_from_file(path)
    path.write_text("")
    with pytest.raises(PolicyError, match=r"holds no table; write one .* such as \[public\]"):
        ReloadablePolicy.all_from_file(path)

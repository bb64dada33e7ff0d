"""ReloadablePolicy: replaced while serving; from a file that is good, bad, gone, and good again."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cors_core import CORSRequest, Policy, PolicyError, ReloadablePolicy
from cors_core.adapters import PolicyChoice
from cors_core.choosing import reloadable
from cors_core.policy import decider_of

A, B, C = (Policy(allow_origins=[f"https://{name}.example"]) for name in "abc")
REQUEST = CORSRequest("GET", path="/")


def test_replace() -> None:
    holder = ReloadablePolicy(A)
    chooser = PolicyChoice(holder, {}, None, None, awaits=False)
    assert holder.current is A
    assert chooser.choose(chooser.default, REQUEST) is decider_of(A)
    holder.replace(B)
    assert holder.current is B
    assert chooser.choose(chooser.default, REQUEST) is decider_of(B)


@pytest.mark.parametrize("policy", [None, "https://a.example", {}, ReloadablePolicy(A)])
def test_what_is_no_policy_changes_nothing(policy: Any) -> None:
    holder = ReloadablePolicy(A)
    with pytest.raises(PolicyError, match="is no Policy"):
        holder.replace(policy)
    assert holder.current is A
    with pytest.raises(PolicyError, match="is no Policy"):
        ReloadablePolicy(policy)


def toml(name: str, text: str = "") -> str:
    return f'allow_origins = ["https://{name}.example"]\n{text}'


def as_json(name: str, text: str = "") -> str:
    return json.dumps({"allow_origins": [f"https://{name}.example"]}) + text


def write(path: Path, text: str | bytes) -> None:
    """Replace the file at once, as deployments do, with another time of change than before."""
    new = path.with_suffix(".new")
    new.write_bytes(text.encode() if isinstance(text, str) else text)
    os.replace(new, path)  # noqa: PTH105  # also for a path that was removed


def becomes(holder: ReloadablePolicy, policy: Policy) -> None:
    wait_until(lambda: holder.current == policy)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize(("name", "text"), [("c.toml", toml), ("c.json", as_json)])
def test_a_followed_file(
    name: str, text: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cors_core")
    path = tmp_path / name
    write(path, text("a"))
    holder = ReloadablePolicy.from_file(path, interval=0)
    assert holder.current == A
    assert holder.current == A
    assert not caplog.records

    write(path, text("b"))
    becomes(holder, B)
    assert caplog.messages == [f"{path} was read again"]

    for bad, problem in (
        (text("c", "}}}"), "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (text("c/"), "has a path"),
        (text("c").replace("allow_origins", "allow_orgins"), "did you mean 'allow_origins'"),
        (text("c").replace("allow_origins", "self"), "is no option"),
    ):
        caplog.clear()
        write(path, bad)
        wait_until(lambda: holder.current == B and bool(caplog.records))
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert f"{path} keeps its last good policy" in record.getMessage()
        assert problem in record.getMessage()
        for _ in range(20):  # not read again until it changes
            assert holder.current == B
        assert len(caplog.records) == 1

    write(path, text("c"))
    becomes(holder, C)

    caplog.clear()
    path.unlink()
    wait_until(lambda: holder.current == C and bool(caplog.records))
    assert "No such file" in caplog.text
    write(path, text("a"))
    becomes(holder, A)


def test_every_problem_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cors.toml"
    write(path, '[one]\nallow_origins = ["https://a.example"]\n[two]\nmax_age = 5\n')
    holders = ReloadablePolicy.all_from_file(path, interval=0)
    assert list(holders) == ["one", "two"]
    good = holders["one"].current
    write(path, '[one]\nmax_age = -1\nallow_methods = ["get"]\n[three]\n')
    wait_until(lambda: holders["two"].current == Policy(max_age=5) and bool(caplog.records))
    for part in ("one.max_age -1", "one.allow_methods[0] 'get'", "'two' is no policy of this file"):
        assert part in caplog.text
    assert holders["one"].current == good


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_named_policies_change_together(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"cors.{suffix}"

    def tables(one: str, two: str) -> str:
        if suffix == "json":
            named = {"one": one, "two": two}
            tables = {n: {"allow_origins": [f"https://{o}.example"]} for n, o in named.items()}
            return json.dumps(tables)
        return f"[one]\n{toml(one)}[two]\n{toml(two)}"

    write(path, tables("a", "b"))
    holders = ReloadablePolicy.all_from_file(path, interval=0)
    only = ReloadablePolicy.from_file(str(path), interval=0, name="two")
    assert [holders["one"].current, holders["two"].current, only.current] == [A, B, B]
    chooser = PolicyChoice(holders["one"], {}, holders, None, awaits=False)
    assert holders["two"].current == B
    assert chooser.choose("two", REQUEST) is decider_of(holders["two"].current)
    write(path, tables("b", "c"))
    becomes(holders["two"], C)
    becomes(holders["one"], B)
    becomes(only, C)
    assert holders["two"].current == C
    assert chooser.choose("two", REQUEST) is decider_of(holders["two"].current)


def test_a_bad_file_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "cors.toml"
    with pytest.raises(FileNotFoundError):
        ReloadablePolicy.from_file(path)
    write(path, "[one]\nmax_age = -1\n[two]\nmax_age = -2\n")
    with pytest.raises(PolicyError) as caught:
        ReloadablePolicy.all_from_file(path)
    assert [problem.option for problem in caught.value.problems] == ["one.max_age", "two.max_age"]
    with pytest.raises(PolicyError, match=r"'three' is no policy of this file.*\[three\]"):
        ReloadablePolicy.from_file(path, name="three")
    with pytest.raises(PolicyError, match="one"):
        ReloadablePolicy.from_file(path)
    flat = tmp_path / "cors.json"
    write(flat, "[]")
    with pytest.raises(PolicyError, match="holds no options; write a table"):
        ReloadablePolicy.from_file(flat)
    write(flat, as_json("a"))
    with pytest.raises(PolicyError, match="'allow_origins' is no policy of this file"):
        ReloadablePolicy.all_from_file(flat)


def test_the_file_is_looked_at_once_an_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("cors_core.choosing.reloadable.time.monotonic", lambda: now[0])
    path = tmp_path / "cors.toml"
    write(path, toml("a"))
    holder = ReloadablePolicy.from_file(path)
    looks = []
    stat = reloadable._FollowedFile._stat

    def look(file: Any) -> Any:
        looks.append(1)
        return stat(file)

    monkeypatch.setattr(reloadable._FollowedFile, "_stat", look)
    write(path, toml("b"))
    now[0] += 1.9
    assert holder.current == A
    assert looks == []
    now[0] += 0.2
    deadline = time.perf_counter() + 10
    while holder.current != B:
        assert time.perf_counter() < deadline
    assert looks == [1]
    assert holder._file is not None
    now[0] += 5
    with holder._file._looking:  # another request looks just now: this one does not wait
        assert holder.current == B
    assert looks == [1]


def test_a_thread_that_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cors.toml"
    write(path, toml("a"))
    holder = ReloadablePolicy.from_file(path, interval=0)
    write(path, toml("b"))

    def refuse(thread: Any) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert holder.current == A
    assert "can't start new thread" in caplog.text
    becomes(holder, B)


def test_threads_that_serve_while_it_is_replaced() -> None:
    holder = ReloadablePolicy(A)
    seen: set[Policy] = set()
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            seen.add(holder.current)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2000):
        holder.replace((A, B)[number % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert seen <= {A, B}

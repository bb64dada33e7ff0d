"""FailureLog: the first failure at once, then one record a minute with the count of the rest."""

import pytest

from cors_core.failures import FailureLog


def test_once_a_minute(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    now = [1000.0]
    monkeypatch.setattr("cors_core.failures.time.monotonic", lambda: now[0])
    log = FailureLog()
    cause = ValueError("why")
    log.report("failed for %r", "x", cause=cause)
    assert caplog.messages == ["failed for 'x'"]
    assert caplog.records[0].exc_info == (ValueError, cause, None)
    assert caplog.records[0].name == "cors_core"
    now[0] += 59.9
    log.report("failed for %r", "y")
    log.report("failed for %r", "z")
    assert len(caplog.records) == 1
    now[0] += 0.2
    log.report("failed for %r", "w")
    assert caplog.messages[1:] == ["failed for 'w' (2 more since the last record)"]
    assert caplog.records[1].exc_info is None
    now[0] += 60
    log.report("failed for %r", "v")
    assert caplog.messages[2:] == ["failed for 'v'"]


def test_kinds_are_logged_apart(caplog: pytest.LogCaptureFixture) -> None:
    FailureLog().report("one")
    FailureLog().report("another")
    assert caplog.messages == ["one", "another"]

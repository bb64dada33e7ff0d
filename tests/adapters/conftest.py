"""What the tests of several adapters need."""

import pytest

from cors_core.adapters import MARKS


@pytest.fixture
def no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process forget that other tests marked endpoints."""
    monkeypatch.setattr(MARKS, "exist", False)

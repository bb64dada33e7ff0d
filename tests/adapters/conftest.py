"""What the tests of several adapters need."""

import pytest

from cors_core.adapters import MARKS


@pytest.fixture
def no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process forget that other tests marked endpoints."""
    monkeypatch.setattr(MARKS, "exist", False)


@pytest.fixture(autouse=True)
def only_its_own_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have apps report, as unreached, only marks that the test itself makes.

    Other modules mark endpoints when they are imported, and no app of this test serves those.
    """
    monkeypatch.setattr(MARKS, "_endpoints", [])

"""What all tests of adapters start from."""

import pytest

from cors_core.adapters import MARKS


@pytest.fixture(autouse=True)
def only_its_own_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have apps report, as unreached, only marks that the test itself makes.

    Other modules mark endpoints when they are imported, and no app of this test serves those.
    """
    monkeypatch.setattr(MARKS, "_endpoints", [])

"""Examples that need more than the suite: run by `nox -s examples`."""

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Spare the plain test command the import of what it need not have installed."""
    return True if "not examples" in config.option.markexpr else None

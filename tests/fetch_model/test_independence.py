"""The model knows the Fetch standard, and nothing of what it is to judge."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour import transports

MODEL = Path(__file__).parent
FILES = [*sorted(MODEL.glob("*.py")), Path(transports.__file__)]
KNOWN = {"pytest", "tests.behaviour", "tests.behaviour.transports"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_imports_the_standard_library_and_the_transports_only(file: Path) -> None:
    unknown = {
        name
        for name in _imported(file)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("tests.fetch_model")
        and name not in KNOWN
    }
    assert not unknown


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import would escape this test"
            yield node.module or ""

"""Who may import whom: the arrows of the architecture, read from the source."""

import ast
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parent.parent / "packages"
CORE = PACKAGES / "cors-core" / "src" / "cors_core"

MAY_IMPORT = {
    "__init__": {"choice", "decide", "errors", "messages", "options", "origin_lookup", "policy",
                 "reloadable", "routes"},
    "asgi": {"choice", "messages", "options", "policy", "routes", "scopes"},
    "scopes": {"answers", "decide", "fetch_standard", "messages", "policy"},
    "wsgi": {"choice", "decide", "fetch_standard", "messages", "options", "policy", "routes"},
    "choice": {"decide", "errors", "failures", "messages", "options", "policy", "routes"},
    "reloadable": {"errors", "failures", "policy"},
    "decide": {"answers", "fetch_standard", "field_names", "messages", "policy"},
    # The method Policy.decide imports `decide` when called: the one arrow that points back.
    "policy": {"answers", "decide", "errors", "fetch_standard", "messages", "openness", "options",
               "origin_lookup", "origins"},
    "openness": {"errors", "options", "origins"},
    "answers": {"fetch_standard", "messages", "options"},
    "options": {"errors", "fetch_standard", "field_names", "origin_entries", "origin_lookup",
                "origins"},
    "origin_lookup": {"errors", "failures"},
    "origin_entries": {"fetch_standard", "origins"},
    "routes": {"errors"},
    "failures": set(),
    "origins": {"fetch_standard"},
    "messages": {"field_names"},
    "field_names": set(),
    "fetch_standard": set(),
    "errors": set(),
}  # fmt: skip

ADAPTERS = {
    "cors_core_starlette": {"cors_core", "starlette"},
    "cors_core_flask": {"cors_core", "flask"},
    "cors_core_django": {"cors_core", "django", "asgiref"},
    "cors_core_falcon": {"cors_core", "falcon"},
}
PUBLIC_OF_CORE = {"cors_core", "cors_core.asgi", "cors_core.wsgi"}


def imports_of(path: Path) -> set[str]:
    """Return the full names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found.add(node.module or "")
    return found


def test_the_table_is_complete() -> None:
    assert {path.stem for path in CORE.glob("*.py")} == MAY_IMPORT.keys()
    assert {path.parent.name for path in PACKAGES.glob("*/src/*/__init__.py")} == {
        "cors_core", *ADAPTERS
    }  # fmt: skip


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_the_core_imports_downwards(module: str) -> None:
    ours = {name for name in imports_of(CORE / f"{module}.py") if name.startswith("cors_core")}
    assert {name.removeprefix("cors_core.") for name in ours} <= MAY_IMPORT[module]


def test_the_core_needs_the_standard_library_alone() -> None:
    import sys

    for path in CORE.glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        outside = roots - set(sys.stdlib_module_names) - {"cors_core"}
        assert outside <= ({"publicsuffixlist"} if path.stem == "openness" else set())


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_knows_the_public_core_and_its_framework(adapter: str) -> None:
    import sys

    for path in PACKAGES.glob(f"*/src/{adapter}/*.py"):
        names = {name for name in imports_of(path) if not name.startswith(adapter)}
        roots = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
        assert roots <= ADAPTERS[adapter]
        core = {name for name in names if name.partition(".")[0] == "cors_core"}
        assert core <= PUBLIC_OF_CORE


@pytest.mark.parametrize("adapter", [*ADAPTERS, "asgi", "wsgi"])
def test_an_adapter_names_no_cors_response_header(adapter: str) -> None:
    paths = list(PACKAGES.glob(f"*/src/{adapter}/*.py")) or [CORE / f"{adapter}.py"]
    for path in paths:
        text = path.read_text().lower()
        assert not any(word in text for word in ("control-allow", "control-expose", "control-max"))


def test_sizes() -> None:
    for path in PACKAGES.glob("*/src/*/*.py"):
        lines = len(path.read_text().splitlines())
        assert lines <= (300 if path.parent == CORE else 120), f"{path.name} has {lines} lines"


def test_functions_are_short() -> None:
    for path in PACKAGES.glob("*/src/*/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[bool(ast.get_docstring(node)) :][:1] or node.body
                length = (node.end_lineno or 0) - first[0].lineno + 1
                assert length <= 40, f"{path.name}: {node.name} has {length} lines"

"""Who may import whom: the arrows of the architecture, read from the source."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parent.parent / "packages"
CORE = PACKAGES / "cors-core" / "src" / "cors_core"

ADAPTERS = {
    "cors_core_starlette": {"cors_core", "starlette"},
    "cors_core_flask": {"cors_core", "flask"},
    "cors_core_django": {"cors_core", "django", "asgiref"},
    "cors_core_falcon": {"cors_core", "falcon"},
}
PUBLIC_OF_CORE = {"cors_core.adapters"}


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


def core_modules() -> dict[str, Path]:
    """Return the files of cors_core by their full module names; a folder goes by its `__init__`."""
    names = {}
    for path in CORE.rglob("*.py"):
        parts = path.relative_to(CORE.parent).with_suffix("").parts
        names[".".join(part for part in parts if part != "__init__")] = path
    return names


def test_the_core_has_no_circle() -> None:
    modules = core_modules()
    graph = {name: imports_of(path) & modules.keys() - {name} for name, path in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_the_folders_of_the_core_have_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for name, path in core_modules().items():
        if path.name != "__init__.py":
            room = _room(name)
            graph.setdefault(room, set()).update(
                found for other in imports_of(path) if (found := _room(other)) != room
            )
    TopologicalSorter(graph).prepare()


def _room(module: str) -> str:
    """Return the folder of a module of the core, or its own name where it stands in none."""
    return ".".join(module.split(".")[:2])


def test_all_adapters_are_known() -> None:
    assert {path.parent.name for path in PACKAGES.glob("*/src/*/__init__.py")} == {
        "cors_core", *ADAPTERS
    }  # fmt: skip


def test_the_core_needs_the_standard_library_alone() -> None:
    import sys

    for path in CORE.rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        outside = roots - set(sys.stdlib_module_names) - {"cors_core"}
        assert outside <= ({"publicsuffixlist"} if path.stem == "public_suffixes" else set())


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
    for path in PACKAGES.glob("*/src/**/*.py"):
        lines = len(path.read_text().splitlines())
        assert lines <= (300 if CORE in path.parents else 170), f"{path.name} has {lines} lines"


def test_functions_are_short() -> None:
    for path in PACKAGES.glob("*/src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[bool(ast.get_docstring(node)) :][:1] or node.body
                length = (node.end_lineno or 0) - first[0].lineno + 1
                assert length <= 40, f"{path.name}: {node.name} has {length} lines"

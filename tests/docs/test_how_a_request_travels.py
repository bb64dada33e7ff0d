"""The figure names modules that exist, each above those that it imports, and leaves out none."""

import re
from pathlib import Path

from tests.test_layering import core_modules, imports_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-a-request-travels.md"

AT_START_ONLY = {"options", "startup", "choosing.followed_file", "choosing.policy_file"}
"""Modules and folders that no request comes to."""
UNDER_ALL = {"errors", "failures", "fetch_standard"}
"""What any module may use."""


def drawn() -> list[str]:
    """Return the modules of the figure, from its top to its bottom."""
    figure = PAGE.read_text("utf-8").split("```")[1]
    known = {name.removeprefix("cors_core.") for name in core_modules()}
    names = []
    for line in figure.splitlines():
        start = re.match(r"[ │├─▶]*([a-z_.]+(?: · [a-z_]+)*)(?: {2}|$| [a-z])", line)
        names += start.group(1).split(" · ") if start else []
    return [name for name in names if name in known]


def test_every_module_that_a_request_meets_is_drawn() -> None:
    modules = {
        name.removeprefix("cors_core.")
        for name, path in core_modules().items()
        if path.name != "__init__.py"
    }
    left_out = modules - set(drawn()) - UNDER_ALL - {"adapters"}
    assert {name for name in left_out if not AT_START_ONLY & {name, name.split(".")[0]}} == set()


def test_modules_import_only_what_is_drawn_below_them() -> None:
    order = drawn()
    assert len(order) == len(set(order)) > 15
    modules = core_modules()
    for place, name in enumerate(order):
        imported = {
            other.removeprefix("cors_core.")
            for other in imports_of(modules[f"cors_core.{name}"])
            if other.startswith("cors_core.")
        }
        assert not imported & set(order[:place]), f"{name} imports what stands above it"


def test_the_table_names_modules() -> None:
    table = PAGE.read_text("utf-8").split("## Where to look")[1]
    names = re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", table)
    assert names
    assert {f"cors_core.{name}" for name in names} <= core_modules().keys()

"""The five distributions: one version, pinned to one another, typed; the wheels when installed."""

import importlib
import os
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

PACKAGES = sorted((Path(__file__).parent.parent / "packages").iterdir())
NAMES = [path.name for path in PACKAGES]


def project(path: Path) -> dict[str, Any]:
    with (path / "pyproject.toml").open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)["project"]
    return table


def test_one_version_and_siblings_pinned_to_it() -> None:
    versions = {project(path)["version"] for path in PACKAGES}
    assert len(versions) == 1
    (version,) = versions
    for path in PACKAGES:
        table = project(path)
        extras = table.get("optional-dependencies", {}).values()
        required = [*table["dependencies"], *(one for extra in extras for one in extra)]
        siblings = [one for one in required if one.startswith("cors-core") and "[" not in one]
        assert all(one.endswith(f"=={version}") for one in siblings)
        assert siblings, f"{path.name} names no sibling"


def test_extras() -> None:
    extras = project(PACKAGES[0])["optional-dependencies"]
    assert extras.keys() == {"starlette", "fastapi", "flask", "django", "falcon", "all"}


def test_the_core_is_light() -> None:
    dependencies = project(PACKAGES[0])["dependencies"]
    assert [one.partition(">")[0] for one in dependencies] == ["publicsuffixlist"]


@pytest.mark.parametrize("name", NAMES)
def test_typed_and_licensed(name: str) -> None:
    module = importlib.import_module(name.replace("-", "_"))
    assert (Path(module.__file__ or "").parent / "py.typed").exists()
    assert distribution(name).metadata["License-Expression"] == "MIT"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif("CORS_CORE_INSTALLED" not in os.environ, reason="the build session sets it")
def test_the_wheels_are_under_test(name: str) -> None:
    module = importlib.import_module(name.replace("-", "_"))
    assert "site-packages" in (module.__file__ or "")

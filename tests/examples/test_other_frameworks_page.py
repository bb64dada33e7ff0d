"""What docs/other-frameworks.md shows: each of its blocks runs, and its table names real files."""

import os
import re
import subprocess
import sys

import pytest

from examples.demo.serving import ROOT

pytestmark = pytest.mark.examples

PAGE = ROOT / "docs/other-frameworks.md"
SECTIONS = re.findall(
    r"^## ([^\n]+)\n+```python\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL
)


# For the block that asks for a Django app; a real site has settings of its own.
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "django.conf.global_settings"}


@pytest.mark.parametrize(("title", "code"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_a_block_runs(title: str, code: str) -> None:
    # In a process of its own: some leave loops and sockets open for as long as the process lasts.
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_every_framework_of_the_table_has_its_block_and_its_example() -> None:
    rows = re.findall(
        r"^\| ([A-Z][\w ]+).*\| \[app\.py\]\((.*)\) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert [name.strip() for name, _ in rows] == [title for title, _ in SECTIONS]
    for _, path in rows:
        assert (PAGE.parent / path).is_file()

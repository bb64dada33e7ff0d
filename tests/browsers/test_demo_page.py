"""The demo's page in Chromium: all green, the same as in the terminal, nothing from elsewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from examples.demo.serving import ROOT
from examples.demo.situations import SITUATIONS
from tests.browsers.engines import found

pytestmark = pytest.mark.browser

_PHONE: Any = {"width": 390, "height": 844}
_DESKTOP: Any = {"width": 1180, "height": 900}
_CELLS_JS = "cells => cells.map(cell => ({...cell.dataset}))"
_BACKGROUND_JS = "getComputedStyle(document.body).backgroundColor"

Table = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Demo:
    """The demo as it runs: what its terminal says."""

    url: str
    verdicts: Table
    """By framework and situation."""


@dataclass(frozen=True)
class Opened:
    """The demo's page when it is done, and whom it asked."""

    page: Any
    hosts: set[str | None]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "examples.demo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if match := re.search(r"http://localhost:\d+/", line):
                yield Demo(match.group(), _verdicts(said))
                return
        pytest.fail(f"the demo ended; it said:\n{said}", pytrace=False)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _verdicts(said: str) -> Table:
    """Read the terminal's table: rows of a framework and its marked verdicts."""
    names = [situation.name for situation in SITUATIONS]
    rows = [re.split(r" {2,}", line) for line in said.splitlines()]
    return {
        (row[0], name): cell.removeprefix("✓ ")
        for row in rows
        if len(row) == len(names) + 1 and row[1][:1] in "✓✗"
        for name, cell in zip(names, row[1:], strict=True)
    }


@pytest.fixture(scope="module")
def opened(demo: Demo) -> Iterator[Opened]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found("chromium", "chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=_DESKTOP, device_scale_factor=2)
        hosts: set[str | None] = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(demo.url)
        page.wait_for_selector("body[data-state=done], body[data-state=failed]", timeout=60_000)
        yield Opened(page, hosts)
        browser.close()


def test_all_green_as_in_the_terminal(demo: Demo, opened: Opened) -> None:
    cells = opened.page.eval_on_selector_all("[data-verdict]", _CELLS_JS)
    wrong = [cell for cell in cells if cell["ok"] != "true"]
    assert wrong == []
    seen = {
        # The terminal has no room for the word beside the status.
        (cell["framework"], cell["situation"]): cell["verdict"].removeprefix("readable ")
        for cell in cells
    }
    assert seen == demo.verdicts
    assert len({framework for framework, _ in seen}) >= 7
    assert opened.page.evaluate("document.body.dataset.state") == "done"


def test_nothing_comes_from_elsewhere(opened: Opened) -> None:
    assert opened.hosts <= {"localhost", "127.0.0.1"}


def test_headers_on_click(opened: Opened) -> None:
    opened.page.click("[data-situation='refused origin'] button")
    dialog = opened.page.locator("dialog[open]")
    told = dialog.inner_text().lower()
    assert "no access-control-allow-origin" in told
    assert "vary: origin" in told
    dialog.get_by_role("button").first.click()
    assert dialog.count() == 0


def test_readable_on_a_phone(opened: Opened) -> None:
    opened.page.set_viewport_size(_PHONE)
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    opened.page.set_viewport_size(_DESKTOP)
    assert wide <= _PHONE["width"]


def test_light_and_dark(opened: Opened) -> None:
    backgrounds = []
    for scheme in ("dark", "light"):
        opened.page.emulate_media(color_scheme=scheme)
        backgrounds.append(opened.page.evaluate(_BACKGROUND_JS))
    dark, light = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in backgrounds)
    assert dark < light


def test_screenshot(opened: Opened, pytestconfig: pytest.Config) -> None:
    path = pytestconfig.getoption("--demo-screenshot", None)
    picture = opened.page.screenshot(path=path, full_page=True)
    assert picture.startswith(b"\x89PNG")

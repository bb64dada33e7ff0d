"""The browsers: how each engine is started and driven. All reach the network by its proxy alone.

Playwright and Selenium are imported late: the plain test command does without them.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import pytest

PAGE_JS = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
"""See there: a function of (jobs, sandboxed)."""
SANDBOXING = "https://sandboxing.example"
"""Where the page is whose sandboxed frame has the origin `null`."""
_SECONDS = 240


@dataclass(frozen=True)
class Window:
    """A window of a running browser."""

    version: str
    goto: Callable[[str], None]
    evaluate: Callable[[str, list[Any]], Any]
    """Call a JavaScript function with these arguments, await its result."""

    def run(self, origin: str, jobs: list[Any]) -> Any:
        """Run jobs in a page of this origin, and return what it saw."""
        sandboxed = origin == "null"
        self.goto(f"{SANDBOXING if sandboxed else origin}/")
        return self.evaluate(PAGE_JS, [jobs, sandboxed])


@contextmanager
def chromium(proxy_port: int, folder: Path) -> Iterator[Window]:
    """Run Chromium, by Playwright, with a profile in this folder."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            _chromium_profile(folder),
            executable_path=found("chromium", "chromium"),
            ignore_https_errors=True,
            args=[
                "--no-sandbox",
                f"--proxy-server=http://127.0.0.1:{proxy_port}",
                "--proxy-bypass-list=<-loopback>",
            ],
        )
        with _window(context) as window:
            yield window


def _chromium_profile(folder: Path) -> str:
    """Make a profile that has third-party cookies, which Debian's Chromium blocks by default."""
    preferences = folder / "chromium" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True, exist_ok=True)
    preferences.write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    return str(folder / "chromium")


@contextmanager
def firefox(proxy_port: int, folder: Path) -> Iterator[Window]:
    """Run Firefox, by Playwright over WebDriver BiDi."""
    from playwright.sync_api import sync_playwright

    proxied = {
        f"network.proxy.{name}{suffix}": value
        for name in ("http", "ssl")
        for suffix, value in (("", "127.0.0.1"), ("_port", proxy_port))
    }
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=found("firefox-esr", "firefox-esr"),
            firefox_user_prefs={
                **proxied,
                "network.proxy.type": 1,
                "network.proxy.no_proxies_on": "",
                "network.proxy.allow_hijacking_localhost": True,
                "dom.security.https_first": False,
            },
        )
        with _window(browser.new_context(ignore_https_errors=True)) as window:
            yield window


@contextmanager
def webkit(proxy_port: int, folder: Path) -> Iterator[Window]:
    """Run WebKitGTK's MiniBrowser, by Selenium. It needs a display: `xvfb-run -a`."""
    from selenium import webdriver

    if "DISPLAY" not in os.environ:
        pytest.fail("WebKit needs a display: xvfb-run -a nox -s browsers", pytrace=False)
    options = webdriver.WebKitGTKOptions()
    options.binary_location = _mini_browser()
    options.accept_insecure_certs = True
    # Not by the capability `proxy`: WebKitWebDriver would speak TLS to the proxy.
    for argument in (
        "--automation",
        f"--proxy=http://127.0.0.1:{proxy_port}",
        "--cookies-policy=always",
    ):
        options.add_argument(argument)
    service = webdriver.WebKitGTKService(found("WebKitWebDriver", "webkit2gtk-driver"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Selenium, about itself
            driver = webdriver.WebKitGTK(options=options, service=service)
    except BaseException:
        service.stop()
        raise
    try:
        driver.set_script_timeout(_SECONDS)
        script = "const done = arguments[arguments.length - 1]; ({})(...arguments[0]).then(done);"
        yield Window(
            driver.capabilities["browserVersion"],
            driver.get,
            lambda function, arguments: driver.execute_async_script(
                script.replace("{}", function), arguments
            ),
        )
    finally:
        driver.quit()


ENGINES = {"chromium": chromium, "firefox": firefox, "webkit": webkit}


@contextmanager
def _window(context: Any) -> Iterator[Window]:
    try:
        page = context.new_page()
        yield Window(
            context.browser.version,
            page.goto,
            lambda function, arguments: page.evaluate(
                f"(given) => ({function})(...given)", arguments
            ),
        )
    finally:
        context.browser.close()


def found(command: str, package: str) -> str:
    """Return where a command is; fail with the command that installs it where it is not."""
    path = which(command)
    if path is None:
        pytest.fail(
            f"{command} is missing: apt-get install --no-install-recommends {package}",
            pytrace=False,
        )
    return path


def _mini_browser() -> str:
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
    if not found:
        pytest.fail(
            "MiniBrowser is missing: apt-get install --no-install-recommends webkit2gtk-driver",
            pytrace=False,
        )
    return str(found[0])

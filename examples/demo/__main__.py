"""The command: start all, print the table, then serve the page until Ctrl-C, or end at once."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from examples.demo.page_server import serving_page, table_as_json
from examples.demo.servers import APPS, App, serving_apps
from examples.demo.serving import ServerFailedError
from examples.demo.terminal import Style, table
from examples.demo.verdicts import judge


def main(arguments: Sequence[str] | None = None, apps: Sequence[App] = APPS) -> int:
    """Run the demo; return the exit status: 0 if every verdict is as expected."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="print the table and end")
    once = parser.parse_args(arguments).once
    try:
        return _run(apps, once=once)
    except ServerFailedError as error:
        print(error, file=sys.stderr)
        return 2


def _run(apps: Sequence[App], *, once: bool) -> int:
    kinds = "ASGI on uvicorn, WSGI on waitress"
    print(f"Starting {len(apps)} servers ({kinds}), all with one policy...", flush=True)
    with serving_page() as page, serving_apps(apps) as servers:
        cells = judge(servers, page.origins)
        page.table = table_as_json(servers, cells, page.origins)
        style = Style(colours=sys.stdout.isatty(), encoding=sys.stdout.encoding)
        print(f"\n{table(cells, style)}", flush=True)
        if not once:
            print(f"\nThe same, live in your browser: {page.origins.allowed}/")
            print("Ctrl-C ends it.", flush=True)
            _wait_for_interrupt()
    return 0 if all(cell.ok for cell in cells) else 1


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


def _terminated(*_: object) -> NoReturn:
    """Unwind, so that the servers end too, where SIGTERM would leave them behind."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)

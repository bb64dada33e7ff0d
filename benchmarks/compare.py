"""Measures one framework: bare, floor, peer and ours in turn, for each situation and size.

Runs in a process of its own: `python -m benchmarks.compare starlette`, which prints JSON.
"""

import argparse
import json
import sys
from importlib import import_module
from statistics import median
from typing import TypedDict

from benchmarks import transports
from benchmarks.situations import BY_NAME, SITUATIONS, Situation, origins
from benchmarks.timing import FULL, QUICK, Effort, Times, difference, interleaved, ratio

FRAMEWORKS = ("asgi", "starlette", "flask", "django", "falcon")
SIZES = (1, 3, 1_000, 100_000)


class Row(TypedDict):
    """What was measured in one situation at one number of origins; times in nanoseconds."""

    framework: str
    title: str
    peer: str
    origins: int
    situation: str
    whole: dict[str, float]
    """By variant, the median."""
    overhead: dict[str, float]
    """By variant but bare, the median difference to bare."""
    whole_ratio: float
    """Ours to the peer's, the median of the rounds' ratios."""
    floor_ratio: float
    """The floor's to the peer's, likewise."""
    ordinary_ratio: float | None
    """Of 64 KiB of commas: ours to our own answer to an allowed preflight, likewise."""


def compare(framework: str, effort: Effort, sizes: tuple[int, ...]) -> list[Row]:
    """Return the rows of one framework."""
    stack = import_module(f"benchmarks.stacks.{framework}")
    call = getattr(transports, stack.TRANSPORT)
    answer = getattr(transports, f"{stack.TRANSPORT}_answer")
    rows: list[Row] = []
    for size in sizes:
        variants = stack.variants(origins(size))
        for situation in SITUATIONS:
            for name, app in variants.items():
                transports.check(answer(app, situation), name, situation)
            calls = {name: call(app, situation) for name, app in variants.items()}
            if situation.name == "commas-64k":
                calls["ordinary"] = call(variants["ours"], BY_NAME["preflight"])
            times = interleaved(calls, effort)
            about = {"framework": framework, "title": stack.TITLE, "peer": stack.PEER}
            rows.append({**about, **_row(size, situation, times)})
            print(f"{framework}, {size} origins, {situation.name}", file=sys.stderr)
    return rows


def _row(size: int, situation: Situation, times: Times) -> dict[str, object]:
    return {
        "origins": size,
        "situation": situation.name,
        "whole": {name: median(series) for name, series in times.items()},
        "overhead": {name: difference(times, name, "bare") for name in times if name != "bare"},
        "whole_ratio": ratio(times, "ours", "peer"),
        "floor_ratio": ratio(times, "floor", "peer"),
        "ordinary_ratio": ratio(times, "ours", "ordinary") if "ordinary" in times else None,
    }


def main() -> None:
    """Print the rows of the framework named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=FRAMEWORKS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    effort = QUICK if given.quick else FULL
    json.dump(compare(given.framework, effort, tuple(given.sizes)), sys.stdout)


if __name__ == "__main__":
    main()

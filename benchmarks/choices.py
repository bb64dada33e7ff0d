"""Measures what it costs to choose a policy: marked routes, a warm OriginLookup.

Runs in a process of its own: `python -m benchmarks.choices`, which prints JSON.
"""

import argparse
import json
import sys
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from benchmarks.situations import BY_NAME, OPTIONS, origins
from benchmarks.stacks.asgi import app
from benchmarks.stacks.starlette import _items
from benchmarks.timing import FULL, QUICK, Effort, difference, interleaved, ratio
from benchmarks.transports import asgi
from cors_core import OriginLookup, Policy, cors_policy
from cors_core.asgi import CORSMiddleware
from cors_core_starlette import CORSMiddleware as StarletteMiddleware

_PATIENT = FULL._replace(rounds=3 * FULL.rounds)
"""What is compared here differs by a fifth of an app's own time: more rounds, less noise."""

POLICY = Policy(allow_origins=origins(3), **OPTIONS)


def choices(effort: Effort) -> dict[str, dict[str, float]]:
    """Return, by situation, overheads of a choice over those of a fixed policy, as ratios.

    Of `marked`, a Starlette app's route with a mark, for preflights the whole request; of
    `lookup`, origins that an OriginLookup remembers, round the bare ASGI app.
    """
    listed = frozenset(origins(3))
    looked_up = Policy(allow_origins=OriginLookup(listed.__contains__, ttl=3600), **OPTIONS)
    found: dict[str, dict[str, float]] = {}
    for name in ("plain", "actual", "refused", "preflight"):
        calls = {key: asgi(one, BY_NAME[name]) for key, one in _apps(looked_up).items()}
        times = interleaved(calls, effort)
        if name == "preflight":
            found[name] = {
                "marked": ratio(times, "marked", "unmarked"),
                "lookup": ratio(times, "lookup", "static"),
            }
        else:
            found[name] = {
                "marked": _overhead(times, "marked", "unmarked", "starlette"),
                "lookup": _overhead(times, "lookup", "static", "bare"),
            }
    return found


def _apps(looked_up: Policy) -> dict[str, Any]:
    return {
        "bare": app,
        "static": CORSMiddleware(app, policy=POLICY),
        "lookup": CORSMiddleware(app, policy=looked_up),
        "starlette": _starlette(marked=False, covered=False),
        "unmarked": _starlette(marked=False),
        "marked": _starlette(marked=True),
    }


def _overhead(times: dict[str, list[float]], name: str, other: str, bare: str) -> float:
    return difference(times, name, bare) / difference(times, other, bare)


def _starlette(*, marked: bool, covered: bool = True) -> Any:
    async def items(request: Any) -> Any:
        return await _items(request)

    endpoint = cors_policy(POLICY)(items) if marked else items
    starlette = Starlette(routes=[Route("/items", endpoint, methods=["GET", "PUT"])])
    if covered:
        starlette.add_middleware(StarletteMiddleware, policy=POLICY)
    return starlette


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    json.dump(choices(QUICK if parser.parse_args().quick else _PATIENT), sys.stdout)


if __name__ == "__main__":
    main()

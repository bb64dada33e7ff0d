"""Measures cors_core without an app: decisions, how they scale, and what a Policy costs to build.

Runs in a process of its own: `python -m benchmarks.core_alone decide`, which prints JSON.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from typing import Any

from benchmarks.situations import BY_NAME, OPTIONS, SITUATIONS, Situation, origins, patterns
from benchmarks.stacks.asgi import app
from benchmarks.timing import FULL, QUICK, Effort, difference, interleaved, ratio
from benchmarks.transports import Call, asgi
from cors_core import CORSRequest, Policy
from cors_core.asgi import CORSMiddleware

MANY_ORIGINS = 100_000
MANY_PATTERNS = 10_000

_FIELDS = (
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "access-control-request-private-network",
)


def decide(effort: Effort) -> dict[str, float]:
    """Return the nanoseconds of a decision, by situation, with three origins."""
    policy = Policy(allow_origins=origins(3), **OPTIONS)
    calls = {situation.name: _decide_call(policy, situation) for situation in SITUATIONS}
    calls["nothing"] = _constant_call
    for name, (made, changed) in _NEVER_SEEN.items():
        calls[name] = _never_seen_call(made(), changed)
    times = interleaved(calls, effort)
    return {name: difference(times, name, "nothing") for name in calls if name != "nothing"}


def scale(effort: Effort) -> dict[str, dict[str, float]]:
    """Return, by situation, how much more many origins or patterns cost than one, as ratios.

    Of the whole request through `cors_core.asgi` round the bare app, and of the decision alone.
    """
    policies = {
        "origins": (_policy(origins(1)), _policy(origins(MANY_ORIGINS))),
        "patterns": (_policy(patterns(1)), _policy(patterns(MANY_PATTERNS))),
    }
    found: dict[str, dict[str, float]] = {}
    for kind, (one, many) in policies.items():
        for situation in SITUATIONS[:5]:
            calls = {
                "one": asgi(CORSMiddleware(app, policy=one), situation),
                "many": asgi(CORSMiddleware(app, policy=many), situation),
                "one alone": _decide_call(one, situation),
                "many alone": _decide_call(many, situation),
            }
            times = interleaved(calls, effort)
            row = found.setdefault(situation.name, {})
            row[kind] = ratio(times, "many", "one")
            row[f"{kind} alone"] = ratio(times, "many alone", "one alone")
    return found


def build(effort: Effort) -> dict[str, float]:
    """Return what a Policy of 100,000 exact origins costs: seconds, and bytes over its strings."""
    listed = origins(MANY_ORIGINS)
    seconds = []
    for _ in range(max(5, effort.rounds // 5)):
        start = time.perf_counter()
        _policy(listed)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _built = _policy(listed)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "seconds": median(seconds),
        "bytes per origin": (after - before) / len(listed),
        "bytes per origin at the peak": (peak - before) / len(listed),
    }


def _policy(listed: list[str]) -> Policy:
    return Policy(allow_origins=listed, **OPTIONS)


def _decide_call(policy: Policy, situation: Situation) -> Call:
    sent = dict(situation.headers)
    parts: list[Any] = [situation.method, *(sent.get(field) for field in _FIELDS)]

    def call() -> None:
        policy.decide(CORSRequest(*parts))

    return call


def _constant_call() -> None:
    _constant(*_SIX)


def _constant(*_: object) -> None:
    pass


_SIX = (None,) * 6


def _subdomains() -> tuple[Policy, Iterator[str]]:
    return _policy(patterns(1)), (f"https://a{i}.example.com" for i in count())


def _refused_origins() -> tuple[Policy, Iterator[str]]:
    return _policy(patterns(1)), (f"https://a{i}.elsewhere.example" for i in count())


_NEVER_SEEN: dict[str, tuple[Callable[[], tuple[Policy, Iterator[str]]], Situation]] = {
    "actual, each from a new subdomain": (_subdomains, BY_NAME["actual"]),
    "actual, each from a new refused origin": (_refused_origins, BY_NAME["refused"]),
    "preflight, each from a new subdomain": (_subdomains, BY_NAME["preflight"]),
    "preflight, each from a new refused origin": (_refused_origins, BY_NAME["preflight-refused"]),
}
"""What nothing remembered can answer: the price of a policy of patterns under many tenants."""


def _never_seen_call(made: tuple[Policy, Iterator[str]], situation: Situation) -> Call:
    policy, unseen = made
    sent = dict(situation.headers)
    method = situation.method
    requested = [sent.get(field) for field in _FIELDS[1:]]

    def call() -> None:
        policy.decide(CORSRequest(method, next(unseen), *requested))

    return call


def main() -> None:
    """Print what is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["decide", "scale", "build"])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    measure: Callable[[Effort], Any] = globals()[given.what]
    json.dump(measure(QUICK if given.quick else FULL), sys.stdout)


if __name__ == "__main__":
    main()

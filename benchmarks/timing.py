"""Times calls that take turns, so that what slows the machine down slows them all.

In every round each call runs for one batch, in an order that shifts from round to round. Only
numbers of one round are compared with each other; a median over the rounds drops the outliers.

The clock is that of the thread's processor time: nothing here waits, so it says what a wall clock
does on an idle machine, and on a busy one leaves out the time that other processes were given.
"""

import gc
from collections.abc import Mapping
from itertools import repeat
from statistics import median
from time import thread_time_ns
from typing import NamedTuple

from benchmarks.transports import Call

Times = dict[str, list[float]]
"""Nanoseconds per call, by variant, one per round."""

_DEEPEST = 128
"""How many calls deeper the last round runs than the first. CPython 3.11 keeps frames in pieces of
16 KiB, and a call that needs a new piece costs microseconds, each time anew: at an unlucky depth an
app takes several times as long, and a layer, which shifts it, may seem to make it quicker."""

_SLOW_CALL_NS = 10_000_000


class Effort(NamedTuple):
    """How long to measure: rounds, and how long a batch of calls lasts in each."""

    rounds: int
    batch_ms: float


QUICK = Effort(rounds=15, batch_ms=2)
FULL = Effort(rounds=31, batch_ms=2)
"""In each of several processes: see `__main__`."""


def interleaved(calls: Mapping[str, Call], effort: Effort) -> Times:
    """Return the times of `calls`, measured in turn. Slow ones are given fewer rounds."""
    gc.collect()
    gc.freeze()  # what is built by now need not be looked through again
    sizes = {name: batch_size(call, effort.batch_ms) for name, call in calls.items()}
    slowest = max(timed(call, 1) for call in calls.values())
    rounds = effort.rounds if slowest < _SLOW_CALL_NS else max(5, effort.rounds // 5)
    names = list(calls)
    times: Times = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            depth = turn * _DEEPEST // rounds
            times[name].append(_timed_at_depth(depth, calls[name], sizes[name]))
    gc.unfreeze()
    return times


def _timed_at_depth(depth: int, call: Call, size: int) -> float:
    if depth:
        return _timed_at_depth(depth - 1, call, size)
    return timed(call, size)


def timed(call: Call, size: int) -> float:
    """Return the nanoseconds per call of one batch, without the garbage collector's."""
    gc.collect(0)
    gc.disable()
    for _ in repeat(None, size // 10):  # not timed: caches still hold what another call needs
        call()
    start = thread_time_ns()
    for _ in repeat(None, size):
        call()
    end = thread_time_ns()
    gc.enable()
    return (end - start) / size


def batch_size(call: Call, batch_ms: float) -> int:
    """Return how many calls last about `batch_ms`; warms the call up on the way."""
    size = 1
    while True:
        elapsed_ms = timed(call, size) * size / 1e6
        if elapsed_ms >= batch_ms / 4:
            return max(1, round(size * batch_ms / elapsed_ms))
        size *= 4


def difference(times: Times, name: str, base: str) -> float:
    """Return the median of the rounds' differences of two variants, in nanoseconds."""
    return median(a - b for a, b in zip(times[name], times[base], strict=True))


def ratio(times: Times, name: str, base: str) -> float:
    """Return the median of the rounds' ratios of two variants."""
    return median(a / b for a, b in zip(times[name], times[base], strict=True))

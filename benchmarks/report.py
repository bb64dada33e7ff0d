"""Writes the results down: Markdown tables for the terminal and for RESULTS.md."""

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.compare import Row
from benchmarks.end_to_end import VARIANTS, Rates
from benchmarks.situations import BY_NAME
from benchmarks.targets import Results, Verdict, verdicts

_PACKAGES = ("cors-core", "starlette", "uvicorn", "flask", "flask-cors", "gunicorn", "django",
             "django-cors-headers", "falcon")  # fmt: skip

_INTRODUCTION = """# Results

Times are medians over rounds in which all variants took turns, and over five processes. *Overhead*
is the median of the rounds' differences to the same app without a CORS layer; *whole* is the whole
request. *Floor* is a layer written by hand that adds constant headers and decides nothing. A
preflight does not enter the app, so only the whole of it compares. Times in microseconds; lower is
better. How it is measured, where the time goes and why some targets lie below the floor:
[README](README.md).
"""


def document(results: Results, command: str) -> str:
    """Return RESULTS.md."""
    parts = [_INTRODUCTION, "\n".join(_environment(command)), *sections(results)]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def sections(results: Results) -> Iterator[str]:
    """Yield each table under its heading."""
    found = verdicts(results)
    if found:
        yield _targets(found)
    for framework in dict.fromkeys(row["framework"] for row in results["rows"]):
        yield _comparison([row for row in results["rows"] if row["framework"] == framework])
    if "decide" in results:
        rows = [(name, _us(value)) for name, value in results["decide"].items()]
        yield f"## The decision alone, 3 origins\n\n{table(('situation', 'us'), rows)}"
    if "scale" in results:
        yield _scale(results["scale"])
    if "choices" in results:
        rows = [
            (name, f"{ratios['marked']:.2f}", f"{ratios['lookup']:.2f}")
            for name, ratios in results["choices"].items()
        ]
        heads = ("overhead, of a preflight the whole, over a fixed policy's", "marked route",
                 "warm OriginLookup")  # fmt: skip
        yield f"## Choosing a policy\n\n{table(heads, rows)}"
    if "build" in results or "import" in results:
        yield _costs(results)
    if results.get("end to end"):
        yield _rates(results["end to end"])


def _targets(found: list[Verdict]) -> str:
    rows = []
    for verdict in found:
        unit, floor = verdict.unit, verdict.floor
        outcome = "pass" if verdict.passed else "**miss**"
        if verdict.out_of_reach:
            outcome = "below the floor"
        figures = (f"{verdict.measured:.3g} {unit}", f"{verdict.limit:g} {unit}")
        shown = "" if floor is None else f"{floor:.3g}"
        rows.append((verdict.subject, verdict.quantity, *figures, shown, outcome))
    reached = sum(verdict.passed for verdict in found)
    below = sum(verdict.out_of_reach for verdict in found)
    title = f"## Targets: {reached} of {len(found)} reached"
    if below:
        title += f", {below} below what the floor itself takes"
    return f"{title}\n\n{table(('', '', 'measured', 'at most', 'floor', ''), rows)}"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table that reads well unrendered too: all columns but the first right."""
    lines = [list(heads), *([*map(str.strip, row)] for row in rows)]
    widths = [max(2, *map(len, column)) for column in zip(*lines, strict=True)]

    def line(cells: list[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(lines[0]), line(rule), *map(line, lines[1:])]) + "\n"


def _environment(command: str) -> Iterator[str]:
    yield f"- command: `{command}`"
    yield f"- date: {datetime.now(UTC):%Y-%m-%d}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield f"- Python: {python}, {platform.system()} {platform.release()}"
    yield f"- machine: {_processor()}, {os.cpu_count()} processors"
    yield f"- versions: {', '.join(f'{name} {version(name)}' for name in _PACKAGES)}"


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or sys.platform


def _comparison(rows: list[Row]) -> str:
    heads = ("situation", "origins", "bare", "floor +", "peer +", "ours +", "ours/peer",
             "peer whole", "ours whole", "ours/peer")  # fmt: skip
    lines = []
    for row in rows:
        whole, over = row["whole"], row["overhead"]
        if BY_NAME[row["situation"]].preflight:
            added = ["", "", "", ""]
        else:
            added = [_us(over[v]) for v in ("floor", "peer", "ours")]
            added.append(f"{over['ours'] / over['peer']:.3f}")
        wholes = [_us(whole["peer"]), _us(whole["ours"]), f"{row['whole_ratio']:.3f}"]
        situation = BY_NAME[row["situation"]].title
        lines.append([situation, f"{row['origins']:,}", _us(whole["bare"]), *added, *wholes])
    return f"## {rows[0]['title']}; peer: {rows[0]['peer']}\n\n{table(heads, lines)}"


def _scale(scale: dict[str, dict[str, float]]) -> str:
    kinds = ("origins", "origins alone", "patterns", "patterns alone")
    heads = ("situation", "100,000 origins", "decision alone", "10,000 patterns", "decision alone")
    rows = [
        (BY_NAME[name].title, *(f"{row[kind]:.2f}" for kind in kinds))
        for name, row in scale.items()
    ]
    title = "## Many origins and patterns, as multiples of one, round the bare ASGI app"
    return f"{title}\n\n{table(heads, rows)}"


def _costs(results: Results) -> str:
    rows: list[tuple[str, str]] = []
    if build := results.get("build"):
        rows += [
            ("build a Policy of 100,000 origins", f"{build['seconds']:.2f} s"),
            ("its memory over the strings", f"{build['bytes per origin']:.0f} bytes per origin"),
            (
                "the same at the peak of building",
                f"{build['bytes per origin at the peak']:.0f} bytes per origin",
            ),
        ]
    if importing := results.get("import"):
        foreign = ", ".join(importing["foreign modules"]) or "nothing"
        rows += [
            ("import, a Policy and its middleware", f"{importing['milliseconds']:.1f} ms"),
            (
                "what it adds to a process, from start to exit",
                f"{importing['milliseconds of a process']:.1f} ms",
            ),
            ("imported from outside the standard library", foreign),
        ]
    return f"## What it costs to start\n\n{table(('', 'measured'), rows)}"


def _rates(rates: Rates) -> str:
    rows = [
        (
            f"{server}: {BY_NAME[name].title}",
            *(f"{by_variant[variant]:,.0f}" for variant in VARIANTS),
        )
        for server, situations in rates.items()
        for name, by_variant in situations.items()
    ]
    title = "## End to end, requests per second (higher is better)"
    return f"{title}\n\n{table(('', *VARIANTS), rows)}"


def _us(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e3:,.2f}"

"""What the benchmark must reach, and whether it did: row by row."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.compare import Row

Results = dict[str, Any]

_ACTUALS = ("plain", "actual", "refused")
_PREFLIGHTS = ("preflight", "preflight-refused")


class Verdict(NamedTuple):
    """One target: what was measured, and the most that it may be."""

    subject: str
    quantity: str
    measured: float
    limit: float
    unit: str = ""
    floor: float | None = None
    """What the floor measures here, where that says something."""

    @property
    def passed(self) -> bool:
        """Whether the target was reached."""
        return self.measured <= self.limit

    @property
    def out_of_reach(self) -> bool:
        """Whether a layer that decides nothing would miss it as well."""
        return not self.passed and self.floor is not None and self.floor > self.limit


class _Line(NamedTuple):
    """A line of the table of targets: the most of each column, ours over the peer's."""

    framework: str
    origins: int
    column: str
    """"overhead" (time above the bare app) or "whole" (the whole request), for actual requests."""
    actual: float
    preflight: float
    refused: float | None = None
    """If it differs from `actual`."""
    floor: float | None = None
    """The most of the floor's overhead, for actual requests."""


_TABLE = (
    _Line("asgi", 3, "overhead", 0.30, 0.30, floor=2.2),
    _Line("asgi", 1_000, "overhead", 0.15, 0.15),
    _Line("starlette", 3, "overhead", 0.35, 0.40),
    _Line("flask", 3, "overhead", 0.12, 0.08, refused=0.15),
    _Line("django", 3, "overhead", 0.15, 0.55),
    _Line("django", 1_000, "overhead", 0.005, 0.02),
    _Line("falcon", 3, "whole", 1.10, 0.95),
)


def verdicts(results: Results) -> list[Verdict]:
    """Return a verdict for each target that `results` say something about."""
    rows = {(row["framework"], row["origins"], row["situation"]): row for row in results["rows"]}
    found: list[Verdict] = []
    for line in _TABLE:
        for situation in _ACTUALS + _PREFLIGHTS:
            row = rows.get((line.framework, line.origins, situation))
            if row:
                found += _of_line(line, row)
    found += _of_commas(rows)
    found += _of_scale(results)
    found += _of_choices(results)
    found += _of_header_lines(results)
    found += _of_costs(results)
    return found


def _of_line(line: _Line, row: Row) -> Iterator[Verdict]:
    subject = f"{row['title']}, {row['peer']}, {line.origins:,} origins: {row['situation']}"
    if row["situation"] in _PREFLIGHTS or line.column == "whole":
        limit = line.preflight if row["situation"] in _PREFLIGHTS else line.actual
        whole = row["whole_ratio"]
        yield Verdict(subject, "whole, of the peer's", whole, limit, floor=row["floor_ratio"])
        return
    limit = line.refused if line.refused and row["situation"] == "refused" else line.actual
    overhead = row["overhead"]
    shares = [overhead[variant] / overhead["peer"] for variant in ("ours", "floor")]
    yield Verdict(subject, "overhead, of the peer's", shares[0], limit, floor=shares[1])
    if line.floor:
        share = overhead["ours"] / overhead["floor"]
        yield Verdict(subject, "overhead, of the floor's", share, line.floor)


def _of_commas(rows: dict[tuple[str, int, str], Row]) -> Iterator[Verdict]:
    for (_, size, _), row in rows.items():
        share = row["ordinary_ratio"]
        if size == 3 and share is not None:
            subject = f"{row['title']}: 64 KiB of commas"
            yield Verdict(subject, "whole, of an ordinary preflight's", share, 1.5)


def _of_header_lines(results: Results) -> Iterator[Verdict]:
    for situation, ratios in results.get("header lines", {}).items():
        for variant, ratio in ratios.items():
            subject = f"16 MB of header lines on uvicorn, {situation}: {variant}"
            yield Verdict(subject, "whole, of the bare app's", ratio, 1.5)


def _of_scale(results: Results) -> Iterator[Verdict]:
    limits = {"origins": ("100,000 origins", 1.1), "patterns": ("10,000 patterns", 1.5)}
    for situation, ratios in results.get("scale", {}).items():
        for kind, (many, limit) in limits.items():
            yield Verdict(f"{many}: {situation}", "whole, of one's", ratios[kind], limit)


def _of_choices(results: Results) -> Iterator[Verdict]:
    limits = {"marked": ("a marked route", 1.35), "lookup": ("a warm OriginLookup", 1.5)}
    for situation, ratios in results.get("choices", {}).items():
        for kind, (subject, limit) in limits.items():
            if situation != "preflight":
                quantity = "overhead, of a fixed policy's"
                yield Verdict(f"{subject}: {situation}", quantity, ratios[kind], limit)


def _of_costs(results: Results) -> Iterator[Verdict]:
    build, importing = results.get("build"), results.get("import")
    subject = "a Policy of 100,000 exact origins"
    if build:
        yield Verdict(subject, "time to build", build["seconds"], 1.0, "s")
        bytes_each = build["bytes per origin"]
        yield Verdict(subject, "memory per origin over its strings", bytes_each, 300, "bytes")
    if importing:
        added = importing["milliseconds"]
        subject = "import, a Policy and its middleware"
        yield Verdict(subject, "added to Python's start", added, 30, "ms")
        foreign = len(importing["foreign modules"])
        yield Verdict("`import cors_core`", "modules from outside Python", foreign, 0)

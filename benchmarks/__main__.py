"""`python -m benchmarks`: measures everything, each part in a process of its own, and reports.

A full run writes RESULTS.md and results.svg; `--quick` and `--only` just print.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.chart import chart
from benchmarks.compare import FRAMEWORKS
from benchmarks.end_to_end import end_to_end
from benchmarks.header_lines import header_lines
from benchmarks.importing import importing
from benchmarks.report import document, sections
from benchmarks.targets import Results
from benchmarks.timing import FULL, QUICK

_CORE = ("decide", "scale", "build")
PARTS = (*FRAMEWORKS, *_CORE, "choices", "import", "header-lines", "end-to-end")

_HERE = Path(__file__).parent


_PROCESSES = 5
"""How often each part is measured, the median counting: two processes alike may differ by
microseconds a request for their whole life, which in Flask is more than the layer costs."""


def measure(parts: list[str], quick: bool) -> Results:
    """Return the results of `parts`."""
    results: Results = {"rows": []}
    effort = QUICK if quick else FULL
    for part in parts:
        print(f"measuring: {part}", file=sys.stderr)
        if part in FRAMEWORKS:
            results["rows"] += _measured("benchmarks.compare", quick, part)
        elif part in _CORE:
            results[part] = _measured("benchmarks.core_alone", quick, part)
        elif part == "choices":
            results[part] = _measured("benchmarks.choices", quick)
        elif part == "import":
            results["import"] = importing(effort)
        elif part == "header-lines":
            results["header lines"] = header_lines(effort)
        else:
            results["end to end"] = end_to_end(effort)
    return results


def _measured(module: str, quick: bool, *arguments: str) -> Any:
    command = [sys.executable, "-m", module, *arguments, *(["--quick"] if quick else [])]
    return medians(
        [
            json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            for _ in range(1 if quick else _PROCESSES)
        ]
    )


def medians(found: list[Any]) -> Any:
    """Return one of several alike structures with the median in place of each number."""
    first = found[0]
    if isinstance(first, dict):
        return {key: medians([each[key] for each in found]) for key in first}
    if isinstance(first, list):
        return [medians(list(each)) for each in zip(*found, strict=True)]
    return median(found) if isinstance(first, float) else first


def main() -> None:
    """Measure what the command line names, print it and, if it was everything, write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: a rough look")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts")
    parser.add_argument("--write", action="store_true", help="write the files in any case")
    given = parser.parse_args()
    results = measure(list(given.only or PARTS), given.quick)
    print("\n".join(sections(results)))
    if given.write or not (given.quick or given.only):
        command = " ".join(["python -m benchmarks", *sys.argv[1:]])
        _HERE.joinpath("RESULTS.md").write_text(document(results, command), encoding="utf-8")
        _HERE.joinpath("results.svg").write_text(chart(results["rows"]), encoding="utf-8")


if __name__ == "__main__":
    main()

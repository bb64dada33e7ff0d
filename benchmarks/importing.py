"""Measures what `import cors_core` adds to Python's start, and what it imports.

Nothing of cors_core is imported here: each sample is an interpreter of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

from benchmarks.timing import Effort

_FOREIGN = """
import json, sys
before = set(sys.modules)
import cors_core
new = {name.partition(".")[0] for name in sys.modules if name not in before}
print(json.dumps(sorted(new - set(sys.stdlib_module_names) - {"cors_core"})))
"""


def importing(effort: Effort) -> dict[str, Any]:
    """Return the milliseconds that the import adds, and what it imports from outside Python."""
    with tempfile.TemporaryDirectory() as bytecode:
        foreign = json.loads(_output(_FOREIGN, bytecode))  # and leaves the bytecode for the rest
        _output("pass", bytecode)
        added = []
        for turn in range(max(15, effort.rounds)):
            programs = ["pass", "import cors_core"]
            taken = {
                program: _seconds(program, bytecode) for program in programs[:: turn % 2 or -1]
            }
            added.append(taken["import cors_core"] - taken["pass"])
    return {"milliseconds": median(added) * 1e3, "foreign modules": foreign}


def _seconds(program: str, bytecode: str) -> float:
    start = time.perf_counter()
    _output(program, bytecode)
    return time.perf_counter() - start


def _output(program: str, bytecode: str) -> str:
    """Return what a program prints. Its bytecode is kept, whatever this environment does."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout

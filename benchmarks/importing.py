"""Measures what `import cors_core` adds to Python's start, and what it imports.

Nothing of cors_core is imported here: each sample is an interpreter of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
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


_TIMED = """
import time
start = time.thread_time_ns()
import cors_core
print(time.thread_time_ns() - start)
"""


def importing(effort: Effort) -> dict[str, Any]:
    """Return the milliseconds that the import adds, and what it imports from outside Python."""
    with tempfile.TemporaryDirectory() as bytecode:
        foreign = json.loads(_output(_FOREIGN, bytecode))  # and leaves the bytecode for the rest
        samples = [int(_output(_TIMED, bytecode)) for _ in range(max(15, effort.rounds))]
    return {"milliseconds": median(samples) / 1e6, "foreign modules": foreign}


def _output(program: str, bytecode: str) -> str:
    """Return what a program prints. Its bytecode is kept, whatever this environment does."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout

"""Measures what cors_core, a Policy and its middleware add to Python's start, and what is imported.

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
from cors_core.asgi import CORSMiddleware
new = {name.partition(".")[0] for name in sys.modules if name not in before}
print(json.dumps(sorted(new - set(sys.stdlib_module_names) - {"cors_core"})))
"""


_IMPORT = """
from cors_core.asgi import CORSMiddleware
CORSMiddleware(print, allow_origins=["https://app.example"])
"""
_TIMED = f"""
import time
start = time.thread_time_ns()
{_IMPORT}
print(time.thread_time_ns() - start)
"""
_IDLE = _TIMED.replace(_IMPORT, "")


def importing(effort: Effort) -> dict[str, Any]:
    """Return what the import takes and imports.

    The milliseconds of the statement itself; those that it adds to a whole process, exit
    included; the modules from outside Python.
    """
    with tempfile.TemporaryDirectory() as bytecode:
        foreign = json.loads(_output(_FOREIGN, bytecode))  # and leaves the bytecode for the rest
        statement, process = [], []
        for _ in range(max(15, effort.rounds)):
            start = time.perf_counter()
            statement.append(int(_output(_TIMED, bytecode)))
            between = time.perf_counter()
            _output(_IDLE, bytecode)
            process.append((between - start) - (time.perf_counter() - between))
    return {
        "milliseconds": median(statement) / 1e6,
        "milliseconds of a process": median(process) * 1e3,
        "foreign modules": foreign,
    }


def _output(program: str, bytecode: str) -> str:
    """Return what a program prints. Its bytecode is kept, whatever this environment does."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout

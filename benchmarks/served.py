"""The apps that `end_to_end` puts on real servers; which one, the environment says.

uvicorn takes `benchmarks.served:starlette`, gunicorn `benchmarks.served:flask`. Imports are late:
each server needs one framework only.
"""

import os
from typing import Any

from benchmarks.situations import origins

_VARIANT = os.environ.get("CORS_BENCHMARK_VARIANT", "bare")


def __getattr__(name: str) -> Any:
    if name == "starlette":
        from benchmarks.stacks.starlette import variants
    elif name == "flask":
        from benchmarks.stacks.flask import variants
    else:
        raise AttributeError(name)
    return variants(origins(3))[_VARIANT]

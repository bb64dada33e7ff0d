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
    if _VARIANT == "ours, a callable":
        return _with_callable()
    return variants(origins(3))[_VARIANT]


def _with_callable() -> Any:
    from benchmarks.stacks.starlette import bare
    from cors_core import Policy
    from cors_core_starlette import CORSMiddleware

    policy = Policy(allow_origins=origins(3))
    app = bare()
    app.add_middleware(CORSMiddleware, policy=lambda asked: policy)
    return app

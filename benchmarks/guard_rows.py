"""What the regression guard times: ours alone, each adapter round the least that it can stand on.

Runs in a process per revision, with that revision's packages on PYTHONPATH, and obeys its parent
line by line: `python -m benchmarks.guard_rows` reads the name of a row and a number of
milliseconds, runs one batch of about that length and writes its nanoseconds per call.
"""

import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import cors_core
from benchmarks.situations import OPTIONS, SITUATIONS, origins, patterns
from benchmarks.stacks import asgi as bare
from benchmarks.timing import batch_size, timed
from benchmarks.transports import Call, asgi, environ_of, wsgi
from cors_core import Policy
from cors_core.asgi import CORSMiddleware as ASGIMiddleware
from cors_core.wsgi import CORSMiddleware as WSGIMiddleware


def rows() -> Iterator[tuple[str, Call]]:
    """Yield every row; those of a framework that is not installed are left out."""
    policies = {
        "3 origins": Policy(allow_origins=origins(3), **OPTIONS),
        "10,000 origins": Policy(allow_origins=origins(10_000), **OPTIONS),
        "1,000 patterns": Policy(allow_origins=patterns(1_000), **OPTIONS),
        "*": Policy(allow_origins=["*"]),
    }
    for size, policy in policies.items():
        for situation in SITUATIONS:
            layer = ASGIMiddleware(bare.app, policy=policy)
            yield f"asgi, {size}: {situation.name}", asgi(layer, situation)
    policy = policies["3 origins"]
    for situation in SITUATIONS:
        layer = WSGIMiddleware(_wsgi_app, policy=policy)
        yield f"wsgi, 3 origins: {situation.name}", wsgi(layer, situation)
    for adapter in (_starlette, _flask, _django, _falcon):
        try:
            yield from adapter(policy)
        except ImportError as missing:
            print(f"left out: {missing}", file=sys.stderr)
    listed = origins(1_000)
    yield "build a Policy of 1,000 origins", lambda: _build(listed)
    yield "build a Policy of 1,000 patterns", lambda: _build(_PATTERNS)


_PATTERNS = patterns(1_000)

urlpatterns: list[Any] = []
"""For Django, which looks a preflight's path up in the module that its settings name."""


def _build(listed: list[str]) -> None:
    Policy(allow_origins=listed, **OPTIONS)


def _wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", "2")]
    start_response("200 OK", headers)
    return [b"{}"]


def _starlette(policy: Policy) -> Iterator[tuple[str, Call]]:
    from cors_core_starlette import CORSMiddleware

    for situation in SITUATIONS:
        yield (
            f"starlette: {situation.name}",
            asgi(CORSMiddleware(bare.app, policy=policy), situation),
        )


def _flask(policy: Policy) -> Iterator[tuple[str, Call]]:
    from flask import Flask

    from cors_core_flask import CORS

    app = Flask(__name__)
    app.wsgi_app = _wsgi_app  # type: ignore[method-assign]  # Flask's way
    CORS(app, policy=policy)
    for situation in SITUATIONS:
        yield f"flask: {situation.name}", wsgi(app.wsgi_app, situation)


def _django(policy: Policy) -> Iterator[tuple[str, Call]]:
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse

    settings.configure(CORS_CORE=policy, ROOT_URLCONF=__name__)
    from cors_core_django import CORSMiddleware

    layer = CORSMiddleware(lambda request: HttpResponse(b"{}"))
    for situation in SITUATIONS:
        request = WSGIRequest({**environ_of(situation), "wsgi.input": BytesIO()})
        yield f"django: {situation.name}", lambda request=request: layer(request)


def _falcon(policy: Policy) -> Iterator[tuple[str, Call]]:
    import falcon

    from cors_core_falcon import CORSMiddleware

    layer = CORSMiddleware(policy=policy)
    options = falcon.ResponseOptions()

    def call(request: Any) -> None:
        response = falcon.Response(options)
        layer.process_request(request, response)
        layer.process_response(request, response, None, True)

    for situation in SITUATIONS:
        request = falcon.Request(environ_of(situation))
        yield f"falcon: {situation.name}", lambda request=request: call(request)


def main() -> None:
    """Serve the parent until it closes the pipe."""
    calls: dict[str, Callable[[], object]] = dict(rows())
    sizes: dict[tuple[str, str], int] = {}
    print(cors_core.__file__, *calls, sep="\t", flush=True)
    for line in sys.stdin:
        name, milliseconds = asked = tuple(line.rstrip("\n").split("\t"))
        if asked not in sizes:
            sizes[asked] = batch_size(calls[name], float(milliseconds))
        print(timed(calls[name], sizes[asked]), flush=True)


if __name__ == "__main__":
    main()

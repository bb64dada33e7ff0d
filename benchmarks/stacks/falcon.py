"""A Falcon app with Falcon's own middleware and with `cors_core_falcon`.

Falcon's sends no Vary, and allows every method and header that is asked for.
"""

from typing import Any

import falcon

from benchmarks.situations import EXPOSED, OPTIONS
from benchmarks.stacks.floors import ACTUAL, BODY, PREFLIGHT
from cors_core_falcon import CORSMiddleware

TITLE = "Falcon app"
PEER = "Falcon's CORSMiddleware"
TRANSPORT = "wsgi"


class _Items:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"items": []}

    on_put = on_get


class _Floor:
    """The floor as Falcon has it: hooks before and after."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method == "OPTIONS":
            resp.set_headers(PREFLIGHT)
            resp.data = BODY
            resp.complete = True

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        if req.method != "OPTIONS":
            resp.set_headers(ACTUAL)


def variants(origins: list[str]) -> dict[str, Any]:
    """Return the app in each layer."""
    peer = falcon.CORSMiddleware(
        allow_origins=origins, allow_credentials=origins, expose_headers=EXPOSED
    )
    layers: dict[str, list[Any]] = {
        "bare": [],
        "floor": [_Floor()],
        "peer": [peer],
        "ours": [CORSMiddleware(allow_origins=origins, **OPTIONS)],
    }
    apps = {}
    for name, middleware in layers.items():
        apps[name] = falcon.App(middleware=middleware)
        apps[name].add_route("/items", _Items())
    return apps

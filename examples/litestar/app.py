"""Litestar quick start: `litestar --app examples.litestar.app:app run`, from the root.

`app` stays Litestar's own object, which its command and its test client look for. What is listed
as `middleware=` of an app stands round each route: it would see no 404, and no preflight of one.
"""

from typing import Any

from litestar import Litestar, Request, Response, delete, get, put

from cors_core.asgi import CORSMiddleware
from examples.policy import policy

note = {"text": "Hello from Litestar"}


@get("/note")
async def read_note() -> dict[str, str]:
    return note


@put("/note")
async def write_note(data: dict[str, str]) -> dict[str, str]:
    note["text"] = data["text"]
    return note


@delete("/note")
async def delete_note() -> None:
    note["text"] = ""


@get("/visits")
async def count_visits(request: Request[Any, Any, Any]) -> Response[dict[str, int]]:
    count = int(request.cookies.get("visits", "0")) + 1
    response = Response({"visits": count})
    response.set_cookie("visits", str(count))
    return response


@get("/crash")
async def crash() -> str:
    raise RuntimeError("nobody catches this")


app = Litestar([read_note, write_note, delete_note, count_visits, crash])
app.asgi_handler = CORSMiddleware(app.asgi_handler, policy=policy)

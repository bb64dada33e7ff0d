"""Quart quick start: `quart --app examples.quart.app run`, from the root of the repository.

`app` stays Quart's own object, which its command, its test client and its extensions look for.
"""

from quart import Quart, Response, jsonify, request

from cors_core.asgi import CORSMiddleware
from examples.policy import policy

app = Quart(__name__)
app.asgi_app = CORSMiddleware(app.asgi_app, policy=policy)

note = {"text": "Hello from Quart"}


@app.get("/note")
async def read_note() -> dict[str, str]:
    return note


@app.put("/note")
async def write_note() -> dict[str, str]:
    note["text"] = (await request.get_json())["text"]
    return note


@app.delete("/note")
async def delete_note() -> tuple[str, int]:
    note["text"] = ""
    return "", 204


@app.get("/visits")
async def count_visits() -> Response:
    count = int(request.cookies.get("visits", "0")) + 1
    response = jsonify(visits=count)
    response.set_cookie("visits", str(count))
    return response


@app.get("/crash")
async def crash() -> str:
    raise RuntimeError("nobody catches this")

"""Bottle quick start: `bottle examples.bottle.app:app`, from the root of the repository.

`app` stays Bottle's own object, so that its command can configure it and install plugins.
"""

import bottle

from cors_core.wsgi import CORSMiddleware
from examples.policy import policy

app = bottle.Bottle()
app.wsgi = CORSMiddleware(app.wsgi, policy=policy)

note = {"text": "Hello from Bottle"}


@app.get("/note")
def read_note() -> dict[str, str]:
    return note


@app.put("/note")
def write_note() -> dict[str, str]:
    note["text"] = bottle.request.json["text"]
    return note


@app.delete("/note")
def delete_note() -> None:
    note["text"] = ""
    bottle.response.status = 204


@app.get("/visits")
def count_visits() -> dict[str, int]:
    count = int(bottle.request.get_cookie("visits", "0")) + 1
    bottle.response.set_cookie("visits", str(count))
    return {"visits": count}


@app.get("/crash")
def crash() -> str:
    raise RuntimeError("nobody catches this")

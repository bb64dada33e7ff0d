"""Flask quick start: `flask --app examples.flask.app run`, from the root of the repository."""

from flask import Flask, Response, jsonify, request

from cors_core_flask import CORS
from examples.policy import policy

app = Flask(__name__)
CORS(app, policy=policy)

note = {"text": "Hello from Flask"}


@app.get("/note")
def read_note() -> dict[str, str]:
    return note


@app.put("/note")
def write_note() -> dict[str, str]:
    note["text"] = request.get_json()["text"]
    return note


@app.delete("/note")
def delete_note() -> tuple[str, int]:
    note["text"] = ""
    return "", 204


@app.get("/visits")
def count_visits() -> Response:
    count = int(request.cookies.get("visits", "0")) + 1
    response = jsonify(visits=count)
    response.set_cookie("visits", str(count))
    return response


@app.get("/crash")
def crash() -> str:
    raise RuntimeError("nobody catches this")

"""FastAPI quick start: `uvicorn examples.fastapi.app:app`, from the root of the repository."""

from typing import Annotated

from fastapi import Cookie, FastAPI, Response
from pydantic import BaseModel

from cors_core_starlette import CORSMiddleware
from examples.policy import policy

app = FastAPI()
app.add_middleware(CORSMiddleware, policy=policy)


class Note(BaseModel):
    text: str


note = Note(text="Hello from FastAPI")


@app.get("/note")
async def read_note() -> Note:
    return note


@app.put("/note")
async def write_note(written: Note) -> Note:
    note.text = written.text
    return note


@app.delete("/note", status_code=204)
async def delete_note() -> None:
    note.text = ""


@app.get("/visits")
async def count_visits(response: Response, visits: Annotated[int, Cookie()] = 0) -> dict[str, int]:
    response.set_cookie("visits", str(visits + 1))
    return {"visits": visits + 1}


@app.get("/crash")
async def crash() -> None:
    raise RuntimeError("nobody catches this")

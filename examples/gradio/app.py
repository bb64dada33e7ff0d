"""Gradio in a FastAPI app: `uvicorn examples.gradio.app:app`, from the root of the repository.

Gradio has CORS headers of its own, which let any origin in with credentials unless the host is a
local one. Our middleware answers all preflights and drops those headers; Gradio's are not needed.
"""

import gradio
from fastapi import FastAPI

from cors_core_starlette import CORSMiddleware

app = FastAPI()
app.add_middleware(
    CORSMiddleware, allow_origins=["https://app.example.com"], allow_methods=["GET", "POST"]
)


@app.get("/note")
def read_note() -> dict[str, str]:
    return {"text": "Hello from FastAPI"}


def greet(name: str) -> str:
    return f"Hello, {name}"


interface = gradio.Interface(greet, inputs="text", outputs="text", api_name="greet")
app = gradio.mount_gradio_app(app, interface, path="/ui")

"""GraphQL with Strawberry's ASGI app: `uvicorn examples.strawberry.app:app`, from the root.

A GraphQL client sends JSON by POST, which a browser asks for with a preflight.
"""

import strawberry
from strawberry.asgi import GraphQL

from cors_core.asgi import CORSMiddleware


@strawberry.type
class Query:
    @strawberry.field
    def greeting(self, name: str) -> str:
        return f"Hello, {name}"


app = CORSMiddleware(
    GraphQL(strawberry.Schema(Query)),
    allow_origins=["https://app.example.com"],
    allow_methods=["GET", "POST"],
    allow_credentials=True,
)

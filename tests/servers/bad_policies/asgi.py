"""An ASGI app that cannot be made."""

from typing import Any

from cors_core.asgi import CORSMiddleware


async def _never_called(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError


app = CORSMiddleware(_never_called, allow_origins=["https://app.example/"])

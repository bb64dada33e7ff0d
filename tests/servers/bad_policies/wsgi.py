"""A WSGI app that cannot be made."""

from cors_core.wsgi import CORSMiddleware

app = CORSMiddleware(lambda *_: [], allow_origins=["https://app.example/"])

"""cors-core for Starlette and FastAPI: `app.add_middleware(CORSMiddleware, ...)`."""

from cors_core_starlette.middleware import CORSMiddleware

__all__ = ["CORSMiddleware"]

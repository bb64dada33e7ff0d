"""cors-core for Falcon: `falcon.App(middleware=[CORSMiddleware(...)])`, WSGI and ASGI."""

from cors_core_falcon.middleware import CORSMiddleware

__all__ = ["CORSMiddleware"]

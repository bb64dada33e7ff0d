"""cors-core for Django: `"cors_core_django.CORSMiddleware"` in MIDDLEWARE, options in CORS_CORE.

With `"cors_core_django"` in INSTALLED_APPS, `manage.py check` looks at both.
"""

from cors_core_django.middleware import CORSMiddleware

__all__ = ["CORSMiddleware"]

"""The Django app: its only purpose is the system checks."""

from django.apps import AppConfig


class CORSCoreConfig(AppConfig):
    """Registers the checks of `cors_core_django.checks`."""

    name = "cors_core_django"
    label = "cors_core"
    verbose_name = "CORS"

    def ready(self) -> None:
        """Register the checks, as Django asks apps to do here."""
        from cors_core_django import advice, checks, order  # noqa: F401  # register themselves

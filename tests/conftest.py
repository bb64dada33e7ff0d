"""One Django site and one event loop for all tests."""

import logging
from collections.abc import Iterator

import django
import pytest
from django.conf import settings

from tests.behaviour.transports import close_event_loop


def pytest_configure() -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CORS_CORE={"allow_origins": ["https://site.example"]},
        INSTALLED_APPS=["cors_core_django"],
        MIDDLEWARE=["cors_core_django.CORSMiddleware"],
        ROOT_URLCONF="tests.behaviour.apps.django",
        SECRET_KEY="of the tests",
    )
    django.setup()
    for name in ("django.request", "falcon"):  # the crashes of the cases are expected
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@pytest.fixture(scope="session", autouse=True)
def event_loop_of_the_transports() -> Iterator[None]:
    yield
    close_event_loop()

"""What the apps and the tests both know."""

from cors_core import Policy

ORIGIN = "https://app.example"
POLICY = Policy(
    allow_origins=[ORIGIN], allow_methods=["GET", "PUT"], allow_headers=["X-Token"], max_age=60
)


class Crash(Exception):
    """What no app handles; its text is the token of the request."""

"""The one policy that all the examples share."""

from cors_core import Policy

policy = Policy(
    allow_origins=["https://app.example.com", "http://localhost:*"],
    allow_methods=["GET", "PUT"],
    allow_headers=["Authorization", "X-Request-ID"],
    allow_credentials=True,
)

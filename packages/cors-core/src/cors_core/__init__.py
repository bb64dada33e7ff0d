"""One CORS policy, the same verdict in every Python web framework.

What an app is written with. `cors_core.asgi` and `cors_core.wsgi` hold the middleware for apps of
no framework; `cors_core.adapters` is for those who write an adapter.
"""

from cors_core.choosing.choice import PolicyRequest
from cors_core.choosing.marks import EXEMPT, cors_exempt, cors_policy
from cors_core.choosing.reloadable import ReloadablePolicy
from cors_core.errors import PolicyError, Problem
from cors_core.messages import CORSRequest, Decision, Refusal, RequestKind
from cors_core.origins.lookup import OriginLookup
from cors_core.policy import Policy

__all__ = [
    "EXEMPT",
    "CORSRequest",
    "Decision",
    "OriginLookup",
    "Policy",
    "PolicyError",
    "PolicyRequest",
    "Problem",
    "Refusal",
    "ReloadablePolicy",
    "RequestKind",
    "cors_exempt",
    "cors_policy",
]

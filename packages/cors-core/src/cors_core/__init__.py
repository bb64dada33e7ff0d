"""One CORS policy, the same verdict in every Python web framework.

These are the public names; `cors_core.asgi` and `cors_core.wsgi` hold the two adapters that need
no framework.
"""

from cors_core.decide import decision_for
from cors_core.errors import PolicyError, Problem
from cors_core.messages import CORSRequest, Decision, Refusal, RequestKind
from cors_core.options import PolicyOptions
from cors_core.policy import Policy, policy_from

__all__ = [
    "CORSRequest",
    "Decision",
    "Policy",
    "PolicyError",
    "PolicyOptions",
    "Problem",
    "Refusal",
    "RequestKind",
    "decision_for",
    "policy_from",
]

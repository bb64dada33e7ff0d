"""One CORS policy, the same verdict in every Python web framework.

These are the public names; `cors_core.asgi` and `cors_core.wsgi` hold the two adapters that need
no framework.
"""

from typing import TYPE_CHECKING

from cors_core.decide import decision_for
from cors_core.errors import PolicyError, Problem
from cors_core.messages import CORSRequest, Decision, Refusal, RequestKind
from cors_core.options.reading import PolicyOptions
from cors_core.policy import Policy, policy_from

if TYPE_CHECKING:
    from cors_core.choosing.choice import PolicyChoice, PolicyRequest, PolicySource, decide_by
    from cors_core.choosing.marks import (
        EXEMPT,
        MARKS,
        ROUTING_FAILED,
        cors_exempt,
        cors_policy,
        mark_of,
    )
    from cors_core.choosing.reloadable import ReloadablePolicy
    from cors_core.origins.lookup import OriginLookup

__all__ = [
    "EXEMPT",
    "MARKS",
    "ROUTING_FAILED",
    "CORSRequest",
    "Decision",
    "OriginLookup",
    "Policy",
    "PolicyChoice",
    "PolicyError",
    "PolicyOptions",
    "PolicyRequest",
    "PolicySource",
    "Problem",
    "Refusal",
    "ReloadablePolicy",
    "RequestKind",
    "cors_exempt",
    "cors_policy",
    "decide_by",
    "decision_for",
    "mark_of",
    "policy_from",
]


_LATE = {
    "OriginLookup": "origins.lookup",
    "ReloadablePolicy": "choosing.reloadable",
    **dict.fromkeys(
        ["PolicyChoice", "PolicyRequest", "PolicySource", "decide_by"], "choosing.choice"
    ),
    **dict.fromkeys(["EXEMPT", "ROUTING_FAILED", "cors_exempt", "cors_policy"], "choosing.marks"),
    **dict.fromkeys(["mark_of", "MARKS"], "choosing.marks"),
}
"""What a policy alone does not need, and the module to import when it is asked for."""


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found

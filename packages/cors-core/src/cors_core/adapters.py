"""What an adapter is written with: all that a framework's package imports of the core.

`Layer` is what every adapter does with a request; CONTRIBUTING.md has the contract.
"""

from cors_core.asgi import ASGIApp, ASGIMiddleware, Message, Receive, Send, fail_startup
from cors_core.choosing.choice import CLOSED, PolicyChoice, PolicyRequest, PolicySource
from cors_core.choosing.marks import EXEMPT, MARKS, mark_of, marks_exist
from cors_core.decide import Decider
from cors_core.environs import EnvironReader
from cors_core.errors import PolicyError, Problem
from cors_core.failures import FailureLog, logger
from cors_core.layer import Layer, Reader, Routes, Undecided
from cors_core.messages import CORSRequest, Decision, HeaderFields
from cors_core.options.reading import PolicyOptions
from cors_core.options.unknown import not_an_option
from cors_core.scopes import Scope, ScopeReader
from cors_core.startup import (
    at_first_request,
    build_choice,
    check_app,
    warn_of_unreached_marks,
)
from cors_core.wsgi import STATUS_LINES, WSGIMiddleware

__all__ = [
    "CLOSED",
    "EXEMPT",
    "MARKS",
    "STATUS_LINES",
    "ASGIApp",
    "ASGIMiddleware",
    "CORSRequest",
    "Decider",
    "Decision",
    "EnvironReader",
    "FailureLog",
    "HeaderFields",
    "Layer",
    "Message",
    "PolicyChoice",
    "PolicyError",
    "PolicyOptions",
    "PolicyRequest",
    "PolicySource",
    "Problem",
    "Reader",
    "Receive",
    "Routes",
    "Scope",
    "ScopeReader",
    "Send",
    "Undecided",
    "WSGIMiddleware",
    "at_first_request",
    "build_choice",
    "check_app",
    "fail_startup",
    "logger",
    "mark_of",
    "marks_exist",
    "not_an_option",
    "warn_of_unreached_marks",
]

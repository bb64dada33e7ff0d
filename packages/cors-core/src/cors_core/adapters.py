"""What an adapter is written with: all that a framework's package imports of the core.

`Layer` is what every adapter does with a request; CONTRIBUTING.md has the contract.
"""

from cors_core.asgi import ASGIApp, ASGIMiddleware, Message, Receive, Send
from cors_core.choosing.choice import PolicyChoice, PolicyRequest, PolicySource
from cors_core.choosing.marks import EXEMPT, MARKS, mark_of
from cors_core.decide import Decider
from cors_core.environs import EnvironReader
from cors_core.errors import PolicyError, Problem
from cors_core.layer import Layer, Reader, Routes, Undecided
from cors_core.messages import CORSRequest, Decision, HeaderFields
from cors_core.options.advice import allows_nobody
from cors_core.options.reading import PolicyOptions
from cors_core.options.unknown import not_an_option
from cors_core.scopes import Scope, ScopeReader
from cors_core.wsgi import STATUS_LINES, WSGIMiddleware

__all__ = [
    "EXEMPT",
    "MARKS",
    "STATUS_LINES",
    "ASGIApp",
    "ASGIMiddleware",
    "CORSRequest",
    "Decider",
    "Decision",
    "EnvironReader",
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
    "allows_nobody",
    "mark_of",
    "not_an_option",
]

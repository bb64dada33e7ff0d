"""The table of behaviour cases, by theme. Every case runs on every driver."""

from tests.behaviour.case import Case

from . import (
    actual_requests,
    choice,
    classification,
    errors,
    headers_of_the_app,
    hostile,
    marks,
    origins,
    preflights,
)

CASES: list[Case] = [
    *classification.CASES,
    *origins.CASES,
    *preflights.CASES,
    *actual_requests.CASES,
    *headers_of_the_app.CASES,
    *errors.CASES,
    *hostile.CASES,
    *choice.CASES,
    *marks.CASES,
]

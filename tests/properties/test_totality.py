"""No request makes `decide` raise, nor its answer grow; no options raise but a PolicyError."""

import pickle
import re
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cors_core import CORSRequest, Decision, Policy, PolicyError
from cors_core.adapters import PolicyOptions
from tests.properties import examples
from tests.properties.strategies import (
    ALL_ORIGINS,
    ALLOWED_HEADERS,
    ENTRIES,
    EXPOSED_HEADERS,
    METHODS,
    PAGE_METHODS,
    REGEXES,
    options,
)

LONGEST_ANSWER = 6_000
"""Characters: a request's names may come back where `*` allows them, and are bounded (R8, R16)."""

# Every code point, lone surrogates too: a core may be called without any server before it.
_TEXT = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"]), max_size=40)
_BYTES = st.binary(max_size=40).map(lambda data: data.decode("latin-1"))
_PIECES = st.lists(
    st.sampled_from(
        ["https://", "a", ".example", "app.example", "[::1]", ":", "443", "*", "/", "@", "null",
         ",", ", ", " ", "\t", "\r\n", "\0", "\x85", "x-a", "Authorization", "GET", "\u212a", "%"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
_HUGE = st.tuples(st.sampled_from(["a", ",", "x-a,", "x, ", "\r\n", "https://a.", "\xff"])).map(
    lambda piece: piece[0] * (65_536 // len(piece[0]))
)
_ANY = st.one_of(_TEXT, _BYTES, _PIECES, _HUGE)
_PERHAPS = st.one_of(st.none(), _ANY)
_REQUESTS = st.builds(
    CORSRequest,
    method=st.one_of(st.just("OPTIONS"), st.sampled_from(PAGE_METHODS), _ANY),
    origin=st.one_of(st.sampled_from(ALL_ORIGINS), _PERHAPS),
    request_method=st.one_of(st.sampled_from(PAGE_METHODS), _PERHAPS),
    request_headers=_PERHAPS,
    private_network=st.one_of(st.sampled_from([None, "true", True, False]), _ANY),
)


def unsound(decision: Decision) -> str:
    """Return what must never be in an answer; nothing if all is well."""
    lines = [*decision.headers, *decision.text.answer, ("Vary", ", ".join(decision.vary))]
    size = sum(len(name) + len(value) for name, value in lines) + len(decision.body)
    if size > 2 * LONGEST_ANSWER:  # `answer` holds `headers` again
        return f"{size} characters"
    for text in [decision.body, *(part for line in lines for part in line)]:
        if not text.isascii() or not text.isprintable():
            return f"{text!r} is no header's value"
    return ""


@examples(200)
@given(options(), st.lists(_REQUESTS, min_size=1, max_size=3))
def test_decide_is_total(policy: dict[str, Any], requests: list[CORSRequest]) -> None:
    built = Policy(**policy)
    for request in requests:
        decision = built.decide(request)
        assert not unsound(decision)
        assert decision == built.decide(request), "a remembered decision is another one"
        assert decision.allowed or not decision.headers or decision.status == 400
        if "*" in dict(decision.headers).values():
            assert built.allow_origins == ("*",) or "*" in built.expose_headers


@pytest.mark.parametrize(
    "decision",
    [
        lambda good: Decision(good.kind, (), (("X", "a\r\nb"),), ()),
        lambda good: Decision(good.kind, (), (("X", "\xff"),), ()),
        lambda good: Decision(good.kind, (), (), ("a\0",)),
        lambda good: Decision(good.kind, (), (("X", "a" * 2 * LONGEST_ANSWER),), ()),
    ],
)
def test_what_is_unsound_is_found(decision: Callable[[Decision], Decision]) -> None:
    good = Policy(allow_origins=["*"]).decide(CORSRequest("GET"))
    assert not unsound(good)
    assert unsound(decision(good))


class Unprintable:
    """An option that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


_ENTRIES = st.one_of(
    _TEXT,
    _PIECES,
    st.text("htps:/.*[]@?#\\%0x1aB-_,\u00fc\u3002\ud800 \n", max_size=20).map("https://".__add__),
    st.sampled_from([*ENTRIES, *METHODS, *ALLOWED_HEADERS, *EXPOSED_HEADERS, *REGEXES]),
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), _ENTRIES, st.binary(max_size=9),
    st.timedeltas(), st.builds(Unprintable), st.just(10**5000),
    st.sampled_from([re.compile("a"), re.compile(b"a"), timedelta.max, list, len, Policy, 1j]),
)  # fmt: skip
_JUNK = st.one_of(
    _SCALARS,
    st.lists(_ENTRIES, max_size=4),
    st.lists(_SCALARS, max_size=4),
    st.lists(_ENTRIES, max_size=4).map(tuple),
    st.frozensets(_ENTRIES, max_size=4),
    st.dictionaries(_ENTRIES, _SCALARS, max_size=2),
    st.lists(_ENTRIES, max_size=2).map(iter),
)
_OPTION_NAMES = st.sampled_from([*PolicyOptions.__annotations__, "allow_origin", "supports_x", ""])


@examples(400)
@given(st.dictionaries(_OPTION_NAMES, _JUNK, max_size=4))
@example({"allow_origins": "https://a.example, https://b.example"})
@example({"allow_origins": ["https://\ud800"]})
@example({"allow_origin_regex": "("})
@example({"max_age": 10**5000})
def test_junk_is_a_policy_or_a_policy_error(junk: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # re has opinions on a pattern such as "[[a]"
        try:
            policy = Policy(**junk)
        except PolicyError as error:
            check_error(error)
        else:
            assert not unsound(policy.decide(CORSRequest("GET", "https://app.example")))
            assert pickle.loads(pickle.dumps(policy)) == policy


def check_error(error: PolicyError) -> None:
    """Check that a person can read the error, on a terminal too."""
    assert error.problems
    str(error).encode()
    for problem in error.problems:
        assert problem.option.split("[")[0] in str(problem)
        assert problem.reason
        assert problem.fix
        assert len(str(problem)) < 10_000


@pytest.mark.parametrize(
    "junk",
    [
        {"allow_origins": {10**5000}},
        {"allow_origins": {Unprintable()}},
        {"allow_origin_regex": f"a{{{'9' * 5000}}}"},
    ],
    ids=["a set of a number too long to show", "a set of what cannot be shown", "huge repetition"],
)
def test_junk_that_raises_something_else(junk: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Policy(**junk)


def test_with_credentials_no_answer_holds_a_literal_star() -> None:
    policy = Policy(
        allow_origins=["https://app.example"], allow_headers=["*"], allow_credentials=True
    )
    request = CORSRequest("OPTIONS", "https://app.example", "GET", "*, x-a")
    named = dict(policy.decide(request).headers).get("Access-Control-Allow-Headers", "")
    assert "*" not in named.split(", ")

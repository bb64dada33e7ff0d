"""Reads the options of a policy, one by one: types, tokens, spellings. Rules R18 and R19.

Every reader appends what is wrong to `problems` and returns what is right, so that one run finds
everything. What options mean together is checked in `openness`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from cors_core.errors import Problem
from cors_core.fetch_standard import (
    CORS_RESPONSE_HEADERS,
    FORBIDDEN_METHODS,
    FORBIDDEN_REQUEST_HEADER_PREFIXES,
    FORBIDDEN_REQUEST_HEADERS,
    FORBIDDEN_RESPONSE_HEADERS,
    NORMALIZED_METHODS,
    STANDARD_METHODS,
)
from cors_core.field_names import is_token
from cors_core.options.entries import SHARED_ORIGINS, Misspelt, read_entry
from cors_core.options.mistakes import not_a_flag, not_a_list, not_a_string, not_a_token
from cors_core.options.unknown import not_an_option
from cors_core.origins.index import OriginPattern

if TYPE_CHECKING:
    from cors_core.origins.lookup import OriginLookup

_MAX_DELTA_SECONDS = 2**31 - 1
"""RFC 9111 section 1.2.2: the largest delta-seconds that a recipient must understand."""

Problems = list[Problem]


class PolicyOptions(TypedDict, total=False):
    """The options of a Policy, for adapters that take them as keywords."""

    allow_origins: "Iterable[str | OriginLookup] | OriginLookup"
    allow_origin_regex: str | re.Pattern[str] | None
    allow_methods: Iterable[str]
    allow_headers: Iterable[str]
    allow_credentials: bool
    expose_headers: Iterable[str]
    max_age: int | timedelta | None
    allow_private_network: bool


class PolicySettings(NamedTuple):
    """The options of a Policy after reading: tuples of what is valid, `*` methods spelled out."""

    allow_origins: "tuple[str | OriginLookup, ...]"
    allow_origin_regex: re.Pattern[str] | None
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    allow_credentials: bool
    expose_headers: tuple[str, ...]
    max_age: int | None
    allow_private_network: bool


class Origins(NamedTuple):
    """What `allow_origins` lists, sorted by kind; `where` maps each to its entry's name."""

    listed: "tuple[str | OriginLookup, ...]"
    exact: list[str]
    patterns: list[OriginPattern]
    lookup: "OriginLookup | None"
    where: "dict[str | OriginPattern, tuple[str, str]]"


NO_ORIGINS = Origins((), [], [], None, {})


def read_origins(value: object, problems: Problems) -> Origins:
    """Read `allow_origins`: serialized origins, patterns, `null`, `file://`, or `*` alone."""
    entries, lookup = _without_lookup(value, problems)
    listed = _strings("allow_origins", entries, "'https://app.example'", problems)
    exact: list[str] = []
    patterns: list[OriginPattern] = []
    where: dict[str | OriginPattern, tuple[str, str]] = {}
    for name, text in listed:
        entry = read_entry(text)
        if isinstance(entry, Misspelt):
            problems.append(Problem(name, text, entry.reason, entry.fix))
            continue
        if isinstance(entry, str):
            exact.append(entry)
        else:
            patterns.append(entry)
        if not isinstance(entry, str) or entry == "*" or entry in SHARED_ORIGINS:
            where.setdefault(entry, (name, text))
    texts: tuple[Any, ...] = tuple(text for _, text in listed)
    given = texts if lookup is None else (*texts, lookup)
    return Origins(given, exact, patterns, lookup, where)


def _without_lookup(value: Any, problems: Problems) -> "tuple[Any, OriginLookup | None]":
    """Take an OriginLookup from what is to be read: it is known by what it does, not imported."""
    if _is_lookup(value):
        return (), value
    if not _is_list(value):
        return value, None
    # A list of its own: a generator is read once, and what is left of a set keeps the set's order.
    value = _in_order(value) if isinstance(value, set | frozenset) else list(value)
    lookups = [entry for entry in value if _is_lookup(entry)]
    if len(lookups) > 1:
        reason = "stands beside another OriginLookup"
        problems.append(Problem("allow_origins", lookups[1], reason, "ask both in one lookup"))
    others = [entry for entry in value if not _is_lookup(entry)]
    return (others, lookups[0]) if lookups else (value, None)


def _is_lookup(entry: object) -> bool:
    return hasattr(entry, "allows") and hasattr(entry, "ask")


def _is_list(value: object) -> bool:
    """Say whether it holds entries, not parts of one text and not keys of something else."""
    return isinstance(value, Iterable) and not isinstance(
        value, str | bytes | bytearray | memoryview | Mapping
    )


def read_regex(value: object, problems: Problems) -> re.Pattern[str] | None:
    """Read `allow_origin_regex`: a str or a compiled pattern of str, matched whole."""
    regex = _compiled(value, problems)
    if regex is not None:
        from cors_core.options.backtracking import (
            slowness_of,  # late: large, and few policies have one
        )

        slowness = slowness_of(regex)
        if slowness is None:
            return regex
        problems.append(Problem("allow_origin_regex", regex.pattern, *slowness))
    return None


def _compiled(value: object, problems: Problems) -> re.Pattern[str] | None:
    option = "allow_origin_regex"
    if value is None:
        return None
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        return value
    if not isinstance(value, str):
        reason = f"is of type {type(value).__name__}, not a str or a compiled pattern of str"
        problems.append(Problem(option, value, reason, r"write r'https://[a-z]+\.example\.com'"))
    elif not value:
        problems.append(Problem(option, value, "matches no origin", "use None for no regex"))
    elif "\r" in value or "\n" in value:
        problems.append(Problem(option, value, "holds a line break", "write it on one line"))
    else:
        try:
            return re.compile(value)
        except (re.error, ValueError, OverflowError, RecursionError, Warning) as error:
            problems.append(Problem(option, value, f"does not compile: {error}", "correct it"))
    return None


def read_methods(value: object, problems: Problems) -> tuple[str, ...]:
    """Read `allow_methods`; `*` stands for the standard methods, spelled out."""
    methods: dict[str, None] = {}
    for name, method in _strings("allow_methods", value, "'GET', 'POST'", problems):
        if method == "*":
            methods |= dict.fromkeys(STANDARD_METHODS)
        elif not is_token(method):
            problems.append(not_a_token(name, method, "method", "'GET'"))
        elif method.upper() in FORBIDDEN_METHODS:
            reason = "is a forbidden method, which no page can use"
            problems.append(Problem(name, method, reason, "remove it"))
        elif method not in NORMALIZED_METHODS and method.upper() in NORMALIZED_METHODS:
            reason = "is never sent so: methods are case-sensitive, and browsers send upper case"
            problems.append(Problem(name, method, reason, f"write {method.upper()!r}"))
        else:
            methods[method] = None
    return tuple(methods)


def read_field_names(option: str, value: object, problems: Problems) -> tuple[str, ...]:
    """Read `allow_headers` or `expose_headers`: field names, each once in whatever case, or `*`."""
    names: dict[str, str] = {}
    for entry, name in _strings(option, value, "'X-Request-ID'", problems):
        if not is_token(name):
            problems.append(not_a_token(entry, name, "field name", "'X-Request-ID'"))
        elif in_vain := _in_vain(option, name.lower()):
            problems.append(Problem(entry, name, *in_vain))
        else:
            names.setdefault(name.lower(), name)
    return tuple(names.values())


def _in_vain(option: str, name: str) -> tuple[str, str] | None:
    """Return why no page can set or read a header of this name, and the fix, if that is so."""
    if option == "expose_headers":
        if name in FORBIDDEN_RESPONSE_HEADERS:
            return "is a forbidden response-header name, which no page can read", "remove it"
        return None
    if name in FORBIDDEN_REQUEST_HEADERS or name.startswith(FORBIDDEN_REQUEST_HEADER_PREFIXES):
        cookies = ": allow_credentials=True lets cookies come" if name == "cookie" else ""
        reason = "is a forbidden request-header name, which no page can set"
        return reason, f"remove it{cookies}"
    if name in CORS_RESPONSE_HEADERS:
        reason = "is a response header, which the server sends"
        return reason, "remove it, here and from the page's requests"
    return None


def read_flag(option: str, value: object, problems: Problems) -> bool:
    """Read an option that is True or False and nothing like it."""
    if not isinstance(value, bool):
        problems.append(not_a_flag(option, value))
    return value is True


def read_max_age(value: object, problems: Problems) -> int | None:
    """Read `max_age`: whole seconds, a timedelta of them, or `None`."""
    if value is None:
        return None
    seconds = value if type(value) is int else _whole_seconds(value)
    fix = "write seconds such as 600, a timedelta, 0 against caching, or None to send none"
    if seconds is None:
        whole = isinstance(value, float) or hasattr(value, "total_seconds")
        reason = (
            "is not in whole seconds"
            if whole
            else f"is of type {type(value).__name__}, not int, timedelta or None"
        )
        problems.append(Problem("max_age", value, reason, fix))
    elif seconds < 0:
        problems.append(Problem("max_age", value, "is negative", fix))
    elif seconds > _MAX_DELTA_SECONDS:
        problems.append(Problem("max_age", value, "is over 2**31 - 1 seconds", fix))
    else:
        return seconds
    return None


def _whole_seconds(value: object) -> int | None:
    if isinstance(value, timedelta) and not value.microseconds:
        return int(value.total_seconds())
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def reject_unknown(unknown: Mapping[str, object], problems: Problems) -> None:
    """Report options that a policy does not have, each with what was meant."""
    if unknown:
        known = PolicyOptions.__annotations__
        problems += [not_an_option(option, value, known) for option, value in unknown.items()]


def _strings(option: str, value: Any, example: str, problems: Problems) -> list[tuple[str, str]]:
    """Return the named entries of a list of str, in their order (sorted, if a set)."""
    if not _is_list(value):
        problems.append(not_a_list(option, value, example))
        return []
    entries = _in_order(value) if isinstance(value, set | frozenset) else value
    named: list[tuple[str, str]] = []
    for index, entry in enumerate(entries):
        name = f"{option}[{index}]"
        if isinstance(entry, str):
            named.append((name, entry))
        else:
            problems.append(not_a_string(name, entry, example))
    return named


def _in_order(entries: Iterable[Any]) -> list[Any]:
    """Sort a set, so that the same policy gives the same headers each time it starts."""
    texts = sorted(entry for entry in entries if isinstance(entry, str))
    return texts + [entry for entry in entries if not isinstance(entry, str)]

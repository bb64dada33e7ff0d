"""Reads the options of a policy, one by one: types, tokens, spellings. Rules R18 and R19.

Every reader appends what is wrong to `problems` and returns what is right, so that one run finds
everything. What options mean together is checked in `openness`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from cors_core.errors import Problem
from cors_core.fetch_standard import FORBIDDEN_METHODS, NORMALIZED_METHODS, STANDARD_METHODS
from cors_core.field_names import is_token

if TYPE_CHECKING:
    from datetime import timedelta

    from cors_core.origins.index import OriginPattern
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
    max_age: "int | timedelta | None"
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
    patterns: "list[OriginPattern]"
    lookup: "OriginLookup | None"
    where: "dict[str | OriginPattern, tuple[str, str]]"


def read_origins(value: object, problems: Problems) -> Origins:
    """Read `allow_origins`: serialized origins, patterns, `null`, or `*` alone."""
    entries, lookup = _without_lookup(value, problems)
    listed = _strings("allow_origins", entries, "'https://app.example'", problems)
    exact: list[str] = []
    patterns: list[OriginPattern] = []
    where: dict[str | OriginPattern, tuple[str, str]] = {}
    if listed:
        from cors_core.options.entries import Misspelt, read_entry  # late: for quick imports
    for name, text in listed:
        entry = read_entry(text)
        if isinstance(entry, Misspelt):
            problems.append(Problem(name, text, entry.reason, entry.fix))
            continue
        if isinstance(entry, str):
            exact.append(entry)
        else:
            patterns.append(entry)
        if not isinstance(entry, str) or entry in ("*", "null"):
            where.setdefault(entry, (name, text))
    texts: tuple[Any, ...] = tuple(text for _, text in listed)
    given = texts if lookup is None else (*texts, lookup)
    return Origins(given, exact, patterns, lookup, where)


def _without_lookup(value: Any, problems: Problems) -> "tuple[Any, OriginLookup | None]":
    """Take an OriginLookup from what is to be read: it is known by what it does, not imported."""
    if _is_lookup(value):
        return (), value
    if not isinstance(value, list | tuple | set | frozenset):
        return value, None
    lookups = [entry for entry in value if _is_lookup(entry)]
    if len(lookups) > 1:
        reason = "stands beside another OriginLookup"
        problems.append(Problem("allow_origins", lookups[1], reason, "ask both in one lookup"))
    others = [entry for entry in value if not _is_lookup(entry)]
    return (others, lookups[0]) if lookups else (value, None)


def _is_lookup(entry: object) -> bool:
    return hasattr(entry, "allows") and hasattr(entry, "ask")


def read_regex(value: object, problems: Problems) -> re.Pattern[str] | None:
    """Read `allow_origin_regex`: a str or a compiled pattern of str, matched whole."""
    regex = _compiled(value, problems)
    if regex is not None:
        from cors_core.options.backtracking import slowness_of  # late: for quick imports

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
            problems.append(_not_a_token(name, method, "method", "'GET'"))
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
        if is_token(name):
            names.setdefault(name.lower(), name)
        else:
            problems.append(_not_a_token(entry, name, "field name", "'X-Request-ID'"))
    return tuple(names.values())


def read_flag(option: str, value: object, problems: Problems) -> bool:
    """Read an option that is True or False and nothing like it."""
    if not isinstance(value, bool):
        reason = f"is of type {type(value).__name__}, not bool"
        problems.append(Problem(option, value, reason, "write True or False"))
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
    from datetime import timedelta  # late: few policies have one

    if isinstance(value, timedelta) and not value.microseconds:
        return int(value.total_seconds())
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def reject_unknown(unknown: Mapping[str, object], problems: Problems) -> None:
    """Report options that a policy does not have, each with the nearest that it has."""
    for option, value in unknown.items():
        import difflib  # late: only a mistake comes here

        known = list(PolicyOptions.__annotations__)
        nearest = difflib.get_close_matches(option, known, n=1, cutoff=0.0)[0]
        problems.append(Problem(option, value, "is no option", f"did you mean {nearest!r}?"))


def _strings(option: str, value: Any, example: str, problems: Problems) -> list[tuple[str, str]]:
    """Return the named entries of a list of str, in their order (sorted, if a set)."""
    if isinstance(value, str):
        written = [part for part in re.split(r"[,\s]+", value) if part]
        problems.append(Problem(option, value, "is a string, not a list", f"write {written}"))
        return []
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        reason = f"is of type {type(value).__name__}, not a list of strings"
        problems.append(Problem(option, value, reason, f"write [{example}]"))
        return []
    entries = _in_order(value) if isinstance(value, set | frozenset) else value
    named: list[tuple[str, str]] = []
    for index, entry in enumerate(entries):
        name = f"{option}[{index}]"
        if isinstance(entry, str):
            named.append((name, entry))
        else:
            reason = f"is of type {type(entry).__name__}, not str"
            problems.append(Problem(name, entry, reason, f"write a string such as {example}"))
    return named


def _in_order(entries: Iterable[Any]) -> list[Any]:
    """Sort a set, so that the same policy gives the same headers each time it starts."""
    texts = sorted(entry for entry in entries if isinstance(entry, str))
    return texts + [entry for entry in entries if not isinstance(entry, str)]


def _not_a_token(name: str, text: str, what: str, example: str) -> Problem:
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if not parts:
        return Problem(name, text, "is empty", f"remove it, or write a {what} such as {example}")
    if len(parts) > 1 and all(map(is_token, parts)):
        entries = ", ".join(map(repr, parts))
        return Problem(name, text, "is a list in one string", f"write {entries} as entries")
    fix = f"write {parts[0]!r}" if is_token(parts[0]) else f"write one such as {example}"
    return Problem(name, text, f"is no valid {what}", f"{fix} (RFC 9110 section 5.6.2, token)")

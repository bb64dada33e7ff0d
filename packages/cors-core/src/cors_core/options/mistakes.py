"""What to say of a value of the wrong type, and of a text that is no token. Rule R19.

Only a mistake imports this.
"""

import re

from cors_core.errors import Problem
from cors_core.field_names import is_token
from cors_core.options.entries import parts_of


def not_a_list(option: str, value: object, example: str) -> Problem:
    """Return the Problem of a value that should list strings such as `example`."""
    if isinstance(value, str):
        return Problem(option, value, "is a string, not a list", f"write {parts_of(value)}")
    reason = f"is of type {type(value).__name__}, not a list of strings"
    none = "[] for none, or " if value is None else ""
    return Problem(option, value, reason, f"write {none}[{example}]")


def not_a_string(name: str, entry: object, example: str) -> Problem:
    """Return the Problem of a list's entry that should be a string such as `example`.

    A URL object of pydantic is known by its class's module: the core does not depend on pydantic.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(entry).__mro__}
    if packages & {"pydantic", "pydantic_core"} and hasattr(entry, "host"):
        reason = f"is a pydantic URL of type {type(entry).__name__}, not str"
        fix = 'write [str(url).rstrip("/") for url in urls], because its text ends in a slash'
        return Problem(name, entry, reason, fix)
    if isinstance(entry, re.Pattern) and name.startswith("allow_origins"):
        fix = "give it as allow_origin_regex"
        return Problem(name, entry, "is a regex, not an origin", fix)
    reason = f"is of type {type(entry).__name__}, not str"
    return Problem(name, entry, reason, f"write a string such as {example}")


def not_a_flag(option: str, value: object) -> Problem:
    """Return the Problem of a value that should be True or False.

    Falcon's `allow_credentials` names the origins that may send them.
    """
    if option == "allow_credentials" and _names_origins(value):
        fix = "write True, and list in allow_origins the origins that may send credentials"
        return Problem(option, value, "names origins, and is not a bool", fix)
    reason = f"is of type {type(value).__name__}, not bool"
    return Problem(option, value, reason, "write True or False")


def _names_origins(value: object) -> bool:
    if isinstance(value, str):
        return value == "*" or "://" in value
    return isinstance(value, list | tuple | set | frozenset)


def not_a_token(name: str, text: str, what: str, example: str) -> Problem:
    """Return the Problem of a text that should be a token: a method or a field name, `what`."""
    parts = parts_of(text)
    if not parts:
        return Problem(name, text, "is empty", f"remove it, or write a {what} such as {example}")
    if len(parts) > 1 and all(map(is_token, parts)):
        entries = ", ".join(map(repr, parts))
        return Problem(name, text, "is a list in one string", f"write {entries} as entries")
    fix = f"write {parts[0]!r}" if is_token(parts[0]) else f"write one such as {example}"
    return Problem(name, text, f"is no valid {what}", f"{fix} (RFC 9110 section 5.6.2, token)")

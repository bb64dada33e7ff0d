"""What a file of options says, TOML or JSON: its bytes in, policies or every problem out.

When the file is read, and what becomes of the policies, is in `followed_file`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Never

from cors_core.errors import PolicyError, Problem
from cors_core.policy import Policy

Name = str | None
"""The table that holds a policy's options; `None` for the file itself."""


def tables_in(path: Path, content: bytes) -> list[Name]:
    """Return the names of the tables of a file that has one for each policy.

    :raises PolicyError: if it is neither TOML nor JSON, or empty.
    """
    names: list[Name] = list(_parsed(path, content))
    if not names:
        fix = "write one for each policy, such as [public]"
        raise PolicyError((Problem(str(path), None, "holds no table", fix),))
    return names


def policies_in(path: Path, content: bytes, names: Iterable[Name]) -> dict[Name, Policy]:
    """Return the policies of these names.

    :raises PolicyError: with the problems of them all.
    """
    options = _parsed(path, content)
    policies: dict[Name, Policy] = {}
    problems: list[Problem] = []
    for name in names:
        table = options if name is None else options.get(name)
        if not isinstance(table, Mapping):
            fix = f"give it a table [{name}]"
            problems.append(Problem(str(path), name, "is no policy of this file", fix))
            continue
        where = "" if name is None else f"{name}."
        if "allow_origins" not in table and "allow_origin_regex" not in table:
            # What is left of a file that was cut; as a policy it would close the app in silence.
            reason = "is missing, and so is allow_origin_regex"
            fix = "list the origins, or write an empty list to allow none"
            problems.append(Problem(f"{where}allow_origins", None, reason, fix))
        try:
            policies[name] = Policy(**table)
        except PolicyError as error:
            problems += [p._replace(option=where + p.option) for p in error.problems]
    if problems:
        raise PolicyError(tuple(problems))
    return policies


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")  # some editors on Windows write a byte order mark
        options = _parsed_json(text) if path.suffix.lower() == ".json" else _parsed_toml(text)
    except (ValueError, RecursionError) as error:  # of both formats, and of what is not UTF-8
        fix = "write TOML, or JSON in a file named .json"
        raise PolicyError((Problem(str(path), None, f"cannot be read: {error}", fix),)) from None
    if not isinstance(options, dict):
        raise PolicyError((Problem(str(path), options, "holds no options", "write a table"),))
    return options


def _parsed_toml(text: str) -> Any:
    import tomllib  # late: only one of the two formats is needed

    return tomllib.loads(text)


def _parsed_json(text: str) -> Any:
    import json  # late: only one of the two formats is needed

    return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what RFC 8259 section 4 leaves open, and Python settles by dropping the first."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return table


def _refuse_constant(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON (RFC 8259 section 6)")

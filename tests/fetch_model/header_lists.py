"""Header lists: names with values, in their order. https://fetch.spec.whatwg.org/#terminology-headers

Names and values are isomorphic-decoded (Latin-1).
"""

from collections.abc import Callable, Iterable

from tests.fetch_model.methods import is_token

HeaderList = Iterable[tuple[str, str]]
BLANK = " \t"


class Malformed(Exception):
    """What the standard calls failure: a header's value does not follow its ABNF."""


def values_of(name: str, header_list: HeaderList) -> list[str]:
    """Return the values of all headers of that name, without the blanks around them."""
    return [value.strip(BLANK) for key, value in header_list if key.lower() == name.lower()]


def get(name: str, header_list: HeaderList) -> str | None:
    """Get: the values, joined by a comma and a space. #concept-header-list-get"""
    values = values_of(name, header_list)
    return ", ".join(values) if values else None


def extract_tokens(name: str, header_list: HeaderList) -> list[str] | None:
    """Extract header list values, for the names whose ABNF is a list of tokens.

    `None` where there is no such header. A list's recipient ignores empty elements (RFC 9110
    section 5.6.1.2).

    :raises Malformed: if an element is no token.

    https://fetch.spec.whatwg.org/#extract-header-list-values
    """
    values = values_of(name, header_list)
    tokens = [
        token for value in values for part in value.split(",") if (token := part.strip(BLANK))
    ]
    for token in tokens:
        if not is_token(token):
            raise Malformed(f"{name} holds {token!r}, which is no token")
    return tokens if values else None


def extract_delta_seconds(name: str, header_list: HeaderList) -> int | None:
    """Extract header list values, for a name whose ABNF is delta-seconds: one header.

    :raises Malformed: if it is anything else, or there is more than one.

    https://fetch.spec.whatwg.org/#extract-header-list-values
    """
    values = values_of(name, header_list)
    if not values:
        return None
    if len(values) > 1 or not (values[0].isascii() and values[0].isdigit()):
        raise Malformed(f"{name} is {', '.join(values)!r}, not a number of seconds")
    return int(values[0])


def without(unwanted: Callable[[str], bool], header_list: HeaderList) -> list[tuple[str, str]]:
    """Return the list without the headers of the names that are unwanted."""
    return [(name, value) for name, value in header_list if not unwanted(name)]

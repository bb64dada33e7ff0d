"""The public suffix list, as far as a policy needs it: under which names anybody may register.

Top-level domains that the list does not know (localhost, internal, test) are nobody's registry.

https://github.com/publicsuffix/list/wiki/Format
"""

from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import NamedTuple

import publicsuffixlist

_MISSING_RULES = ("*.cloudapp.azure.com",)
"""Names that different customers share, as those on the list, but that it has not, or not always:
Azure gives out NAME.REGION.cloudapp.azure.com."""


class _Rules(NamedTuple):
    reader: publicsuffixlist.PublicSuffixList
    backward: list[str]
    """The rules without their `*.` or `!`, read from the last character to the first, in order."""
    wild: frozenset[str]
    """The bases of rules such as `*.ck`: whatever stands before such a base is a suffix with it."""


@cache
def _rules() -> _Rules:
    text = Path(publicsuffixlist.PSLFILE).read_text("utf-8")
    lines = [line.split()[0] for line in text.splitlines() if line.split() and line[:2] != "//"]
    lines += _MISSING_RULES
    ascii_lines = [line if line.isascii() else line.encode("idna").decode() for line in lines]
    reader = publicsuffixlist.PublicSuffixList(
        "\n".join(ascii_lines), accept_unknown=False, accept_encoded_idn=False
    )
    backward = sorted({line.lstrip("!*.")[::-1] for line in ascii_lines})
    wild = frozenset(line[2:] for line in ascii_lines if line.startswith("*."))
    return _Rules(reader, backward, wild)


def is_public_suffix(host: str) -> bool:
    """Say whether anybody may register a name directly under `host`."""
    return host not in _rules().wild and _rules().reader.is_public(host)


def registrable_domain(host: str) -> str | None:
    """Return the public suffix of `host` and the label before it, `None` where it has none.

    >>> registrable_domain("www.example.co.uk")
    'example.co.uk'
    """
    return _rules().reader.privatesuffix(host)


def ends_some_suffix(text: str) -> bool:
    """Say whether some public suffix is `text`, or is longer and ends with it.

    >>> ends_some_suffix("zonaws.com"), ends_some_suffix("example.com")
    (True, False)
    """
    if text.partition(".")[2] in _rules().wild:
        return True
    backward, wanted = _rules().backward, text[::-1]
    place = bisect_left(backward, wanted)
    return place < len(backward) and backward[place].startswith(wanted)


def public_suffix_below(base: str) -> str | None:
    """Return `base` or the public suffix nearest to it that ends with `.base`, if there is one.

    >>> public_suffix_below("co.uk"), public_suffix_below("example.com")
    ('co.uk', None)
    """
    host = base.removesuffix(".")
    if host in _rules().wild:
        return f"*.{host}"
    if is_public_suffix(host):
        return host
    backward, wanted = _rules().backward, f".{host}"[::-1]
    place = bisect_left(backward, wanted)
    if place < len(backward) and backward[place].startswith(wanted):
        return backward[place][::-1]
    return None

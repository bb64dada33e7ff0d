"""Reads an origin from its last character to its first, where it may be that of a foreign site.

A public suffix stands at the end of a host, so this is the direction in which to find out who owns
it. In this order:

    origin    = [ port ":" ] host "//:" ( "sptth" / "ptth" )
    host      = [ "." ] public-suffix "." label [ "." subdomain ] / IPv4 address / IPv6 address

A reading goes on as long as a wildcard of the regex can have written a character of the registrable
domain (the public suffix and the label before it) or of a public address. Where several characters
make no difference to that, one stands for all, so that there are few readings to go through.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

from cors_core.options.public_suffixes import ends_some_suffix, is_public_suffix
from cors_core.options.regexes import ORIGIN_CHARACTERS, mask_of
from cors_core.origins.serialized import parse_origin

SCHEMES = ("https://", "http://")

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAME_CHARACTERS = f"{_LETTERS}{_DIGITS}-."
_OTHER_HOST_CHARACTERS = "".join(c for c in ORIGIN_CHARACTERS if c not in f"{_NAME_CHARACTERS}/:[]")
_MASKS = {character: mask_of(character) for character in ORIGIN_CHARACTERS}


class Place(IntEnum):
    """How far an origin has been read; the higher, the more promising."""

    END = 0
    PORT = 1
    IPV6 = 2
    IPV4 = 3
    SUFFIX = 4
    LABEL = 5
    SUBDOMAIN = 6
    SCHEME = 7


class Reading(NamedTuple):
    """What of an origin has been read: up to where, and the text that still matters there."""

    place: Place
    text: str
    by_wildcard: bool
    """Whether a wildcard has written some of what its owner must own."""


START = Reading(Place.END, "", by_wildcard=False)


def choices(reading: Reading, characters: int, filler: str) -> Iterator[str]:
    """Yield which of these characters to go on with: one of each set that makes no difference.

    `characters` is a bit mask over ORIGIN_CHARACTERS; `filler` is the preferred letter of a name.
    """
    for group in _groups(reading, filler):
        for character in group:
            if characters & _MASKS[character]:
                yield character
                break


def _groups(reading: Reading, filler: str) -> tuple[str, ...]:
    """Return the sets of characters that make no difference, each with the preferred one first."""
    name = f"{filler}{_LETTERS}{_DIGITS}-"
    match reading.place:
        case Place.END | Place.SUFFIX:
            return tuple(_NAME_CHARACTERS if reading.text else f"{_NAME_CHARACTERS}]")
        case Place.PORT:
            return (f"8{_DIGITS}", ":")
        case Place.IPV6:
            return (f"2{_DIGITS}abcdef", ":", "[")
        case Place.IPV4 if reading.text.count(".") < 2:
            return (f"1{_DIGITS}", ".")
        case Place.IPV4:  # 172.1 is public, 172.18 is private
            return (f"1{_DIGITS}", f"8{_DIGITS[::-1]}", ".", "/")
        case Place.LABEL:
            return (name, ".", "/")
        case Place.SUBDOMAIN:
            return (name + _OTHER_HOST_CHARACTERS, ".", "/")
        case _:
            return tuple("/:https")


def readings_after(reading: Reading, character: str, *, wildcard: bool) -> Iterator[Reading]:
    """Yield what has been read after one more character; nothing, where no origin goes on so.

    `wildcard` says whether a wildcard of the regex wrote the character.
    """
    return _READERS[reading.place](reading, character, wildcard)


def _end(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    if character in _DIGITS:
        yield Reading(Place.PORT, character, by_wildcard=False)
    yield from _suffix(reading, character, wildcard)


def _port(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    port = reading.text
    if character != ":":
        if len(port) < 5:
            yield Reading(Place.PORT, character + port, by_wildcard=False)
    elif port[0] != "0" and int(port) <= 65535:
        yield Reading(Place.SUFFIX, "", by_wildcard=False)


def _suffix(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    """Read on in a public suffix, or begin with the host."""
    _, text, by_wildcard = reading
    if text == "" and character == ".":  # the final dot of a fully qualified name
        yield Reading(Place.SUFFIX, "", by_wildcard=False)
    elif text == "" and character == "]":
        yield Reading(Place.IPV6, "", by_wildcard=False)
    else:
        if text == "" and character in _DIGITS:
            yield Reading(Place.IPV4, character, by_wildcard=wildcard)
        if character == "." and is_public_suffix(text):
            yield Reading(Place.LABEL, "", by_wildcard)
        if ends_some_suffix(character + text):
            written = by_wildcard or (wildcard and character != ".")
            yield Reading(Place.SUFFIX, character + text, written)


def _label(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    """Read the label before the public suffix; of its text only the last character matters."""
    _, text, by_wildcard = reading
    if character in "./":
        if by_wildcard and text not in ("", "-"):  # no label starts with a hyphen
            yield from _subdomain(reading, character, wildcard)
    elif text or character != "-":  # nor ends with one
        yield Reading(Place.LABEL, "-" if character == "-" else "x", by_wildcard or wildcard)


def _subdomain(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    if character not in "./":
        yield Reading(Place.SUBDOMAIN, "x", by_wildcard=True)
    elif reading.text and character == ".":
        yield Reading(Place.SUBDOMAIN, "", by_wildcard=True)
    elif reading.text:
        yield Reading(Place.SCHEME, "/", by_wildcard=True)


def _ipv4(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    _, text, by_wildcard = reading
    if character == "/":
        if by_wildcard and is_public_address(text):
            yield Reading(Place.SCHEME, "/", by_wildcard)
    elif character != ".":
        longer = character + text
        if int(longer.partition(".")[0]) < 256:
            yield Reading(Place.IPV4, longer, by_wildcard or wildcard)
    elif text[0] != "." and text.count(".") < 2:  # no range depends on the last two numbers
        yield Reading(Place.IPV4, ".1" * (text.count(".") + 1), by_wildcard)
    elif text[0] != ".":
        yield Reading(Place.IPV4, character + text, by_wildcard)


def _ipv6(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    _, text, by_wildcard = reading
    if character == "[":
        if by_wildcard and is_public_address(f"[{text}]"):
            yield Reading(Place.SCHEME, "", by_wildcard)
        return
    pieces = (character + text).split(":")
    # What may write colons and digits need not write more than three pieces to show itself.
    most = 3 if wildcard and character == ":" else 8
    if len(pieces) <= most and len(pieces[0]) <= 4 and pieces[1:-1].count("") <= 1:
        yield Reading(Place.IPV6, character + text, by_wildcard or wildcard)


def _scheme(reading: Reading, character: str, wildcard: bool) -> Iterator[Reading]:
    longer = character + reading.text
    if any(scheme.endswith(longer) for scheme in SCHEMES):
        yield Reading(Place.SCHEME, longer, reading.by_wildcard)


_READERS: dict[Place, Callable[[Reading, str, bool], Iterator[Reading]]] = {
    Place.END: _end,
    Place.PORT: _port,
    Place.IPV6: _ipv6,
    Place.IPV4: _ipv4,
    Place.SUFFIX: _suffix,
    Place.LABEL: _label,
    Place.SUBDOMAIN: _subdomain,
    Place.SCHEME: _scheme,
}


def is_public_address(host: str) -> bool:
    """Say whether this serialized IP address is outside the private and link-local ranges.

    Of IPv6, only 2000::/3 is allocated to global unicast.

    >>> is_public_address("203.0.113.7"), is_public_address("192.168.0.1")
    (True, False)
    """
    if parse_origin(f"http://{host}") is None:
        return False
    if host[0] == "[":
        piece = host[1:].partition(":")[0]
        return len(piece) == 4 and piece[0] in "23"
    first, second, *_ = map(int, host.split("."))
    if first == 172:
        return not 16 <= second < 32
    return first not in (10, 127) and (first, second) not in ((169, 254), (192, 168))

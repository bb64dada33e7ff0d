"""What a policy says, read as its author would: naive, obvious, and not by way of the core.

It takes the options as they were written, valid ones, and origins as browsers send them.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.fetch_model.browser import SERVER_ORIGIN, PageRequest

STANDARD_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"]
ALWAYS_ALLOWED = ["accept", "accept-language", "content-language", "content-type"]
FORM_TYPES = ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]

Options = Mapping[str, Any]


def may_read(options: Options, origin: str, asked: PageRequest) -> bool:
    """Say whether a page of `origin` may read the response to what it asked."""
    if origin == SERVER_ORIGIN:
        return True
    if asked.mode != "cors" or not lets_in(options, origin):
        return False
    if asked.credentials_mode == "include" and not options.get("allow_credentials"):
        return False
    method = method_as_sent(asked.method)
    unusual = [name.lower() for name, value in asked.headers if is_unusual(name, value)]
    if method in ("GET", "HEAD", "POST") and not unusual:
        return True  # any form can send that: nobody asks, whatever the policy lists
    return method in allowed_methods(options) and all(
        allows_header(options, name) for name in unusual
    )


def may_read_header(options: Options, origin: str, name: str) -> bool:
    """Say whether a page that may read the response may read this header of it, an unusual one."""
    listed = [entry.lower() for entry in options.get("expose_headers", [])]
    return origin == SERVER_ORIGIN or name.lower() in listed or "*" in listed


def lets_in(options: Options, origin: str) -> bool:
    """Say whether the origin is allowed, by an entry or by the regex."""
    regex = options.get("allow_origin_regex")
    if regex is not None and re.fullmatch(regex, origin):
        return True
    return any(is_meant(entry, origin) for entry in options.get("allow_origins", []))


def is_meant(entry: str, origin: str) -> bool:
    """Say whether one entry of `allow_origins` means that origin."""
    if entry == "*":
        return True
    if "null" in (entry, origin):
        return entry == origin
    entry_scheme, entry_labels, entry_port = taken_apart(entry)
    scheme, labels, port = taken_apart(origin)
    if entry_scheme != scheme or entry_port not in (port, "*"):
        return False
    if entry_labels[0] == "*":
        base = entry_labels[1:]
        return len(labels) > len(base) and labels[len(labels) - len(base) :] == base
    return entry_labels == labels


def taken_apart(origin: str) -> tuple[str, list[str], str]:
    """Return scheme, labels of the host, port."""
    scheme, rest = origin.split("://")
    if rest.startswith("["):
        host, _, port = rest.partition("]")
        return scheme, [host], port.removeprefix(":")
    host, _, port = rest.partition(":")
    return scheme, host.split("."), port


def method_as_sent(method: str) -> str:
    """Return the method as a browser sends it: it mends the case of the old ones only."""
    old = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
    return method.upper() if method.upper() in old else method


def allowed_methods(options: Options) -> list[str]:
    """Return the methods that the policy lists, `*` spelled out."""
    listed = options.get("allow_methods", ["GET"])
    named = [method for method in listed if method != "*"]
    return named + STANDARD_METHODS if "*" in listed else named


def is_unusual(name: str, value: str) -> bool:
    """Say whether a page has to ask before it sends this header."""
    name = name.lower()
    if name == "cookie" or name.startswith("sec-"):
        return False  # not for a page to set: it does not get sent
    if len(value) > 128 or (name in ALWAYS_ALLOWED and ":" in value):
        return True
    if name == "content-type":
        return value.split(";")[0].strip().lower() not in FORM_TYPES
    if name == "range":
        return not re.fullmatch(r"bytes=\d+-\d*", value)
    return name not in ALWAYS_ALLOWED


def allows_header(options: Options, name: str) -> bool:
    """Say whether the policy lets a page send a header of this name, in lower case.

    A header named `*` is let through by none: its name, in an answer, would stand for all.
    """
    if name == "*":
        return False
    listed = [entry.lower() for entry in options.get("allow_headers", [])]
    return name in ALWAYS_ALLOWED or name in listed or "*" in listed

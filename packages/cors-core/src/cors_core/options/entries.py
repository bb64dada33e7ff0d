"""One entry of `allow_origins`: what it stands for, or what is wrong with it and what was meant.

A browser sends one spelling of an origin only, so an entry in another spelling would never match.
Rather than mend it silently, say what a browser sends. Rule R18 of the project's design.
"""

import re
import unicodedata
from typing import NamedTuple

from cors_core.fetch_standard import DEFAULT_PORTS, MAX_ORIGIN_LENGTH, OPAQUE_ORIGIN_SCHEMES
from cors_core.options.misplaced import as_option, is_regex, regex_of_glob
from cors_core.origins.index import ANY_PORT, OriginPattern
from cors_core.origins.serialized import ends_in_number, parse_origin, serialized_ipv6

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_NON_ASCII_DOTS = re.compile("[\u3002\uff0e\uff61]")
_SUSPECT = re.compile(r"//[^/]*[$()+{}]|\*|//\.|\.\.")
"""Well-formed by the letter of the URL standard, but here a pattern, a regex or a slip."""
_WHERE_STARS_GO = (
    "a * may stand first, 'https://*.example.com', or for the port, 'http://localhost:*'"
)


class SharedOrigin(NamedTuple):
    """Whom an origin lets in that many documents share, why, and what to do instead."""

    lets_in: str
    because: str
    fix: str


SHARED_ORIGINS = {
    "null": SharedOrigin(
        "any site",
        "every sandboxed frame has this origin",
        "serve that page from an origin of its own, and list it",
    ),
    "file://": SharedOrigin(
        "any local page",
        "Electron and Android's WebView send this origin for every file",
        "serve the app's pages from an origin of their own, such as 'app://-', and list it",
    ),
}
"""No tuple origins: each is matched by its own entry only, and none may have credentials."""


class Misspelt(NamedTuple):
    """Why an entry can never match, and how to write it."""

    reason: str
    fix: str


def read_entry(text: str) -> str | OriginPattern | Misspelt:
    """Return `text` itself (an exact origin, a shared one or `*`), its pattern, or what is wrong.

    >>> read_entry("http://localhost:*")
    OriginPattern(scheme='http', host='localhost', port='*', subdomains=False)
    >>> read_entry("https://a.example/")
    Misspelt(reason='has a path', fix="a browser sends 'https://a.example'")
    """
    if text == "*" or text in SHARED_ORIGINS:
        return text
    if parse_origin(text) and not _SUSPECT.search(text):
        return text
    refused = _never_an_origin(text)
    if refused:
        return refused
    read = _listed_in_one(text) or _Reading(text).result()
    if isinstance(read, Misspelt) and is_regex(text):
        return Misspelt("is a regex, not an origin", f"write {as_option(text)}")
    return read


def parts_of(text: str) -> list[str]:
    """Return what a list in one string separates: by commas and blanks, origins by ; as well.

    >>> parts_of("GET, POST")
    ['GET', 'POST']
    """
    separators = r"[,;\s]+" if text.count("://") > 1 else r"[,\s]+"
    return [part for part in re.split(separators, text) if part]


def _never_an_origin(text: str) -> Misspelt | None:
    """Find what has no single origin that could be meant."""
    if not text.strip():
        return Misspelt("is empty", "remove it, or write an origin such as 'https://app.example'")
    if _CONTROL.search(text.strip()):
        return Misspelt("holds a line break or control character", "write the origin alone")
    if len(text) > 8 * MAX_ORIGIN_LENGTH:
        return Misspelt("is too long for an origin", f"at most {MAX_ORIGIN_LENGTH} characters")
    scheme, delimiter, rest = text.partition("://")
    if delimiter and scheme.endswith("*"):
        return Misspelt(
            "has a * in its scheme", f"write 'https://{rest}', and 'http://{rest}' if it is meant"
        )
    return None


def _listed_in_one(text: str) -> Misspelt | None:
    parts = parts_of(text)
    if len(parts) < 2:
        return None
    return Misspelt("is a list in one string", f"write {', '.join(map(repr, parts))} as entries")


class _Reading:
    """Takes an entry apart from the left, noting each spelling that no browser uses."""

    def __init__(self, text: str) -> None:
        self.reasons: list[str] = []
        self.scheme, rest = self._scheme(text)
        authority = self._authority(rest)
        host, self.port = self._port(authority)
        self.subdomains = host.startswith("*.")
        self.host = self._host(host.removeprefix("*."))

    def result(self) -> str | OriginPattern | Misspelt:
        wanted = f"{self.scheme}://{'*.' if self.subdomains else ''}{self.host}"
        wanted += f":{self.port}" if self.port else ""
        hopeless = self._hopeless(wanted)
        if hopeless:
            return hopeless
        if self.reasons:
            writes = "write" if "*" in wanted else "a browser sends"
            return Misspelt(" and ".join(self.reasons), f"{writes} '{wanted}'")
        return OriginPattern(self.scheme, self.host, self.port, self.subdomains)

    def _hopeless(self, wanted: str) -> Misspelt | None:
        """Say why no spelling of this entry could match, if so."""
        if self.scheme in OPAQUE_ORIGIN_SCHEMES:
            sent = "a browser sends 'null'"
            if self.scheme == "file":
                sent += ", Electron and Android's WebView send 'file://'"
            return Misspelt(
                f"has the scheme {self.scheme!r}, whose pages have no origin of their own",
                f"{sent}; serve the page over http or https",
            )
        if not self.host:
            return Misspelt("has no host", "write one, such as 'https://app.example'")
        if self.host == "*":
            return Misspelt(
                "has a * for the whole host", "write allow_origins=['*'] for every origin"
            )
        if "*" in self.host:
            regex = regex_of_glob(wanted)
            or_regex = f"; this one is {as_option(regex)}" if regex else ""
            return Misspelt("has a * where none may stand", _WHERE_STARS_GO + or_regex)
        if self.host.startswith(".") or ".." in self.host:
            return Misspelt("has an empty label in its host", _WHERE_STARS_GO)
        if self.port not in ("", ANY_PORT) and not (
            self.port.isascii() and self.port.isdigit() and 0 < int(self.port[:6]) < 65536
        ):
            return Misspelt(f"has the bad port {self.port!r}", "a port is 1 to 65535, or * for any")
        if self.subdomains and (self.host[0] == "[" or ends_in_number(self.host)):
            return Misspelt("has a * before an IP address, which has no subdomains", "remove '*.'")
        exact_port = "" if self.port in ("", ANY_PORT) else f":{self.port}"
        exact = f"{self.scheme}://{self.host}{exact_port}"
        if parse_origin(exact) is None or _SUSPECT.search(exact):
            return Misspelt(
                f"has the bad host {self.host!r}",
                "write a host name, a dotted-quad IPv4 or a bracketed IPv6 address",
            )
        return None

    def _scheme(self, text: str) -> tuple[str, str]:
        if text != text.strip():
            self.reasons.append("has white space around it")
            text = text.strip()
        match = _SCHEME.fullmatch(text)
        if match is None:
            self.reasons.append("has no scheme")
            rest = re.sub(r"^(?:https?:)?/*", "", text, flags=re.IGNORECASE)
            local = re.match(r"localhost\b|127\.|\[", rest) or text.lower().startswith("http:")
            return ("http" if local else "https"), rest
        scheme, rest = match.groups()
        return self._lower(scheme, "scheme"), rest

    def _authority(self, rest: str) -> str:
        """Cut what comes after the authority, and the user info inside it."""
        match = re.match(r"([^/\\?#]*)(.?)", rest, re.DOTALL)
        authority, delimiter = match.groups() if match else (rest, "")
        if delimiter:
            names = {"?": "a query", "#": "a fragment"}
            self.reasons.append(f"has {names.get(delimiter, 'a path')}")
        _, at, after = authority.rpartition("@")
        if at:
            self.reasons.append("has user info")
        return after

    def _port(self, authority: str) -> tuple[str, str]:
        if authority.count(":") > 1 and not authority.startswith(("[", "*")):
            self.reasons.append("has an IPv6 address without brackets")
            return f"[{authority}]", ""
        match = re.fullmatch(r"((?:\*\.)?\[[^\]]*\]|[^:\[]*)(?::(.*))?", authority)
        if match is None:
            return authority, ""
        host, port = match.group(1), match.group(2)
        if port is None or port == ANY_PORT:
            return host, port or ""
        if port == "":
            self.reasons.append("has an empty port")
        elif port.isascii() and port.isdigit() and port.startswith("0") and port.strip("0"):
            self.reasons.append("has a port with leading zeros")
            port = port.lstrip("0")
        if port and port == DEFAULT_PORTS.get(self.scheme):
            self.reasons.append(f"has the default port of {self.scheme}")
            port = ""
        return host, port

    def _host(self, host: str) -> str:
        if not host.isascii():
            self.reasons.append("has Unicode in its host")
            host = _punycode(host)
        host = self._lower(host, "host")
        if host.startswith("[") and host.endswith("]"):
            serialized = serialized_ipv6(host[1:-1])
        elif ends_in_number(host):
            serialized = _serialized_ipv4(host)
        else:
            return host
        if serialized and serialized != host:
            self.reasons.append("has an IP address in another form than browsers send")
        return serialized or host

    def _lower(self, text: str, part: str) -> str:
        if text != text.lower():
            self.reasons.append(f"has upper case in its {part}")
        return text.lower()


def _punycode(host: str) -> str:
    """Return a Unicode host's ASCII form, near enough to UTS 46 for an error message.

    Not `str.encode("idna")`: that is IDNA 2003, which turns the sharp s into "ss"; browsers do not.
    """
    host = _INVISIBLE.sub("", _NON_ASCII_DOTS.sub(".", host))
    host = unicodedata.normalize("NFKC", host).lower()
    labels = unicodedata.normalize("NFC", host).split(".")
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )


def _serialized_ipv4(host: str) -> str | None:
    """Return the dotted quad of an IPv4 address in any of its old forms (127.1, 0x7f000001)."""
    import socket  # late: only a misspelt address comes here

    try:
        return socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))
    except OSError:
        return None

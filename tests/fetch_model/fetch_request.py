"""A request, as far as CORS goes: what a page asks for, and what becomes of it on its way.

https://fetch.spec.whatwg.org/#requests
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.behaviour.transports import Request, Response
from tests.fetch_model import methods, request_headers

CredentialsMode = Literal["omit", "same-origin", "include"]
Mode = Literal["cors", "no-cors", "same-origin"]
Tainting = Literal["basic", "cors", "opaque"]
Send = Callable[[Request], Response]


class NetworkError(Exception):
    """The end of a fetch that leaves the page with nothing, and why, as a console puts it."""


@dataclass(frozen=True)
class Page:
    """Whoever calls `fetch()`."""

    origin: str
    """Serialized. `null` is an opaque origin: a sandboxed frame, a `data:` URL."""


@dataclass(frozen=True)
class PageRequest:
    """The arguments of `fetch()`."""

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    credentials_mode: CredentialsMode = "same-origin"
    mode: Mode = "cors"


@dataclass
class FetchRequest:
    """A request on its way; redirects change it."""

    origin: str
    method: str
    path: str
    header_list: list[tuple[str, str]]
    credentials_mode: CredentialsMode
    mode: Mode
    response_tainting: Tainting = "basic"
    redirect_count: int = 0
    exchanges: list[tuple[Request, Response]] = field(default_factory=list)
    """What went over the network so far."""

    @property
    def includes(self) -> bool:
        """Whether its credentials mode is "include"."""
        return self.credentials_mode == "include"

    @property
    def unsafe_names(self) -> list[str]:
        """Its CORS-unsafe request-header names."""
        return request_headers.unsafe_names(self.header_list)


def new_request(page: Page, asked: PageRequest) -> FetchRequest:
    """Make a request out of the arguments of `fetch()`, or throw its TypeError.

    Headers that a page must not set are dropped without a word, as Headers objects do; so are, in
    no-cors mode, those that are not safelisted.

    https://fetch.spec.whatwg.org/#dom-request https://fetch.spec.whatwg.org/#concept-headers-append
    """
    if not methods.is_token(asked.method) or methods.is_forbidden(asked.method):
        raise NetworkError(f"TypeError: {asked.method!r} is no method, or a forbidden one")
    method = methods.normalized(asked.method)
    if asked.mode == "no-cors" and not methods.is_safelisted(method):
        raise NetworkError(f"TypeError: {method} is not CORS-safelisted, the mode is no-cors")
    header_list: list[tuple[str, str]] = []
    for name, raw_value in asked.headers:
        value = raw_value.strip("\r\n\t ")
        if not methods.is_token(name) or set(value) & set("\0\r\n"):
            raise NetworkError(f"TypeError: {name!r}: {value!r} is no header")
        if request_headers.is_forbidden(name, value):
            continue
        if asked.mode != "no-cors" or request_headers.is_no_cors_safelisted(name, value):
            header_list.append((name, value))
    # https://fetch.spec.whatwg.org/#concept-fetch : Accept is set before anything is judged.
    if not any(name.lower() == "accept" for name, _ in header_list):
        header_list.append(("Accept", "*/*"))
    return FetchRequest(
        page.origin, method, asked.path, header_list, asked.credentials_mode, asked.mode
    )
